/// A metric that a task reports: its name and its direction. Does not compute it.

public struct Metric: Sendable, Hashable {
  /// The key in metrics.jsonl and result.json, such as `f1_macro`.
  public let name: String
  public let higherIsBetter: Bool
  /// Whether one-line results, tables and model cards show it.
  public let isHeadline: Bool

  public init(_ name: String, higherIsBetter: Bool = true, isHeadline: Bool = false) {
    self.name = name
    self.higherIsBetter = higherIsBetter
    self.isHeadline = isHeadline
  }

  /// The mean loss over a split's targets.
  public static let loss = Metric("loss", higherIsBetter: false)

  /// Whether `value` is strictly better than `best`. False if either is NaN.
  public func isBetter(_ value: Double, than best: Double) -> Bool {
    higherIsBetter ? value > best : value < best
  }
}

/// A metric, and how it is taken from a score.
public struct ScoreMetric<Score>: Sendable {
  public let metric: Metric
  public let value: @Sendable (Score) -> Double

  init(
    _ name: String, higherIsBetter: Bool = true, isHeadline: Bool = false,
    _ value: @escaping @Sendable (Score) -> Double
  ) {
    self.metric = Metric(name, higherIsBetter: higherIsBetter, isHeadline: isHeadline)
    self.value = value
  }
}

/// Scores from which several metrics are taken.
public protocol MetricSource {
  /// The default for choosing the best checkpoint first. A new metric is a line here.
  static var table: [ScoreMetric<Self>] { get }
}

extension MetricSource {
  public static var metrics: [Metric] { table.map(\.metric) }

  /// The value of every metric, by name.
  public var values: [String: Double] {
    Dictionary(uniqueKeysWithValues: Self.table.map { ($0.metric.name, $0.value(self)) })
  }
}

extension [Metric] {
  /// Without metrics of the name of an earlier one.
  public var uniqueByName: [Metric] {
    var names: Set<String> = []
    return filter { names.insert($0.name).inserted }
  }
}
