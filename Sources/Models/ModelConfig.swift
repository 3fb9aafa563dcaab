/// A Hub folder's config.json, read for what the encoder needs.
public import Autograd
public import Files

public struct ModelConfig: Sendable {
  public let family: Family
  /// Sizes; `kinds` is 0 in a family without token types.
  public let vocabSize, hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize, maxPositionEmbeddings,
    typeVocabSize: Int
  public let layerNormEps: Float
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
  public var savedValuesPerToken: Int { numHiddenLayers * (8 * hiddenSize + intermediateSize) }
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
  func dropout(before head: HeadType) -> Double {
    switch head {
    case .tokenClassification: tokenDropout ?? dropout
    case .sequenceClassification: sequenceDropout ?? dropout
    case .maskedLM: 0
    }
  }

  /// What the weights' shapes, and the heads' place in them, follow from, by config.json's keys.
  public var sizes: [(key: String, value: Int)] {
    let keys = family.keys
    return [
      ("vocab_size", vocabSize), ("max_position_embeddings", maxPositionEmbeddings), (keys.hiddenSize, hiddenSize),
      (keys.layers, numHiddenLayers),
      (keys.heads, numAttentionHeads), (keys.intermediateSize, intermediateSize),
    ] + (keys.typeVocabSize.map { [($0, typeVocabSize)] } ?? [])
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
    vocabSize = reader.size("vocab_size", 30522, most: 10_000_000)
    hiddenSize = reader.size(keys.hiddenSize, 768, most: 65536)
    numHiddenLayers = reader.size(keys.layers, keys.defaultLayers, most: 1024)
    numAttentionHeads = reader.size(keys.heads, 12, most: 4096)
    intermediateSize = reader.size(keys.intermediateSize, 3072, most: 1_048_576)
    maxPositionEmbeddings = reader.size("max_position_embeddings", 512, most: 1_048_576)
    typeVocabSize = keys.typeVocabSize.map { reader.size($0, 2, most: 65536) } ?? 0
    layerNormEps = Float(keys.layerNormEps.map { reader.number($0, 1e-12, in: 0...1) } ?? 1e-12)
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
    if hiddenSize % numAttentionHeads != 0 {
      reader.problems.append(
        "'\(keys.hiddenSize)' (\(hiddenSize)) is no multiple of '\(keys.heads)' (\(numAttentionHeads)).")
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
    if json.object == nil { problems.append("expected an object, found \(json.typeName).") }
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
