/// What a run leaves for others: PEFT's adapter or a Hub folder, and our tune.json beside it. The card is `RunCard`'s.
import Adapters
import Autograd
import Checkpoints
import Files
import Models
import Tasks
import Tokenizers

extension Run {
  /// Name of the base for other people's eyes: no path of this machine.
  var baseName: String { recipe.model.name }

  /// Writes `adapter/` or `model/` into the folder at `path`.
  func saveWeights(to path: String, _ result: JSON) throws {
    try makeFolder(path)
    if let adapter {
      try adapter.save(to: path, base: baseName, head: model.headType)
    } else {
      try model.save(to: path, labels: work.labels, as: FloatFormat(recipe.saveDtype))
      try tokenizer.tokenizer.save(to: path, readsKinds: model.config.family.hasTokenTypes)
    }
    try writeFile(sidecar.text() + "\n", to: path + "/tune.json")
    try writeFile(card(result), to: path + "/README.md")
  }

  /// Bytes of the weights that are saved: nearly all of the folder.
  var checkpointSize: Int {
    if let adapter { return 4 * adapter.trainable.reduce(0) { $0 + $1.count } }
    return (recipe.saveDtype == .fp32 ? 4 : 2) * totalParameters
  }

  /// What PEFT's files do not say and a predictor must know.
  private var sidecar: JSON {
    [
      "format": 1,
      "task": .string(recipe.task.type.rawValue),
      "base": [
        "name": .string(baseName), "sha256": baseHash.map(JSON.string) ?? .null, "parameters": .int(baseParameters),
      ],
      "labels": .array(work.labels.map(JSON.string)),
      "max_length": .int(tokenizer.maxLength),
      "stride": .int(tokenizer.stride),
      "tokenizer": tokenizer.tokenizer.settings,
      "recipe": withoutPaths(recipe.json),
    ]
  }

  private var baseParameters: Int { totalParameters - (adapter?.addedParameters ?? 0) }
}

extension FloatFormat {
  fileprivate init(_ numbers: Recipe.SaveFormat) {
    switch numbers {
    case .fp32: self = .f32
    case .fp16: self = .f16
    case .bf16: self = .bf16
    }
  }
}
