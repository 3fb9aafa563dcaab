/// From the recipe's section "model" to a model's settings, its weights' source and its tokenizer. Does not build the
/// model: its head follows from the task.
import Checkpoints
import Files
import Models
import Tokenizers

struct ModelSource {
  /// What the model is: the folder's config.json after everything that the recipe says about it.
  let config: ModelConfig
  let weights: WeightSource
  let tokenizer: WordPiece
  /// Everything but the weights that the model is made from.
  let files: [String]

  /// Throws `ModelFault` where the section does not fit the folder, and what the folder's readers throw.
  init(_ model: Recipe.Model) throws {
    guard let vocabulary = model.tokenizer ?? model.path else {
      preconditionFailure("a checked recipe has a model's path or a tokenizer")
    }
    tokenizer = try WordPiece(folder: vocabulary)
    let folder = try model.path.map { try ModelConfig(folder: $0) }
    let family = model.family ?? folder?.family ?? .bert
    var json = folder.map { family.convertedConfig($0.json, from: $0.family) }?.object ?? [:]
    json["model_type"] = .string(family.rawValue)
    var config: ModelConfig
    switch model.initialization {
    case .random:
      if model.tokenizer != nil {
        json["vocab_size"] = .int(tokenizer.count)
        json["pad_token_id"] = .int(Int(tokenizer.pad))
      }
      if json["sinusoidal_pos_embds"] == true { throw ModelFault.sinusoidal(folder: model.path ?? "") }
      config = try model.settings(over: json, family)
      weights = .random
    case .checkpoint:
      guard let folder, let path = model.path else { preconditionFailure("a checked recipe has the checkpoint's path") }
      if family.hasTokenTypes, !folder.family.hasTokenTypes {
        throw ModelFault.lessThanBert(folder: path, folder.family)
      }
      let layers = try model.layers.map { try $0.chosen(from: folder.numHiddenLayers, path) }
      json[family.keys.layers] = .int(layers?.count ?? folder.numHiddenLayers)
      config = try model.settings(over: json, family)
      try checkSizes(of: config, as: ModelConfig(json: .object(json), file: path + "/config.json"), path)
      weights = WeightSource(try Checkpoint(folder: path), of: folder.family, layers: layers)
    }
    config.dropout = model.dropout ?? config.dropout
    config.attentionDropout = model.attentionDropout ?? config.attentionDropout
    self.config = config
    let parts = ["tokenizer.json", "vocab.txt", "tokenizer_config.json"].map { vocabulary + "/" + $0 }
    files = (parts + (model.path.map { [$0 + "/config.json"] } ?? [])).filter(fileExists)
  }
}

extension Recipe.Model {
  /// The folder's name for other people's eyes: no path of this machine.
  var name: String {
    if initialization == .random { return "random-weights" }
    return path.map(lastPathComponent) ?? "base"
  }

  /// The config.json `json` with the recipe's members in their places.
  fileprivate func settings(over json: [String: JSON], _ family: Family) throws -> ModelConfig {
    let own = config ?? [:], keys = family.keys
    let unknown = own.keys.filter { !family.configKeys.contains($0) }.sorted()
    if !unknown.isEmpty { throw ModelFault.unknownSettings(unknown, family) }
    for (key, setting, isGiven) in [
      ("dropout", keys.dropout, dropout != nil), ("attention_dropout", keys.attentionDropout, attentionDropout != nil),
    ] where isGiven && own[setting] != nil {
      throw ModelFault.twice(key: key, setting: setting)
    }
    let file = path.map { $0 + "/config.json" } ?? "the model"
    return try ModelConfig(
      json: .object(json.merging(own) { _, new in new }), file: own.isEmpty ? file : file + " with model.config")
  }
}

extension Recipe.Model.Layers {
  /// The chosen ones of `count` layers.
  fileprivate func chosen(from count: Int, _ folder: String) throws -> [Int] {
    switch self {
    case .alternate: return Array(stride(from: 0, to: count, by: 2))
    case .list(let layers):
      let absent = layers.filter { $0 >= count }
      if !absent.isEmpty { throw ModelFault.noSuchLayers(absent, folder: folder, count: count) }
      return layers
    }
  }
}

/// A checkpoint's sizes are its own.
private func checkSizes(of config: ModelConfig, as folder: ModelConfig, _ path: String) throws {
  let changed = zip(config.sizes, folder.sizes).filter { $0.value != $1.value }
  if changed.isEmpty { return }
  throw ModelFault.otherSizes(
    changed.map { (key: $0.key, wanted: $0.value, found: $1.value) }, folder: path, layers: config.family.keys.layers)
}
