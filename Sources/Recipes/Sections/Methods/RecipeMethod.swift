/// The recipe's section "method": what of the model learns. To add one: a case of `Kind`, and its settings in a file
/// beside this one.
public import Adapters
import Files

/// One method's settings, stated key by key.
protocol MethodSection: Sendable {
  /// The default of `training.learning_rate`.
  var usualLearningRate: Double { get }
  mutating func state(_ fields: Fields)
}

extension Recipe {
  public struct Method: Sendable, Equatable {
    public enum Kind: String, CaseIterable, Sendable {
      /// Every weight learns.
      case full
      /// The base is frozen; low-rank updates beside its matrices learn (Hu et al. 2021).
      case lora
      /// The same, each update as a singular value decomposition whose ranks shrink where they matter least.
      case adalora
      /// Bottlenecks behind both sublayers of every block learn (Houlsby et al. 2019).
      case houlsby
      /// One bottleneck a block learns, behind the feed-forward (Pfeiffer et al. 2020).
      case pfeiffer
      /// Tokens before every sequence learn (Lester et al. 2021).
      case prompt
      /// Keys and values before every sequence's, in every block, learn (Li & Liang 2021).
      case prefix
      /// Learned scales of keys, values and what feed-forwards read (Liu et al. 2022).
      case ia3
      /// Learned scales between shared random matrices (Kopiczko et al. 2024).
      case vera
      /// LayerNorms (Zhao et al. 2024).
      case layerNorm = "layer_norm"
      /// Biases (Ben Zaken et al. 2022).
      case bitfit
      /// Nothing but the head.
      case head

      /// The settings where a recipe says nothing.
      fileprivate var blank: any MethodSection {
        switch self {
        case .full: FullTraining()
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
        case .head: HeadTraining()
        }
      }
    }

    public private(set) var kind: Kind
    private(set) var settings: any MethodSection

    public init(_ kind: Kind) { (self.kind, settings) = (kind, kind.blank) }

    /// What goes into the model; nil where the model itself learns.
    public var adapter: (any AdapterMethod)? { settings as? any AdapterMethod }

    /// What of the model itself learns; nil where an adapter does.
    var full: FullTraining? { settings as? FullTraining }

    public static func == (one: Self, other: Self) -> Bool { one.kind == other.kind && one.json == other.json }

    private var json: JSON {
      var settings = settings
      return Fields.write { settings.state($0) }.json
    }

    mutating func state(_ fields: Fields) {
      var kind = self.kind
      fields.choice("type", &kind, "What of the model learns.") { kind, fields in
        var method = kind == self.kind ? self : Method(kind)
        method.settings.state(fields)
        if fields.isReading { self = method }
      }
    }
  }
}
