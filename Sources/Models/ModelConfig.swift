/// The settings in a Hub folder's config.json that the encoder and its heads need.
public import Autograd
public import Files

public struct ModelConfig: Sendable {
  public let family: Family
  /// Sizes. `typeVocabSize` is 0 for a family without token types.
  public let vocabSize, embeddingSize, hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize,
    maxPositionEmbeddings,
    typeVocabSize: Int
  public let layerNormEps: Float
  /// The padding token's id, where positions count from the id after it; nil: from 0.
  let paddingID: Int32?
  public let activation: Activation
  /// Dropout of hidden states and of attention probabilities in training.
  public var dropout, attentionDropout: Double
  private let tokenDropout, sequenceDropout: Double?
  public let initializerRange: Double
  /// Class names of the folder's head, by index (`id2label`).
  public let labels: [String]
  /// The file's contents, written back when the model is saved.
  public let json: JSON

  /// A rough count of the numbers per token that forward saves for backward. In each block: q, k, v, five hidden
  /// states, and the activation's derivative.
  public var savedValuesPerToken: Int { numHiddenLayers * (8 * hiddenSize + intermediateSize) }
}

/// Invalid or unsupported values in a config.json.
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

  /// The most tokens that a sequence can have.
  public var maxSequenceLength: Int { maxPositionEmbeddings - (paddingID.map { Int($0) + 1 } ?? 0) }

  /// Dropout before the classifier.
  func classifierDropout(bySequence: Bool) -> Double { (bySequence ? sequenceDropout : tokenDropout) ?? dropout }

  /// The sizes that determine the weights' shapes and the split into heads, with their config.json keys.
  public var sizes: [(key: String, value: Int)] {
    let keys = family.keys
    return [
      ("vocab_size", vocabSize), ("max_position_embeddings", maxPositionEmbeddings), (keys.hiddenSize, hiddenSize),
      (keys.layers, numHiddenLayers),
      (keys.heads, numAttentionHeads), (keys.intermediateSize, intermediateSize),
    ] + (keys.typeVocabSize.map { [($0, typeVocabSize)] } ?? [])
      + (keys.embeddingSize.map { [($0, embeddingSize)] } ?? [])
  }

  /// Reads the keys of transformers' BertConfig or DistilBertConfig; missing keys have transformers' defaults.
  /// - Parameter file: the path to report in faults.
  /// - Throws: `ConfigFault` with all problems.
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
    if let type = json["position_embedding_type"]?.string, type != "absolute" {
      reader.problems.append("'position_embedding_type' is \"\(type)\"; supported: \"absolute\".")
    }
    if json["is_decoder"]?.bool == true { reader.problems.append("'is_decoder' is true; only encoders are supported.") }
    vocabSize = reader.size("vocab_size", 30522, maximum: 10_000_000)
    let defaults = keys.defaults, architecture = self.family.architecture
    hiddenSize = reader.size(keys.hiddenSize, defaults.hiddenSize, maximum: 65536)
    embeddingSize =
      keys.embeddingSize.map { reader.size($0, defaults.embeddingSize ?? 0, maximum: 65536) } ?? hiddenSize
    numHiddenLayers = reader.size(keys.layers, defaults.layers, maximum: 1024)
    numAttentionHeads = reader.size(keys.heads, defaults.heads, maximum: 4096)
    intermediateSize = reader.size(keys.intermediateSize, defaults.intermediateSize, maximum: 1_048_576)
    maxPositionEmbeddings = reader.size("max_position_embeddings", 512, maximum: 1_048_576)
    typeVocabSize = keys.typeVocabSize.map { reader.size($0, 2, maximum: 65536) } ?? 0
    layerNormEps = Float(keys.layerNormEps.map { reader.number($0, 1e-12, in: 0...1) } ?? 1e-12)
    dropout = reader.number(keys.dropout, 0.1, in: 0...0.999)
    attentionDropout = reader.number(keys.attentionDropout, 0.1, in: 0...0.999)
    tokenDropout = reader.dropout(keys.tokenDropout)
    sequenceDropout = reader.dropout(keys.sequenceDropout) ?? defaults.sequenceDropout
    paddingID =
      architecture.positions == .afterPadding
      ? Int32(reader.size("pad_token_id", defaults.padTokenID, from: 0, maximum: maxPositionEmbeddings - 2)) : nil
    initializerRange = reader.number("initializer_range", 0.02, in: 0...10)
    let name = json[keys.activation] ?? "gelu"
    activation = name.string.flatMap { Self.activations[$0] } ?? .gelu
    if name.string.flatMap({ Self.activations[$0] }) == nil {
      let supported = Self.activations.keys.sorted().joined(separator: ", ")
      reader.problems.append(
        "'\(keys.activation)' is \(name.text(pretty: false)); supported: \(supported).")
    }
    if hiddenSize % numAttentionHeads != 0 {
      reader.problems.append(
        "'\(keys.hiddenSize)' (\(hiddenSize)) is not a multiple of '\(keys.heads)' (\(numAttentionHeads)).")
    }
    labels = json["id2label"].map { readLabels($0, &reader.problems) } ?? unnamedLabels(of: json)
    self.json = json
    if !reader.problems.isEmpty { throw ConfigFault(file: file, problems: reader.problems) }
  }
}

/// The list of labels in id2label: {"0": "O", …}, whose keys must be 0, 1, … without a gap.
private func readLabels(_ json: JSON, _ problems: inout [String]) -> [String] {
  if json == .null { return [] }
  let object = json.object ?? [:]
  let labels = (0..<object.count).compactMap { object[String($0)]?.string }
  if json.object == nil || labels.count != object.count {
    problems.append("'id2label' must be an object of label names with keys \"0\", \"1\", … without a gap.")
    return []
  }
  return labels
}

/// transformers' names for the labels of a classifier whose config.json has no id2label, which it leaves out if there are
/// two of them.
private func unnamedLabels(of json: JSON) -> [String] {
  let classes = json["architectures"]?.array?.compactMap(\.string) ?? []
  guard classes.contains(where: { $0.hasSuffix("Classification") }) else { return [] }
  return (0..<max(0, min(json["num_labels"]?.int ?? 2, 10_000))).map { "LABEL_\($0)" }
}

/// Reads values and collects the problems.
private struct ConfigReader {
  let json: JSON
  var problems: [String] = []

  init(json: JSON) {
    self.json = json
    if json.object == nil { problems.append("expected an object, found \(json.typeName).") }
  }

  mutating func size(_ key: String, _ defaultValue: Int, from minimum: Int = 1, maximum: Int) -> Int {
    guard let value = json[key] else { return defaultValue }
    if let size = value.int, size >= minimum, size <= maximum { return size }
    problems.append("'\(key)' is \(value.text(pretty: false)); expected a whole number from \(minimum) to \(maximum).")
    return defaultValue
  }

  /// A dropout probability; nil if it is missing or null.
  mutating func dropout(_ key: String?) -> Double? {
    guard let key, let value = json[key], value != .null else { return nil }
    return number(key, 0, in: 0...0.999)
  }

  mutating func number(_ key: String, _ defaultValue: Double, in range: ClosedRange<Double>) -> Double {
    guard let value = json[key] else { return defaultValue }
    if let number = value.number, range.contains(number) { return number }
    problems.append(
      "'\(key)' is \(value.text(pretty: false)); expected a number from \(range.lowerBound) to \(range.upperBound).")
    return defaultValue
  }
}
