/// Prefix tuning in PEFT's terms (Li & Liang 2021), and what it shares with prompt tuning.
import Autograd
public import Files
public import Models

public struct PrefixConfig: Sendable, Equatable {
  public var virtualTokens = 20
  /// Whether the keys and values are made by a small network while they learn; only they are saved.
  public var projects = false
  /// How wide this network is inside; nil: as the model.
  public var hidden: Int?
  /// Modules of a head that start from chance.
  private var modulesOfHead: [String] = []

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
  public static var prefix: String { "base_model." }
  public var modulesToSave: [String] { modulesOfHead }
  public var positions: Int { virtualTokens }
  public mutating func learnWhole(_ modules: [String]) { modulesOfHead += modules }

  /// What was read from a file is a table, whatever it was made by.
  public func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting {
    try PrefaceFault.check(virtualTokens, model)
    if model.config.family != .bert { throw FamilyFault(family: model.config.family) }
    let width = model.config.width
    let prefix = KeyValuePrefix(
      count: virtualTokens, width: width, layers: model.config.layers,
      hidden: projects && seed != nil ? hidden ?? width : nil)
    if let seed { prefix.start(seed: seed) }
    var stored = Stored(name: "prompt_embeddings", parameter: prefix.embedding)
    if projects {
      stored.form = {
        guard let made = prefix.keysAndValues(Pass(Workspace())) else { preconditionFailure("a prefix has keys") }
        return ([made.rows, made.columns], made.array)
      }
    }
    var fitting = Fitting()
    fitting.sockets = [Socket(model, \.preface, prefix)]
    fitting.tensors = [stored]
    fitting.unsaved = prefix.transformParameters
    fitting.owned = model.weights(of: modulesOfHead, prefix: Self.prefix)
    return fitting
  }

  public func settings(in model: TextModel) throws -> [String: JSON] {
    var settings = prefaceSettings(virtualTokens, model, saved: modulesOfHead)
    settings["encoder_hidden_size"] = .int(hidden ?? model.config.width)
    settings["init_weights"] = .null
    settings["prefix_projection"] = .bool(projects)
    return settings
  }

  public init(_ file: inout SettingsReader) {
    virtualTokens = file.virtualTokens()
    projects = file.flag("prefix_projection")
    hidden = file.rank("encoder_hidden_size")
    modulesOfHead = file.savedModules()
  }
}

/// What PEFT writes for all prompt learning.
func prefaceSettings(_ count: Int, _ model: TextModel, saved: [String]) -> [String: JSON] {
  // Twice: PEFT 0.21 adds the head's names at two places.
  let head: [JSON] = ["classifier", "score", "classifier", "score"]
  return [
    "modules_to_save": .array(saved.map(JSON.string) + head), "num_attention_heads": .int(model.config.heads),
    "num_layers": .int(model.config.layers), "num_transformer_submodules": 1, "num_virtual_tokens": .int(count),
    "token_dim": .int(model.config.width),
  ]
}

extension SettingsReader {
  mutating func virtualTokens() -> Int {
    want("num_transformer_submodules", 1)
    if let count = rank("num_virtual_tokens") { return count }
    if json["num_virtual_tokens"] == nil { problem("'num_virtual_tokens' is missing.") }
    return 1
  }
}
