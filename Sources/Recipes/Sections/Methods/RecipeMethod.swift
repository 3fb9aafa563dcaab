/// The recipe's section "method": full fine-tuning or a PEFT method. To add one: a case of `MethodType`, and its keys as
/// a `MethodSection` in a file of this folder.
package import Adapters
import Files

/// The settings of one method, which declare their keys.
protocol MethodSection: Sendable {
  /// The default of `training.learning_rate`.
  var defaultLearningRate: Double { get }
  mutating func declare(_ fields: Fields)
}

extension Recipe {
  package struct Method: Sendable, Equatable {
    package enum MethodType: String, CaseIterable, Sendable {
      /// Full fine-tuning: all weights are trained.
      case full
      /// Low-rank updates of frozen weights (Hu et al. 2021).
      case lora
      /// LoRA in SVD form; the least important ranks are pruned during training (Zhang et al. 2023).
      case adalora
      /// Bottleneck adapters after both sublayers of every block (Houlsby et al. 2019).
      case houlsby
      /// One bottleneck adapter per block, after the feed-forward (Pfeiffer et al. 2020).
      case pfeiffer
      /// Prompt tuning: virtual tokens before every sequence (Lester et al. 2021).
      case prompt
      /// Prefix tuning: past keys and values in every block (Li & Liang 2021).
      case prefix
      /// Scales of keys, values and inputs of feed-forward modules (Liu et al. 2022).
      case ia3
      /// Scales between shared random matrices (Kopiczko et al. 2024).
      case vera
      /// LayerNorm tuning (Zhao et al. 2024).
      case layerNorm = "layer_norm"
      /// The biases (Ben Zaken et al. 2022).
      case bitfit
      /// A linear probe: only the head is trained.
      case head
      /// The embeddings of `model.new_tokens`, and the head.
      case trainableTokens = "trainable_tokens"

      /// Settings of a recipe that has no other key of the method.
      fileprivate var defaultSettings: any MethodSection {
        switch self {
        case .full: FullFineTuning()
        case .lora: LoRAConfig()
        case .adalora: AdaLoRAConfig()
        case .houlsby: BottleneckConfig.houlsby
        case .pfeiffer: BottleneckConfig.pfeiffer
        case .prompt: PromptConfig()
        case .prefix: PrefixConfig()
        case .ia3: IA3Config()
        case .vera: VeRAConfig()
        case .layerNorm: LayerNormTuning()
        case .bitfit: BitFit()
        case .head: LinearProbe()
        case .trainableTokens: TrainableTokensConfig()
        }
      }
    }

    package private(set) var type: MethodType
    private(set) var settings: any MethodSection

    package init(_ type: MethodType) { (self.type, settings) = (type, type.defaultSettings) }

    /// The adapter's config; nil for "full".
    package var adapter: (any AdapterMethod)? { settings as? any AdapterMethod }

    /// The settings of "full"; nil for an adapter.
    package var full: FullFineTuning? { settings as? FullFineTuning }

    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.type == rhs.type && lhs.json == rhs.json }

    private var json: JSON {
      var settings = settings
      return Fields.write { settings.declare($0) }.json
    }

    mutating func declare(_ fields: Fields) {
      var variant = type
      fields.choice("type", &variant, "Training method: full fine-tuning or a PEFT method.") { variant, fields in
        var method = variant == type ? self : Method(variant)
        method.settings.declare(fields)
        if fields.isReading { self = method }
      }
    }
  }
}
