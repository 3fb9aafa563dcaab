/// Multi-label classification: predicts which labels apply to a text or a pair of texts; any number of them.
package import Datasets
import Encoders
package import Files

package struct MultiLabelClassification: TextInference {
  package static let name = "multi_label_classification"
  package static let problemType: String? = "multi_label_classification"
  package static let labelKind = LabelKind.set
  package static let metrics: [Metric] = MultiLabelScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "text-classification", purpose: "multi-label classification", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    use: "assigns any number of its labels to a text or a pair of texts",
    scoring: "Metrics are scikit-learn's. A label that the model does not have counts as missed.")

  package let labels: [String]
  package let reading: TextReading
  /// The probability from which a label applies, by label.
  package private(set) var thresholds: [Double]
  /// How `thresholds` are chosen at an evaluation on dev.
  let thresholdChoice: ThresholdChoice
  package var temperature: Double?
  private let fitsTemperature: Bool

  private enum CodingKeys: String, CodingKey { case labels, thresholds, temperature }

  package init(labels: [String]) {
    self.init(labels: labels, reading: TextReading(), thresholdChoice: .fixed(0.5))
  }

  package init(
    labels: [String], reading: TextReading, thresholdChoice: ThresholdChoice, temperature: TemperatureChoice? = nil
  ) {
    (self.labels, self.reading, self.thresholdChoice) = (labels, reading, thresholdChoice)
    (self.temperature, fitsTemperature) = (temperature?.start, temperature == .dev)
    thresholds = [Double](repeating: thresholdChoice.start, count: labels.count)
  }

  /// Only the labels are required.
  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      labels: try file.decode([String].self, forKey: .labels), reading: try TextReading(from: decoder),
      thresholdChoice: .fixed(0.5))
    temperature = try file.decodeIfPresent(Double.self, forKey: .temperature)
    guard let thresholds = try file.decodeIfPresent([Double].self, forKey: .thresholds) else { return }
    guard thresholds.count == labels.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .thresholds, in: file, debugDescription: "\(thresholds.count) thresholds for \(labels.count) labels")
    }
    self.thresholds = thresholds
  }

  package func encode(to encoder: any Encoder) throws {
    try reading.encode(to: encoder)
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(labels, forKey: .labels)
    try file.encode(thresholds, forKey: .thresholds)
    try file.encodeIfPresent(temperature, forKey: .temperature)
  }

  /// 1 for the record's labels. A record without labels is one to which none applies.
  package func targets(of record: Record) -> Targets {
    let applying = Set(record.labels)
    return .classSets([labels.map { applying.contains($0) ? 1 : 0 }])
  }

  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    prediction(probabilities(logits, temperature ?? 1))
  }

  private func probabilities(_ logits: [Logits], _ temperature: Double) -> [Double] {
    logits.mean { $0.map { sigmoid(Double($0) / temperature) } }
  }

  private func prediction(_ probabilities: [Double]) -> Prediction {
    .labels(
      labels.indices.filter { probabilities[$0] >= thresholds[$0] }.map { labels[$0] },
      probabilities: zip(labels, probabilities).map { ScoredLabel($0, $1) })
  }

  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    MultiLabelExamples(
      gold: predictions.indices.map { Set(records[$0].labels) }, predicted: predictions.map(\.labelSet),
      probabilities: predictions.map(\.probabilities), labels: labels)
  }

  package var isFittedOnDev: Bool { thresholdChoice.usesDev || fitsTemperature }

  /// With the best temperature, and then the best thresholds of its probabilities.
  package func fitted(to records: some Dataset, _ encoded: [EncodedRecord], _ logits: [[Logits]]) -> Self {
    var copy = self
    let gold = logits.indices.map { index in
      let applying = Set(records[index].labels)
      return labels.map(applying.contains)
    }
    if fitsTemperature {
      copy.temperature = bestTemperature { temperature in
        zip(logits, gold).reduce(0) { $0 + surprise($1.0, $1.1, temperature) }
      }
    }
    let calibrated = logits.map { probabilities($0, copy.temperature ?? 1) }
    copy.thresholds = thresholdChoice.thresholds(gold: gold, probabilities: calibrated, labels: labels.count)
    return copy
  }

  /// -log p of which labels apply.
  private func surprise(_ logits: [Logits], _ gold: [Bool], _ temperature: Double) -> Double {
    zip(probabilities(logits, temperature), gold).reduce(0) { $0 + Tasks.surprise($1.1 ? $1.0 : 1 - $1.0) }
  }

  package var evaluationLoss: any LossFunction { MultiLabelLoss() }
  package func unknownLabelNote(_ records: any Dataset) -> String? { unknownLabelNote(records, labels: labels) }
  package func gold(of record: Record) -> JSON { .array(record.labels.map(JSON.string)) }
}

extension Prediction {
  /// Those of a set of labels.
  fileprivate var labelSet: Set<String> { if case .labels(let labels, _) = self { Set(labels) } else { [] } }

  /// The one label.
  var label: String { if case .label(let label, _) = self { label } else { "" } }

  /// The probability of every label, in the model's order.
  var probabilities: [Double] {
    switch self {
    case .label(_, let labels), .labels(_, let labels): labels.map(\.probability)
    case .tags, .entities, .value, .answer, .answers, .vectors: []
    }
  }
}
