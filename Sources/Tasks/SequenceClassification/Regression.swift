/// Regression: predicts a number for a text or a pair of texts, such as their similarity.
package import Datasets
import Encoders
package import Files

package struct Regression: TextInference {
  package static let name = "regression"
  package static let problemType: String? = "regression"
  package static let labelKind = LabelKind.number
  package static let metrics: [Metric] = RegressionScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "text-classification", purpose: "regression", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    use: "assigns a number to a text or a pair of texts",
    scoring: "Pearson's and Spearman's correlation are scipy's; they are 0 where all numbers of a side are equal.")

  package let reading: TextReading
  /// The name of the one output.
  package var labels: [String] { ["value"] }

  private enum CodingKeys: String, CodingKey { case labels }

  package init(labels: [String]) { self.init(reading: TextReading()) }
  package init(reading: TextReading) { self.reading = reading }
  package init(from decoder: any Decoder) throws { self.init(reading: try TextReading(from: decoder)) }

  package func encode(to encoder: any Encoder) throws {
    try reading.encode(to: encoder)
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(labels, forKey: .labels)
  }

  package func targets(of record: Record) -> Targets { .values([record.value.map { Float($0) } ?? .nan]) }

  /// Of a long text the mean over its windows.
  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    .value(logits.mean { [Double($0[$0.startIndex])] }.first ?? 0)
  }

  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    RegressionExamples(
      gold: predictions.indices.map { records[$0].value ?? 0 },
      predicted: predictions.map { if case .value(let value) = $0 { value } else { 0 } })
  }

  package var evaluationLoss: any LossFunction { RegressionLoss() }
  package func unknownLabelNote(_ records: any Dataset) -> String? { nil }
  package func gold(of record: Record) -> JSON { record.value.map(JSON.double) ?? .null }
}

/// Settings of regression.
package struct RegressionSettings: Sendable, Equatable {
  package var longText = LongText.truncate

  package init() {}
}

extension RegressionSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let texts = try LabeledTexts(context)
    let inference = Regression(reading: texts.reading(longText))
    return texts.setup(inference, RegressionLoss(), reuseHead: context.baseLabels.count == 1)
  }
}
