/// A temporary folder with runs, for tests.
import Files
import TestSupport

struct RunsFolder {
  let folder = TemporaryFolder()
  var path: String { folder.path }

  /// Writes the files of a run. Without `f1` it has no result.
  func add(
    _ name: String, rank: Int? = 8, seed: Int = 1, f1: Double? = nil, loss: Double = 0.5, dev: Double = 0.25
  ) throws {
    let run = path + "/" + name
    try makeFolder(run)
    let method: JSON =
      rank.map { ["type": "lora", "rank": .int($0), "target_modules": ["query", "value"]] } ?? ["type": "full"]
    let recipe: JSON = [
      "about": .string(name), "seed": .int(seed), "model": ["path": "../models/mini", "dropout": 0.1], "method": method,
      "training": ["learning_rate": 1e-3], "output": .string(run), "distillation": ["dropout": 0.2],
    ]
    try writeFile(recipe.text(), to: run + "/recipe.json")
    try writeFile("", to: run + "/.tune-run")
    guard let f1 else { return }
    let result: JSON = [
      "status": "completed", "seed": .int(seed), "train_seconds": .double(10 * loss), "trainable_parameters": 7,
      "best": ["metric": "f1", "value": .double(dev)],
      "metrics": [
        "dev": ["f1": .double(dev)],
        "test": ["f1": .double(f1), "loss": .double(loss), "per_type": ["A": ["f1": .double(f1)]]],
      ],
    ]
    try writeFile(result.text(), to: run + "/result.json")
  }
}
