/// Sequence classification: predicts one label for a text or a pair of texts.
public import Datasets
public import Files
import Models

public struct SequenceClassification: TextInference {
  public static let name = "sequence_classification"
  public static let problemType: String? = "single_label_classification"
  public static let metrics: [Metric] = ClassificationScore.metrics + [.loss]
  public static let description = TaskDescription(
    pipeline: "text-classification", purpose: "text classification", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    scoring: "Metrics are scikit-learn's. A label that the model does not have counts as an error.")

  public let labels: [String]
  public let reading: TextReading

  private enum CodingKeys: String, CodingKey { case labels }

  public init(labels: [String]) { self.init(labels: labels, reading: TextReading()) }
  public init(labels: [String], reading: TextReading) { (self.labels, self.reading) = (labels, reading) }

  /// Only the labels are required.
  public init(from decoder: any Decoder) throws {
    self.init(
      labels: try decoder.container(keyedBy: CodingKeys.self).decode([String].self, forKey: .labels),
      reading: try TextReading(from: decoder))
  }

  public func encode(to encoder: any Encoder) throws {
    try reading.encode(to: encoder)
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(labels, forKey: .labels)
  }

  public func targets(of record: Record) -> Targets {
    .classes([record.labels.first.flatMap { label in labels.firstIndex(of: label) }.map { Int32($0) } ?? -1])
  }

  /// The label with the highest probability, of which a long text has the mean over its windows.
  public func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    let means = logits.mean { softmax($0) }
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

  public func unknownLabelNote(_ records: any Dataset) -> String? { unknownLabelNote(records, labels: labels) }

  public func gold(of record: Record) -> JSON { record.labels.first.map(JSON.string) ?? .null }
}
