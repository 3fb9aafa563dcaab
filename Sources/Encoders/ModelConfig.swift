/// The settings in a Hub folder's config.json that the encoder and its heads need.
package import Autograd
package import Files

package struct ModelConfig: Sendable {
  package let family: Family
  /// Sizes. `typeVocabSize` is 0 for a family without token types.
  package private(set) var vocabSize: Int
  /// Tokens that `addTokens` has added to those of config.json.
  package private(set) var addedTokenCount = 0
  package let embeddingSize, hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize,
    maxPositionEmbeddings,
    typeVocabSize: Int
  package let layerNormEps: Float
  /// The padding token's id, where positions count from the id after it; nil: from 0.
  let paddingID: Int32?
  /// nil: the family has no rotary positions.
  let rotary: RotaryConfig?
  package let activation: Activation
  /// Dropout of hidden states and of attention probabilities in training.
  package var dropout, attentionDropout: Double
  /// Of the embeddings; nil: `dropout`.
  var embeddingDropout: Double?
  private let tokenDropout, sequenceDropout: Double?
  private let questionDropout: Double
  package let initializerRange: Double
  /// Class names of the folder's head, by index (`id2label`).
  package let labels: [String]
  /// The file's contents, written back when the model is saved.
  package let json: JSON

  /// A rough count of the numbers per token that forward saves for backward. In each block: q, k, v, five hidden
  /// states, and the activation's derivative.
  package var savedValuesPerToken: Int { numHiddenLayers * (8 * hiddenSize + intermediateSize) }
}

/// Invalid or unsupported values in a config.json.
package struct ConfigFault: Error, CustomStringConvertible {
  package let file: String
  package let problems: [String]
  package var description: String { "\(file):\n" + problems.map { "  \($0)" }.joined(separator: "\n") }
}

extension ModelConfig {
  package init(folder: String) throws {
    guard fileExists(folder) else { throw FileFault.missing(path: folder) }
    try self.init(json: JSON(path: folder + "/config.json"), file: folder + "/config.json")
  }

  /// Makes room for a tokenizer with added tokens: transformers' `resize_token_embeddings`, but never to fewer.
  /// - Parameter count: the size of its vocabulary.
  package mutating func addTokens(upTo count: Int) {
    addedTokenCount += max(0, count - vocabSize)
    vocabSize = max(vocabSize, count)
  }

  /// The most tokens that a sequence can have.
  package var maxSequenceLength: Int { maxPositionEmbeddings - (paddingID.map { Int($0) + 1 } ?? 0) }

  /// Whether LayerNorms have a bias.
  var hasNormBias: Bool { rotary?.hasNormBias ?? true }

  /// Dropout before the last layer of a head.
  func dropout(before head: HeadType) -> Double {
    switch head {
    case .tokenClassification: tokenDropout ?? dropout
    case .sequenceClassification: sequenceDropout ?? dropout
    case .questionAnswering: questionDropout
    case .maskedLM, .embedding: 0
    }
  }

  /// The sizes that determine the weights' shapes and the split into heads, with their config.json keys.
  package var sizes: [(key: String, value: Int)] {
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
  package init(json: JSON, file: String) throws {
    var reader = ConfigReader(json: json)
    let family = Family(config: json)
    if family == nil {
      let known = Family.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      reader.problems.append(
        "'model_type' is \(json["model_type"]?.text(pretty: false) ?? "missing"); supported: \(known).")
    }
    self.family = family ?? .bert
    let keys = self.family.keys, defaults = keys.defaults, positions = self.family.architecture.positions
    if let type = json["position_embedding_type"]?.string, type != "absolute" {
      reader.problems.append("'position_embedding_type' is \"\(type)\"; supported: \"absolute\".")
    }
    if json["is_decoder"]?.bool == true { reader.problems.append("'is_decoder' is true; only encoders are supported.") }
    vocabSize = reader.size("vocab_size", defaults.vocabSize, maximum: 10_000_000)
    hiddenSize = reader.size(keys.hiddenSize, defaults.hiddenSize, maximum: 65536)
    embeddingSize =
      keys.embeddingSize.map { reader.size($0, defaults.embeddingSize ?? 0, maximum: 65536) } ?? hiddenSize
    numHiddenLayers = reader.size(keys.layers, defaults.layers, maximum: 1024)
    numAttentionHeads = reader.size(keys.heads, defaults.heads, maximum: 4096)
    intermediateSize = reader.size(keys.intermediateSize, defaults.intermediateSize, maximum: 1_048_576)
    maxPositionEmbeddings = reader.size(
      "max_position_embeddings", defaults.maxPositionEmbeddings, maximum: 1_048_576)
    typeVocabSize = keys.typeVocabSize.map { reader.size($0, 2, maximum: 65536) } ?? 0
    layerNormEps = Float(
      keys.layerNormEps.map { reader.number($0, defaults.layerNormEps, in: 0...1) } ?? defaults.layerNormEps)
    dropout = reader.number(keys.dropout, defaults.dropout, in: 0...0.999)
    attentionDropout = reader.number(keys.attentionDropout, defaults.dropout, in: 0...0.999)
    tokenDropout = reader.dropout(keys.tokenDropout) ?? defaults.classifierDropout
    sequenceDropout = reader.dropout(keys.sequenceDropout) ?? defaults.sequenceDropout ?? defaults.classifierDropout
    questionDropout = reader.dropout(keys.questionDropout) ?? defaults.questionDropout
    paddingID =
      positions == .afterPadding
      ? Int32(reader.size("pad_token_id", defaults.padTokenID, from: 0, maximum: maxPositionEmbeddings - 2)) : nil
    initializerRange = reader.number("initializer_range", 0.02, in: 0...10)
    activation = reader.activation(keys.activation)
    rotary =
      positions == .rotary
      ? RotaryConfig(&reader, layers: numHiddenLayers, headSize: hiddenSize / numAttentionHeads) : nil
    embeddingDropout = rotary?.embeddingDropout
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

/// transformers' names for the outputs of a head whose config.json has no id2label, which it leaves out if there are two of
/// them.
private func unnamedLabels(of json: JSON) -> [String] {
  let classes = json["architectures"]?.array?.compactMap(\.string) ?? []
  let isNamed = classes.contains { $0.hasSuffix("Classification") || $0.hasSuffix("ForQuestionAnswering") }
  guard isNamed else { return [] }
  return (0..<max(0, min(json["num_labels"]?.int ?? 2, 10_000))).map { "LABEL_\($0)" }
}
