/// Reads the recipe's section "model": the model's configuration, the source of its weights, and its tokenizer. Does
/// not build the model, because its head depends on the task.
import Autograd
import Checkpoints
import Encoders
import Files
import Recipes
import Tokenization

struct ModelSource {
  /// The folder's config.json with the recipe's changes.
  let config: ModelConfig
  /// The settings of the folder's config.json that change outputs; nil: there is none.
  let baseSettings: [String: JSON]?
  let weights: WeightSource
  let tokenizer: any Tokenizer
  /// The tokens that the run adds: their ids, and the ids that their texts had before; none if the vocabulary has them.
  let newTokens: [(id: Int32, subwords: [Int32])]

  /// - Parameters:
  ///   - newTokens: tokens to add besides the section's.
  ///   - threads: for the sweep over the weights.
  /// - Throws: `ModelFault` if the section does not match the folder, and the errors of the folder's readers.
  init(_ model: Recipe.Model, newTokens: [String] = [], threads: Int = 1) throws {
    guard let tokenizerFolder = model.tokenizer ?? model.path else {
      preconditionFailure("a valid recipe has model.path or model.tokenizer")
    }
    let files = try loadTokenizer(folder: tokenizerFolder, model.tokenizerOverrides)
    let own = model.newTokens ?? []
    (tokenizer, self.newTokens) = try files.adding(own + newTokens.filter { !own.contains($0) })
    let base = try model.path.map { try ModelConfig(folder: $0) }
    let family = model.family ?? base?.family ?? .bert
    var json = base.map { family.convertedConfig($0.json, from: $0.family) }?.object ?? [:]
    json["model_type"] = .string(family.rawValue)
    var config: ModelConfig
    switch model.initialization {
    case .random:
      if model.tokenizer != nil {
        json["vocab_size"] = .int(tokenizer.count)
        json["pad_token_id"] = .int(Int(tokenizer.pad))
      }
      if json["sinusoidal_pos_embds"] == true { throw ModelFault.sinusoidalPositions(folder: model.path ?? "") }
      config = try model.modelConfig(over: json, family)
      weights = .random
    case .checkpoint:
      guard let base, let path = model.path else { preconditionFailure("a valid recipe has the checkpoint's path") }
      if family != base.family, !family.architecture.weightSources.contains(base.family) {
        throw ModelFault.otherFamily(family, folder: path, base.family)
      }
      let layers = try model.layers.map { try $0.indices(among: base.numHiddenLayers, path) }
      json[family.keys.layers] = .int(base.numHiddenLayers)
      if let layers { json.merge(try base.settings(selecting: layers, family, path)) { _, selected in selected } }
      config = try model.modelConfig(over: json, family)
      try checkSizes(of: config, as: ModelConfig(json: .object(json), file: path + "/config.json"), path)
      weights = WeightSource(try Checkpoint(folder: path, threads: threads), of: base.family, layers: layers)
    }
    config.dropout = model.dropout ?? config.dropout
    config.attentionDropout = model.attentionDropout ?? config.attentionDropout
    if files.count <= config.vocabSize { config.addTokens(upTo: tokenizer.count) }
    (self.config, baseSettings) = (config, base?.outputSettings)
  }
}

extension ModelSource {
  /// Sets the embeddings of tokens that the tokenizer did not have to the mean of those of their subword tokens.
  func initializeNewTokens(of model: TextModel) {
    let embeddings = model.wordEmbeddings, d = embeddings.columns
    guard weights.checkpoint != nil else { return }
    for (id, subwords) in newTokens where !subwords.isEmpty {
      embeddings.makeWritable()
      let row = embeddings.pointer + Int(id) * d
      for column in 0..<d {
        row[column] = subwords.reduce(0) { $0 + embeddings.pointer[Int($1) * d + column] } / Float(subwords.count)
      }
    }
  }
}

extension Recipe.Model {
  var tokenizerOverrides: TokenizerOverrides {
    TokenizerOverrides(lowercase: lowercase, addPrefixSpace: addPrefixSpace)
  }

  /// The model's name for published files: the folder's name without its path on this machine.
  var name: String {
    if initialization == .random { return "random-weights" }
    return path.map(lastPathComponent) ?? "base"
  }

  /// `json`, the contents of config.json, with the recipe's settings in it.
  fileprivate func modelConfig(over json: [String: JSON], _ family: Family) throws -> ModelConfig {
    let settings = config ?? [:], keys = family.keys
    let unknown = settings.keys.filter { !family.configKeys.contains($0) }.sorted()
    if !unknown.isEmpty { throw ModelFault.unknownSettings(unknown, family) }
    for (key, setting, isGiven) in [
      ("dropout", keys.dropout, dropout != nil), ("attention_dropout", keys.attentionDropout, attentionDropout != nil),
    ] where isGiven && settings[setting] != nil {
      throw ModelFault.duplicateSetting(key: key, setting: setting)
    }
    let file = path.map { $0 + "/config.json" } ?? "the model"
    return try ModelConfig(
      json: .object(json.merging(settings) { _, new in new }),
      file: settings.isEmpty ? file : file + " with model.config")
  }
}

extension ModelConfig {
  /// The settings of config.json that say which layers a model has, for one of `family` with these layers.
  fileprivate func settings(selecting layers: [Int], _ family: Family, _ folder: String) throws -> [String: JSON] {
    guard let types = layerTypes else { return [family.keys.layers: .int(layers.count)] }
    if layers.firstIndex(of: 0) != 0 || layers.dropFirst().contains(0) { throw ModelFault.firstLayer(folder: folder) }
    return [
      family.keys.layers: .int(layers.count), "layer_types": .array(layers.map { .string(types[$0]) }),
    ]
  }
}

extension Recipe.Model.Layers {
  /// The indices of the selected layers of a model with `count` layers.
  fileprivate func indices(among count: Int, _ folder: String) throws -> [Int] {
    switch self {
    case .alternate: return Array(stride(from: 0, to: count, by: 2))
    case .list(let layers):
      let missing = layers.filter { $0 >= count }
      if !missing.isEmpty { throw ModelFault.noSuchLayers(missing, folder: folder, count: count) }
      return layers
    }
  }
}

/// Throws if `config` has other sizes than the checkpoint's.
private func checkSizes(of config: ModelConfig, as base: ModelConfig, _ path: String) throws {
  let changes = zip(config.sizes, base.sizes).filter { $0.value != $1.value }
  if changes.isEmpty { return }
  throw ModelFault.sizesDiffer(
    changes.map { (key: $0.key, wanted: $0.value, found: $1.value) }, folder: path, layers: config.family.keys.layers)
}
