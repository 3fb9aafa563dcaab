/// Saves a run's adapter in PEFT's format or its model as a Hub folder, with tune.json. The model card is in `RunCard`.
import Adapters
import Autograd
import Checkpoints
import Files
import Models
import Tasks
import Tokenizers

extension Run {
  /// The base model's name for published files, without its path on this machine.
  var baseName: String { recipe.model.name }

  /// Writes `adapter/` or `model/` into the folder at `path`.
  func saveWeights(to path: String, _ result: JSON) throws {
    try makeFolder(path)
    if let adapter {
      try adapter.save(to: path, base: baseName, head: model.headType)
    } else {
      try model.save(to: path, labels: work.labels, as: FloatFormat(recipe.saveDtype))
      try tokenizer.wordPiece.save(to: path, hasTokenTypes: model.config.family.hasTokenTypes)
    }
    try writeFile(sidecar.text() + "\n", to: path + "/tune.json")
    try writeFile(card(result), to: path + "/README.md")
  }

  /// Bytes of the saved weights, which are nearly all of the folder.
  var checkpointSize: Int {
    if let adapter { return 4 * adapter.trainable.reduce(0) { $0 + $1.count } }
    return (recipe.saveDtype == .fp32 ? 4 : 2) * totalParameterCount
  }

  /// tune.json: what prediction requires in addition to PEFT's files.
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
      "tokenizer": tokenizer.wordPiece.settings,
      "recipe": withoutPaths(recipe.json),
    ]
  }

  private var baseParameters: Int { totalParameterCount - (adapter?.addedParameterCount ?? 0) }
}

extension FloatFormat {
  fileprivate init(_ format: Recipe.SaveFormat) {
    switch format {
    case .fp32: self = .f32
    case .fp16: self = .f16
    case .bf16: self = .bf16
    }
  }
}
