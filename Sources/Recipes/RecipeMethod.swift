/// The recipe's section "method": what of the model learns. Does not know how.
import Files

extension Recipe {
  public enum Method: Sendable, Equatable {
    /// Every weight learns.
    case full
    /// The base is frozen; low-rank updates beside its matrices learn (Hu et al. 2021).
    case lora(LoRA)

    enum Kind: String, CaseIterable { case full, lora }

    var kind: Kind {
      switch self {
      case .full: .full
      case .lora: .lora
      }
    }

    /// The default of `training.learning_rate`: adapters start from zero and bear larger steps.
    var usualLearningRate: Double {
      switch self {
      case .full: 5e-5
      case .lora: 1e-3
      }
    }

    private init(_ kind: Kind) {
      switch kind {
      case .full: self = .full
      case .lora: self = .lora(LoRA())
      }
    }

    mutating func state(_ fields: Fields) {
      var kind = self.kind
      fields.choice("type", &kind, "What of the model learns.") { kind, fields in
        var method = kind == self.kind ? self : Method(kind)
        method.stateOptions(fields)
        if fields.isReading { self = method }
      }
    }

    private mutating func stateOptions(_ fields: Fields) {
      switch self {
      case .full: break
      case .lora(var lora):
        lora.state(fields)
        self = .lora(lora)
      }
    }
  }

  /// Modules of a model by their names, as in PEFT.
  public enum Modules: Sendable, Equatable {
    /// A module matches when its name is one of these or ends in a dot and one of these.
    case named([String])
    /// A module matches when its whole name matches this regular expression.
    case matching(String)
    /// Every linear layer but the task's head.
    case allLinear
  }

  /// Which biases learn along.
  public enum Bias: String, CaseIterable, Sendable {
    case none, all
    case loraOnly = "lora_only"
  }

  /// The options of LoRA; names and meanings are PEFT's `LoraConfig`.
  public struct LoRA: Sendable, Equatable {
    public var rank = 8
    /// The update is scaled by alpha / rank, or alpha / √rank with `useRslora`.
    public var alpha = 8.0
    public var dropout = 0.0
    public var useRslora = false
    /// nil: query and value, by the names that the model's family has for them.
    public var targetModules: Modules?
    public var excludeModules: Modules?
    public var rankPattern: [String: Int] = [:]
    public var alphaPattern: [String: Double] = [:]
    public var layersToTransform: [Int]?
    public var bias = Bias.none
    public var modulesToSave: [String] = []

    mutating func state(_ fields: Fields) {
      fields.field("rank", &rank, .int(1...), "The update's rank.")
      fields.field("alpha", &alpha, .number(above: 0), "The update is scaled by alpha / rank.")
      fields.field("dropout", &dropout, .number(0..<1), "Dropout of the adapter's input.")
      fields.field("use_rslora", &useRslora, .bool, "Scale by alpha / √rank instead (Kalajdzievski 2023).")
      fields.optional(
        "target_modules", &targetModules, .modules(orAll: true), "Which matrices get an adapter, by their names' ends.")
      fields.optional(
        "exclude_modules", &excludeModules, .modules(orAll: false), "Which of them do not, after all.")
      fields.field("rank_pattern", &rankPattern, .map(of: .int(1...)), "Another rank for names that match a pattern.")
      fields.field(
        "alpha_pattern", &alphaPattern, .map(of: .number(above: 0)), "Another alpha for names that match a pattern.")
      fields.optional("layers_to_transform", &layersToTransform, .layers, "Only these layers, counted from 0.")
      fields.field("bias", &bias, .choice, "Which biases learn along.")
      fields.field(
        "modules_to_save", &modulesToSave, .list(of: .text), "What learns whole beside the adapters and the head.")
    }
  }
}

extension FieldKind<Recipe.Modules> {
  fileprivate static func modules(orAll: Bool) -> Self {
    let names = FieldKind<[String]>.list(of: .text, least: 1)
    let words = "a list of module names\(orAll ? "," : " or") a regular expression\(orAll ? " or \"all-linear\"" : "")"
    return Self(
      words,
      read: { json, place in
        switch json {
        case .array: return names.read(json, place).map { .named($0) }
        case "all-linear" where orAll: return .allLinear
        case .string(let pattern) where !pattern.isEmpty && pattern != "all-linear":
          guard let why = whyNotRegex(pattern) else { return .matching(pattern) }
          place.fault("found \(json.shown), no regular expression (\(printable(why)))", expected: words)
        default: place.wrong(json, expected: words)
        }
        return nil
      },
      write: { modules in
        switch modules {
        case .named(let list): names.write(list)
        case .matching(let pattern): .string(pattern)
        case .allLinear: "all-linear"
        }
      })
  }
}

extension FieldKind<[Int]> {
  /// One layer, or a list of layers.
  fileprivate static var layers: Self {
    let layer = FieldKind<Int>.int(0..., most: 9999)
    let list = FieldKind<[Int]>.list(of: layer, least: 1)
    let words = "a layer's number, counted from 0, or a list of such numbers that is not empty"
    return Self(
      words,
      read: { json, place in
        switch json {
        case .array(let layers) where !layers.isEmpty: return list.read(json, place)
        case .int, .double: return layer.read(json, place).map { [$0] }
        default:
          place.wrong(json, expected: words)
          return nil
        }
      }, write: list.write)
  }
}

/// Why `pattern` cannot be a regular expression; nil when it can.
private func whyNotRegex(_ pattern: String) -> String? {
  // The parser of regular expressions is recursive; a name's pattern is short.
  guard pattern.utf8.count <= 1000 else { return "longer than 1000 bytes" }
  do {
    _ = try Regex(pattern)
    return nil
  } catch {
    return "\(error)"
  }
}
