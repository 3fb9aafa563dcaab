/// Prefix tuning in PEFT's terms (Li & Liang 2021), and what it shares with prompt tuning.
import Autograd
public import Files
public import Models

public struct PrefixConfig: Sendable, Equatable {
  public var numVirtualTokens = 20
  /// Whether the keys and values are made by a small network while they learn; only they are saved.
  public var prefixProjection = false
  /// How wide this network is inside; nil: as the model.
  public var encoderHiddenSize: Int?
  /// Modules of a head that start from chance.
  private var newHeadModules: [String] = []

  public init() {}
}

/// Blocks whose attention PEFT gives no keys and values.
public struct FamilyFault: Error, CustomStringConvertible {
  let family: Family
  public var description: String {
    "method.type \"prefix\": PEFT has no prefix for \(family.rawValue); it has a prompt for it, and LoRA."
  }
}

extension PrefixConfig: AdapterMethod {
  public static var peftType: String { "PREFIX_TUNING" }
  public static var tensorPrefix: String { "base_model." }
  public var modulesToSave: [String] { newHeadModules }
  public var virtualTokenCount: Int { numVirtualTokens }
  public mutating func addModulesToSave(_ modules: [String]) { newHeadModules += modules }

  /// What was read from a file is a table, whatever it was made by.
  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    try VirtualTokenFault.check(numVirtualTokens, model)
    if model.config.family != .bert { throw FamilyFault(family: model.config.family) }
    let width = model.config.hiddenSize
    let prefix = PrefixEncoder(
      count: numVirtualTokens, hiddenSize: width, layers: model.config.numHiddenLayers,
      encoderHiddenSize: prefixProjection && seed != nil ? encoderHiddenSize ?? width : nil)
    if let seed { prefix.initialize(seed: seed) }
    var stored = SavedParameter(name: "prompt_embeddings", parameter: prefix.embedding)
    if prefixProjection {
      stored.export = {
        guard let made = prefix.keysAndValues(Pass(Workspace())) else { preconditionFailure("a prefix has keys") }
        return ([made.rows, made.columns], made.array)
      }
    }
    var fitting = Injection()
    fitting.slots = [AdapterSlot(model, \.virtualTokens, prefix)]
    fitting.tensors = [stored]
    fitting.unsavedParameters = prefix.transformParameters
    fitting.replacedWeights = model.weights(of: newHeadModules, prefix: Self.tensorPrefix)
    return fitting
  }

  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    var settings = promptLearningConfig(numVirtualTokens, model, saved: newHeadModules)
    settings["encoder_hidden_size"] = .int(encoderHiddenSize ?? model.config.hiddenSize)
    settings["init_weights"] = .null
    settings["prefix_projection"] = .bool(prefixProjection)
    return settings
  }

  public init(_ file: inout AdapterConfigReader) {
    numVirtualTokens = file.numVirtualTokens()
    prefixProjection = file.flag("prefix_projection")
    encoderHiddenSize = file.rank("encoder_hidden_size")
    newHeadModules = file.savedModules()
  }
}

/// What PEFT writes for all prompt learning.
func promptLearningConfig(_ count: Int, _ model: TextModel, saved: [String]) -> [String: JSON] {
  // Twice: PEFT 0.21 adds the head's names at two places.
  let head: [JSON] = ["classifier", "score", "classifier", "score"]
  return [
    "modules_to_save": .array(saved.map(JSON.string) + head),
    "num_attention_heads": .int(model.config.numAttentionHeads),
    "num_layers": .int(model.config.numHiddenLayers), "num_transformer_submodules": 1,
    "num_virtual_tokens": .int(count),
    "token_dim": .int(model.config.hiddenSize),
  ]
}

extension AdapterConfigReader {
  mutating func numVirtualTokens() -> Int {
    want("num_transformer_submodules", 1)
    if let count = rank("num_virtual_tokens") { return count }
    if json["num_virtual_tokens"] == nil { problem("'num_virtual_tokens' is missing.") }
    return 1
  }
}
