/// A Hub folder's config.json, read for what the encoder needs.
public import Autograd
public import Files

public struct ModelConfig: Sendable {
  public let family: Family
  /// Sizes; `kinds` is 0 in a family without token types.
  public let vocabulary, width, layers, heads, hidden, positions, kinds: Int
  public let eps: Float
  public let activation: Activation
  /// Dropout of hidden states and of attention probabilities, as the model was trained.
  public var dropout, attentionDropout: Double
  private let tokenDropout, sequenceDropout: Double?
  public let initializerRange: Double
  /// Names of the classes of the head that the folder carries, by index.
  public let labels: [String]
  /// The file as it was, for a model saved from this one.
  public let json: JSON

  /// Numbers that a training pass keeps of a token, roughly: q, k, v, five states and a slope a block.
  public var keptPerToken: Int { layers * (8 * width + hidden) }
}

/// What a config.json says that this program cannot follow.
public struct ConfigFault: Error, CustomStringConvertible {
  public let file: String
  public let problems: [String]
  public var description: String { "\(file):\n" + problems.map { "  \($0)" }.joined(separator: "\n") }
}

extension ModelConfig {
  private static let activations: [String: Activation] = [
    "gelu": .gelu, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "gelu_fast": .geluTanh, "relu": .relu,
  ]

  public init(folder: String) throws {
    guard fileExists(folder) else { throw FileFault.missing(path: folder) }
    try self.init(json: JSON(path: folder + "/config.json"), file: folder + "/config.json")
  }

  /// Dropout before the classifier.
  func dropout(before head: HeadKind) -> Double {
    switch head {
    case .tokens: tokenDropout ?? dropout
    case .sequence: sequenceDropout ?? dropout
    case .masked: 0
    }
  }

  /// What the weights' shapes, and the heads' place in them, follow from, by config.json's keys.
  public var sizes: [(key: String, value: Int)] {
    let keys = family.keys
    return [
      ("vocab_size", vocabulary), ("max_position_embeddings", positions), (keys.width, width), (keys.layers, layers),
      (keys.heads, heads), (keys.hidden, hidden),
    ] + (keys.kinds.map { [($0, kinds)] } ?? [])
  }

  /// Keys as transformers' BertConfig or DistilBertConfig; absent ones have its defaults. All problems are reported at
  /// once. `file` is where faults are said to be.
  public init(json: JSON, file: String) throws {
    var reader = ConfigReader(json: json)
    let family = Family(config: json)
    if family == nil {
      let known = Family.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      reader.problems.append(
        "'model_type' is \(json["model_type"]?.text(pretty: false) ?? "missing"); supported: \(known).")
    }
    self.family = family ?? .bert
    let keys = self.family.keys
    if let kind = json["position_embedding_type"]?.string, kind != "absolute" {
      reader.problems.append("'position_embedding_type' is \"\(kind)\"; supported: \"absolute\".")
    }
    if json["is_decoder"]?.bool == true { reader.problems.append("'is_decoder' is true; only encoders are supported.") }
    vocabulary = reader.size("vocab_size", 30522, most: 10_000_000)
    width = reader.size(keys.width, 768, most: 65536)
    layers = reader.size(keys.layers, keys.usualLayers, most: 1024)
    heads = reader.size(keys.heads, 12, most: 4096)
    hidden = reader.size(keys.hidden, 3072, most: 1_048_576)
    positions = reader.size("max_position_embeddings", 512, most: 1_048_576)
    kinds = keys.kinds.map { reader.size($0, 2, most: 65536) } ?? 0
    eps = Float(keys.eps.map { reader.number($0, 1e-12, in: 0...1) } ?? 1e-12)
    dropout = reader.number(keys.dropout, 0.1, in: 0...0.999)
    attentionDropout = reader.number(keys.attentionDropout, 0.1, in: 0...0.999)
    tokenDropout = reader.dropout(keys.tokenDropout)
    // DistilBertConfig's default; BertConfig's is `hidden_dropout_prob`.
    sequenceDropout = reader.dropout(keys.sequenceDropout) ?? (self.family == .distilbert ? 0.2 : nil)
    initializerRange = reader.number("initializer_range", 0.02, in: 0...10)
    let name = json[keys.activation] ?? "gelu"
    activation = name.string.flatMap { Self.activations[$0] } ?? .gelu
    if name.string.flatMap({ Self.activations[$0] }) == nil {
      reader.problems.append(
        "'\(keys.activation)' is \(name.text(pretty: false)); supported: \(Self.activations.keys.sorted().joined(separator: ", "))."
      )
    }
    if width % heads != 0 {
      reader.problems.append("'\(keys.width)' (\(width)) is no multiple of '\(keys.heads)' (\(heads)).")
    }
    labels = readLabels(json["id2label"], &reader.problems)
    self.json = json
    if !reader.problems.isEmpty { throw ConfigFault(file: file, problems: reader.problems) }
  }
}

/// id2label: {"0": "O", …} with every index from 0 on, as a list.
private func readLabels(_ json: JSON?, _ problems: inout [String]) -> [String] {
  guard let json, json != .null else { return [] }
  let table = json.object ?? [:]
  let labels = (0..<table.count).compactMap { table[String($0)]?.string }
  if json.object == nil || labels.count != table.count {
    problems.append("'id2label' must be an object of names with keys \"0\", \"1\", … without a gap.")
    return []
  }
  return labels
}

private struct ConfigReader {
  let json: JSON
  var problems: [String] = []

  init(json: JSON) {
    self.json = json
    if json.object == nil { problems.append("expected an object, found \(json.kind).") }
  }

  mutating func size(_ key: String, _ standard: Int, most: Int) -> Int {
    guard let value = json[key] else { return standard }
    if let size = value.int, (1...most).contains(size) { return size }
    problems.append("'\(key)' is \(value.text(pretty: false)); expected a whole number from 1 to \(most).")
    return standard
  }

  /// A dropout that may be absent, or null.
  mutating func dropout(_ key: String?) -> Double? {
    guard let key, let value = json[key], value != .null else { return nil }
    return number(key, 0, in: 0...0.999)
  }

  mutating func number(_ key: String, _ standard: Double, in range: ClosedRange<Double>) -> Double {
    guard let value = json[key] else { return standard }
    if let number = value.number, range.contains(number) { return number }
    problems.append(
      "'\(key)' is \(value.text(pretty: false)); expected a number from \(range.lowerBound) to \(range.upperBound).")
    return standard
  }
}
