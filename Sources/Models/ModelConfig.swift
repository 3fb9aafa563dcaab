/// A Hub folder's config.json, read for what the encoder needs.
public import Autograd
public import Files

public struct ModelConfig: Sendable {
  public let vocabulary, width, layers, heads, hidden, positions, kinds: Int
  public let eps: Float
  public let activation: Activation
  /// Dropout of hidden states, of attention probabilities, and before the classifier, as the model was trained.
  public var dropout, attentionDropout: Double
  public let classifierDropout: Double?
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

  /// Keys as transformers' BertConfig; absent ones have its defaults. All problems are reported at once.
  public init(json: JSON, file: String) throws {
    var reader = ConfigReader(json: json)
    if let type = json["model_type"]?.string, type != "bert" {
      reader.problems.append("'model_type' is \"\(type)\"; supported: \"bert\".")
    }
    if let kind = json["position_embedding_type"]?.string, kind != "absolute" {
      reader.problems.append("'position_embedding_type' is \"\(kind)\"; supported: \"absolute\".")
    }
    if json["is_decoder"]?.bool == true { reader.problems.append("'is_decoder' is true; only encoders are supported.") }
    vocabulary = reader.size("vocab_size", 30522, most: 10_000_000)
    width = reader.size("hidden_size", 768, most: 65536)
    layers = reader.size("num_hidden_layers", 12, most: 1024)
    heads = reader.size("num_attention_heads", 12, most: 4096)
    hidden = reader.size("intermediate_size", 3072, most: 1_048_576)
    positions = reader.size("max_position_embeddings", 512, most: 1_048_576)
    kinds = reader.size("type_vocab_size", 2, most: 65536)
    eps = Float(reader.number("layer_norm_eps", 1e-12, in: 0...1))
    dropout = reader.number("hidden_dropout_prob", 0.1, in: 0...0.999)
    attentionDropout = reader.number("attention_probs_dropout_prob", 0.1, in: 0...0.999)
    classifierDropout =
      json["classifier_dropout"]?.number == nil ? nil : reader.number("classifier_dropout", 0, in: 0...0.999)
    initializerRange = reader.number("initializer_range", 0.02, in: 0...10)
    let name = json["hidden_act"] ?? "gelu"
    activation = name.string.flatMap { Self.activations[$0] } ?? .gelu
    if name.string.flatMap({ Self.activations[$0] }) == nil {
      reader.problems.append(
        "'hidden_act' is \(name.text(pretty: false)); supported: \(Self.activations.keys.sorted().joined(separator: ", "))."
      )
    }
    if width % heads != 0 {
      reader.problems.append("'hidden_size' (\(width)) is no multiple of 'num_attention_heads' (\(heads)).")
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

  mutating func number(_ key: String, _ standard: Double, in range: ClosedRange<Double>) -> Double {
    guard let value = json[key] else { return standard }
    if let number = value.number, range.contains(number) { return number }
    problems.append(
      "'\(key)' is \(value.text(pretty: false)); expected a number from \(range.lowerBound) to \(range.upperBound).")
    return standard
  }
}
