/// Sequence classification: predicts one label for a text or a pair of texts.
package import Datasets
import Encoders
package import Files

package struct SequenceClassification: TextInference {
  package static let name = "sequence_classification"
  package static let problemType: String? = "single_label_classification"
  package static let metrics: [Metric] = ClassificationScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "text-classification", purpose: "text classification", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    use: "assigns one of its labels to a text or a pair of texts",
    scoring: "Metrics are scikit-learn's. A label that the model does not have counts as an error.")

  package let labels: [String]
  package let reading: TextReading
  /// The class of `f1_positive`; nil: the second of two labels, and of more none.
  package let positiveLabel: String?
  package var temperature: Double?
  package let isFittedOnDev: Bool

  private enum CodingKeys: String, CodingKey {
    case labels, temperature
    case positiveLabel = "positive_label"
  }

  package init(labels: [String]) { self.init(labels: labels, reading: TextReading()) }
  package init(
    labels: [String], reading: TextReading, positiveLabel: String? = nil, temperature: TemperatureChoice? = nil
  ) {
    (self.labels, self.reading, self.positiveLabel) = (labels, reading, positiveLabel)
    (self.temperature, isFittedOnDev) = (temperature?.start, temperature == .dev)
  }

  /// Only the labels are required.
  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      labels: try file.decode([String].self, forKey: .labels), reading: try TextReading(from: decoder),
      positiveLabel: try file.decodeIfPresent(String.self, forKey: .positiveLabel))
    temperature = try file.decodeIfPresent(Double.self, forKey: .temperature)
  }

  package func encode(to encoder: any Encoder) throws {
    try reading.encode(to: encoder)
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(labels, forKey: .labels)
    try file.encodeIfPresent(positiveLabel, forKey: .positiveLabel)
    try file.encodeIfPresent(temperature, forKey: .temperature)
  }

  package func targets(of record: Record) -> Targets {
    .classes([record.labels.first.flatMap { label in labels.firstIndex(of: label) }.map { Int32($0) } ?? -1])
  }

  /// The label with the highest probability, of which a long text has the mean over its windows.
  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    let means = probabilities(logits, temperature ?? 1)
    let best = means.indices.reduce(0) { means[$1] > means[$0] ? $1 : $0 }
    return .label(labels[best], probabilities: zip(labels, means).map { ScoredLabel($0, $1) })
  }

  private func probabilities(_ logits: [Logits], _ temperature: Double) -> [Double] {
    logits.mean { softmax($0, temperature: temperature) }
  }

  /// With the best temperature.
  package func fitted(to records: some Dataset, _ encoded: [EncodedRecord], _ logits: [[Logits]]) -> Self {
    let known = logits.indices.compactMap { index -> (logits: [Logits], gold: Int)? in
      records[index].labels.first.flatMap(labels.firstIndex).map { (logits[index], $0) }
    }
    var copy = self
    copy.temperature = bestTemperature { temperature in
      known.reduce(0) { $0 + surprise(probabilities($1.logits, temperature)[$1.gold]) }
    }
    return copy
  }

  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    try ClassificationExamples(
      gold: predictions.indices.map { records[$0].labels.first ?? "" }, predicted: predictions.map(\.label),
      probabilities: predictions.map(\.probabilities), labels: labels,
      positiveLabel: positiveLabel ?? (labels.count == 2 ? labels[1] : nil))
  }

  package func unknownLabelNote(_ records: any Dataset) -> String? { unknownLabelNote(records, labels: labels) }

  package func gold(of record: Record) -> JSON { record.labels.first.map(JSON.string) ?? .null }
}
