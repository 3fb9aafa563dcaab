/// The config of prefix tuning (Li & Liang 2021), as PEFT's `PrefixTuningConfig`; helpers shared with prompt tuning.
import Autograd
package import Encoders
package import Files

package struct PrefixConfig: Sendable, Equatable {
  package var numVirtualTokens = 20
  /// `prefix_projection`: a small network computes the keys and values during training. Only its output is saved.
  package var prefixProjection = false
  /// Hidden size of that network; nil: the model's.
  package var encoderHiddenSize: Int?
  /// Modules of a newly initialized head.
  private var newHeadModules: [String] = []

  package init() {}
}

/// A method that the library whose files it has does not support for a model family.
package struct FamilyFault: Error, CustomStringConvertible {
  let family: Family
  let method, library: String
  package var description: String {
    "method.type: \(library) does not have \(method) of \(family.rawValue) models. Use \"prompt\" or \"lora\"."
  }
}

extension PrefixConfig: AdapterMethod {
  package static var peftType: String { "PREFIX_TUNING" }
  package static var tensorPrefix: String { "base_model." }
  package var modulesToSave: [String] { newHeadModules }
  package var virtualTokenCount: Int { numVirtualTokens }
  package mutating func addModulesToSave(_ modules: [String]) { newHeadModules += modules }

  /// A file holds keys and values, so a network is only created for a new adapter.
  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    try VirtualTokenFault.check(numVirtualTokens, model)
    if !model.config.family.architecture.adapters.supportsPrefix {
      throw FamilyFault(
        family: model.config.family, method: "prefix tuning", library: "PEFT")
    }
    let hiddenSize = model.config.hiddenSize
    let prefix = PrefixEncoder(
      count: numVirtualTokens, hiddenSize: hiddenSize, layers: model.config.numHiddenLayers,
      encoderHiddenSize: prefixProjection && seed != nil ? encoderHiddenSize ?? hiddenSize : nil)
    if let seed { prefix.initialize(seed: seed) }
    var saved = SavedParameter(name: "prompt_embeddings", parameter: prefix.embedding)
    if prefixProjection {
      saved.export = {
        guard let keysAndValues = prefix.keysAndValues(Pass(Workspace())) else {
          preconditionFailure("a prefix has keys and values")
        }
        return ([keysAndValues.rows, keysAndValues.columns], keysAndValues.array)
      }
    }
    var injection = Injection()
    injection.virtualTokens = prefix
    injection.tensors = [saved]
    injection.unsavedParameters = prefix.transformParameters
    injection.replacedWeights = model.weights(of: newHeadModules, prefix: Self.tensorPrefix)
    return injection
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    var settings = promptLearningConfig(numVirtualTokens, model, modulesToSave: newHeadModules)
    settings["encoder_hidden_size"] = .int(encoderHiddenSize ?? model.config.hiddenSize)
    settings["init_weights"] = .null
    settings["prefix_projection"] = .bool(prefixProjection)
    return settings
  }

  package init(_ file: inout AdapterConfigReader) {
    numVirtualTokens = file.numVirtualTokens()
    prefixProjection = file.flag("prefix_projection")
    encoderHiddenSize = file.positiveInt("encoder_hidden_size")
    file.ignore(["init_weights"])
    newHeadModules = file.modulesToSave()
  }
}

/// Keys of PEFT's `PromptLearningConfig`, without those of a method.
func promptLearningConfig(_ count: Int, _ model: TextModel, modulesToSave: [String]) -> [String: JSON] {
  // PEFT 0.21 adds the head's names twice.
  let head: [JSON] = ["classifier", "score", "classifier", "score"]
  return [
    "modules_to_save": .array(modulesToSave.filter { !isInClassifier($0) }.map(JSON.string) + head),
    "num_attention_heads": .int(model.config.numAttentionHeads),
    "num_layers": .int(model.config.numHiddenLayers), "num_transformer_submodules": 1,
    "num_virtual_tokens": .int(count),
    "token_dim": .int(model.config.hiddenSize),
  ]
}

extension AdapterConfigReader {
  mutating func numVirtualTokens() -> Int {
    require("num_transformer_submodules", 1)
    ignore(["num_attention_heads", "num_layers", "token_dim"])
    if let count = positiveInt("num_virtual_tokens") { return count }
    if json["num_virtual_tokens"] == nil { problem("'num_virtual_tokens' is missing.") }
    return 1
  }
}
