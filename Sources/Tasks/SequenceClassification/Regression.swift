/// Regression: predicts a number for a text or a pair of texts, such as their similarity.
public import Datasets
public import Files
import Models

public struct Regression: TextInference {
  public static let name = "regression"
  public static let problemType: String? = "regression"
  public static let labelKind = LabelKind.number
  public static let metrics: [Metric] = RegressionScore.metrics + [.loss]
  public static let description = TaskDescription(
    pipeline: "text-classification", purpose: "regression", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    use: "assigns a number to a text or a pair of texts",
    scoring: "Pearson's and Spearman's correlation are scipy's; they are 0 where all numbers of a side are equal.")

  public let reading: TextReading
  /// The name of the one output.
  public var labels: [String] { ["value"] }

  private enum CodingKeys: String, CodingKey { case labels }

  public init(labels: [String]) { self.init(reading: TextReading()) }
  public init(reading: TextReading) { self.reading = reading }
  public init(from decoder: any Decoder) throws { self.init(reading: try TextReading(from: decoder)) }

  public func encode(to encoder: any Encoder) throws {
    try reading.encode(to: encoder)
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(labels, forKey: .labels)
  }

  public func targets(of record: Record) -> Targets { .values([record.value.map { Float($0) } ?? .nan]) }

  /// Of a long text the mean over its windows.
  public func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    .value(logits.mean { [Double($0[$0.startIndex])] }.first ?? 0)
  }

  public func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    RegressionExamples(
      gold: predictions.indices.map { records[$0].value ?? 0 },
      predicted: predictions.map { if case .value(let value) = $0 { value } else { 0 } })
  }

  public var evaluationLoss: any LossFunction { RegressionLoss() }
  public func unknownLabelNote(_ records: any Dataset) -> String? { nil }
  public func gold(of record: Record) -> JSON { record.value.map(JSON.double) ?? .null }
}

/// Settings of regression.
public struct RegressionSettings: Sendable, Equatable {
  public var longText = LongText.truncate

  public init() {}
}

extension RegressionSettings: TaskSettings {
  public func setUp(_ context: TaskContext) throws -> TaskSetup {
    let texts = try LabeledTexts(context)
    let inference = Regression(reading: texts.reading(longText))
    return texts.setup(inference, RegressionLoss(), reuseHead: context.baseLabels.count == 1)
  }
}
