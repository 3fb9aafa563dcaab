/// The recipe's section "method": what of the model learns. To add one: a case of `Kind`, and its settings in a file
/// beside this one.
public import Adapters
import Files

/// One method's settings, stated key by key.
protocol MethodSection: Sendable {
  /// The default of `training.learning_rate`.
  var defaultLearningRate: Double { get }
  mutating func declare(_ fields: Fields)
}

extension Recipe {
  public struct Method: Sendable, Equatable {
    public enum MethodType: String, CaseIterable, Sendable {
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
        }
      }
    }

    public private(set) var type: MethodType
    private(set) var settings: any MethodSection

    public init(_ kind: MethodType) { (self.type, settings) = (kind, kind.defaultSettings) }

    /// What goes into the model; nil where the model itself learns.
    public var adapter: (any AdapterMethod)? { settings as? any AdapterMethod }

    /// What of the model itself learns; nil where an adapter does.
    var full: FullFineTuning? { settings as? FullFineTuning }

    public static func == (one: Self, other: Self) -> Bool { one.type == other.type && one.json == other.json }

    private var json: JSON {
      var settings = settings
      return Fields.write { settings.declare($0) }.json
    }

    mutating func declare(_ fields: Fields) {
      var kind = self.type
      fields.choice("type", &kind, "What of the model learns.") { kind, fields in
        var method = kind == self.type ? self : Method(kind)
        method.settings.declare(fields)
        if fields.isReading { self = method }
      }
    }
  }
}
