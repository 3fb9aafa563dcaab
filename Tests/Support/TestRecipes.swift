/// Shared by the tests of recipes and runs: two recipes, temporary folders, and changes to JSON trees.
package import Files
import FoundationEssentials
package import Hashing

/// The shipped recipe recipes/ncbi-disease-lora.json.
package let shipped: JSON = [
  "about": "LoRA on NCBI-disease", "seed": 7, "model": ["path": "../shared/models/minilm-l6"],
  "task": ["type": "token_classification"],
  "data": [
    "format": "conll", "train": "../shared/data/ncbi-disease/train.tsv",
    "dev": "../shared/data/ncbi-disease/devel.tsv", "test": "../shared/data/ncbi-disease/test.tsv",
  ],
  "method": [
    "type": "lora", "rank": 16, "alpha": 16, "dropout": 0.0, "target_modules": ["query", "key", "value", "dense"],
  ],
  "training": [
    "epochs": 3, "batch_size": 32, "learning_rate": 1e-3, "schedule": "linear", "warmup_ratio": 0.1,
    "weight_decay": 0.01, "max_grad_norm": 1.0,
  ],
  "output": "checkpoints/ncbi-disease-lora",
]

/// A recipe with the required keys only.
package let minimalRecipe: JSON = [
  "model": ["path": "m"], "task": ["type": "token_classification"], "data": ["format": "conll", "train": "t.tsv"],
  "method": ["type": "full"], "output": "out",
]

package let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path

/// Runs `body` with a temporary folder.
package func inNewFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "recipes-\(UUID().uuidString)").path
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// Creates the files of the shipped recipe in `folder`, and returns the recipe with their paths.
package func shippedRecipe(withFilesIn folder: String) throws -> JSON {
  for path in ["shared/models/minilm-l6", "shared/data/ncbi-disease"] { try makeFolder("\(folder)/\(path)") }
  try writeFile("{}", to: "\(folder)/shared/models/minilm-l6/config.json")
  for name in ["train", "devel", "test"] { try writeFile("", to: "\(folder)/shared/data/ncbi-disease/\(name).tsv") }
  let text = shipped.text(pretty: false).replacing("\"../shared/", with: "\"\(folder)/shared/")
  let moved = text.replacing("\"checkpoints/", with: "\"\(folder)/checkpoints/")
  return try JSON(parsing: .init(moved.utf8), named: "r")
}

extension JSON {
  /// This tree with `value` at `path`; nil removes the key.
  package func with(_ path: String, _ value: JSON?) -> JSON {
    var members = object ?? [:]
    let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
    members[parts[0]] = parts.count == 1 ? value : (members[parts[0]] ?? [:]).with(parts[1], value)
    return .object(members)
  }
}

extension SplitMix64 {
  package mutating func pick<Value>(_ values: [Value]) -> Value { values.randomElement(using: &self)! }
}
