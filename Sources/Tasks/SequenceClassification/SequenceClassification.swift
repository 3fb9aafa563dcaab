/// Sequence classification: predicts one label for a text or a pair of texts.
public import Datasets
public import Files
public import Models

public struct SequenceClassification: RecordInference {
  public static let name = "sequence_classification"
  public static let headType = HeadType.sequenceClassification
  public static let metrics: [Metric] = ClassificationScore.metrics + [.loss]
  public static let description = TaskDescription(
    pipeline: "text-classification", purpose: "text classification", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    scoring: "Metrics are scikit-learn's. A label that the model does not have counts as an error.")

  /// What happens to a text that is longer than the model's window.
  public enum LongText: String, CaseIterable, Sendable, Codable {
    /// It is cut off. Of a pair the longer text is cut first.
    case truncate
    /// It is split into windows, whose probabilities are averaged.
    case mean
  }

  public let labels: [String]
  public let longText: LongText
  /// Whether it was trained on pairs of texts; nil: unknown.
  public let pairs: Bool?

  private enum CodingKeys: String, CodingKey {
    case labels, pairs
    case longText = "long_text"
  }

  public init(labels: [String]) { self.init(labels: labels, longText: .truncate, pairs: nil) }

  public init(labels: [String], longText: LongText, pairs: Bool?) {
    (self.labels, self.longText, self.pairs) = (labels, longText, pairs)
  }

  public var readsWindows: Bool { longText == .mean }

  /// Only the labels are required.
  public init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    labels = try file.decode([String].self, forKey: .labels)
    longText = try file.decodeIfPresent(LongText.self, forKey: .longText) ?? .truncate
    pairs = try file.decodeIfPresent(Bool.self, forKey: .pairs)
  }

  public func check(_ record: Record) throws(TaskFault) {
    let expected = pairs.map { $0 ? 2 : 1 } ?? max(1, record.texts.count)
    if record.texts.count != expected { throw .texts(record.texts.count, expected: expected, record: record) }
  }

  public func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord {
    let target = record.labels.first.flatMap { label in labels.firstIndex(of: label) }.map { Int32($0) } ?? -1
    let first = record.texts.first ?? "", second = record.texts.count > 1 ? record.texts[1] : nil
    let sequences =
      longText == .mean ? tokenizer.windows(of: first, second) : [tokenizer.encode(first, second)]
    return EncodedRecord(
      sequences.map { Features(ids: $0.ids, tokenTypeIDs: $0.tokenTypeIDs, targets: .classes([target])) },
      cutTokens: sequences.map(\.truncated).max() ?? 0)
  }

  /// The label with the highest probability, of which a long text has the mean over its windows.
  public func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    var means = [Double](repeating: 0, count: labels.count)
    for window in logits {
      for (label, probability) in softmax(window[0]).enumerated() { means[label] += probability / Double(logits.count) }
    }
    let best = means.indices.reduce(0) { means[$1] > means[$0] ? $1 : $0 }
    return .label(labels[best], probabilities: zip(labels, means).map { ScoredLabel($0, $1) })
  }

  public func score(
    _ records: some Dataset, _ predictions: [Prediction]
  ) throws -> (values: [String: Double], json: JSON) {
    let predicted = predictions.map { prediction -> String in
      if case .label(let label, _) = prediction { label } else { "" }
    }
    let score = try ClassificationScore(
      gold: predictions.indices.map { records[$0].labels.first ?? "" }, predicted: predicted, labels: labels)
    return (score.values, score.json)
  }

  public func unknownLabelNote(_ records: any Dataset) -> String? {
    var counts: [String: Int] = [:]
    for index in 0..<records.count {
      if let label = records[index].labels.first, !labels.contains(label) { counts[label, default: 0] += 1 }
    }
    return list(counts).map { "records with labels that the model does not know count as errors: \($0)" }
  }

  public func gold(of record: Record) -> JSON { record.labels.first.map(JSON.string) ?? .null }
}
