/// What distinguishes a model family: names of weights, keys of config.json, switches of the encoder, layers of the heads,
/// and the defaults that adapter libraries have for it. One value per family.
import Autograd

package struct Architecture: Sendable {
  /// The beginning of transformers' class names: "Bert" of BertForTokenClassification.
  let classPrefix: String
  package let names: WeightNames
  package let keys: ConfigKeys
  let heads: HeadLayouts
  /// The default targets and names of adapters.
  package let adapters: AdapterDefaults
  var positions = Positions.absolute
  /// Whether the tokens of the second text of a pair have token type 1, where the family has token types.
  var usesTokenTypes = true
  /// Whether dropout is applied to attention's output before the residual is added.
  var hasAttentionOutputDropout = true
  /// Families whose checkpoints a model of this one can be made from, without the weights that it does not have.
  package var weightSources: [Family] = []

  /// How position ids are counted.
  enum Positions: Sendable {
    /// From 0.
    case absolute
    /// From the padding token's id + 1. Padding inside a sequence has its own id as its position and is not counted.
    case afterPadding
    /// Rotary, in attention: the family has a `RotaryConfig` and blocks that normalize before their sublayers.
    case rotary
  }

  /// transformers' class for a model with this head.
  package func className(_ headType: HeadType) -> String { classPrefix + headType.classSuffix }

  /// Whether the embeddings include token type embeddings.
  package var hasTokenTypes: Bool { keys.typeVocabSize != nil }
}

/// The layers that a family has for each type of head.
struct HeadLayouts: Sendable {
  let token, sequence, maskedLM: HeadLayout
  var question = HeadLayout(output: "qa_outputs")

  /// nil: the head has no layers.
  subscript(type: HeadType) -> HeadLayout? {
    switch type {
    case .tokenClassification: token
    case .sequenceClassification: sequence
    case .questionAnswering: question
    case .maskedLM: maskedLM
    case .embedding: nil
    }
  }
}

/// The layers of a head: an optional transform, and the last linear layer.
struct HeadLayout: Sendable {
  /// x → norm(f(x·Wᵀ + b))
  struct Transform: Sendable {
    let dense: String
    /// nil: the encoder's.
    let activation: Activation?
    var norm: String?
    /// Whether dropout is also applied before it.
    var hasDropoutBefore = false
  }

  var transform: Transform?
  /// The last layer's module. A tied decoder has a bias of this name, and the weight of the word embeddings.
  let output: String
}

/// What adapter libraries have for a family.
package struct AdapterDefaults: Sendable {
  /// PEFT's default `target_modules` of LoRA: query and value (Hu et al. 2021, §7.1). Where PEFT has none, the
  /// corresponding modules.
  package let targets: [String]
  /// PEFT's defaults of AdaLoRA, where they are others; nil: `targets`.
  package var adaLoRATargets: [String]?
  /// PEFT's defaults of IA3, or the corresponding modules. In BERT `output.dense` also matches attention's output.
  package let ia3: (targets: [String], feedforward: [String])
  /// Where the `adapters` library puts bottlenecks: the names after a block's. nil: it does not have the family.
  package let bottleneck: (attention: String, output: String)?
  /// Whether PEFT supports prefix tuning of the family.
  package let supportsPrefix: Bool
}
