/// A metric that a task reports: its name and its direction. Does not compute it.
package import Files

package struct Metric: Sendable, Hashable {
  /// The key in metrics.jsonl and result.json, such as `f1_macro`.
  package let name: String
  package let higherIsBetter: Bool
  /// Whether one-line results, tables and model cards show it.
  package let isHeadline: Bool

  package init(_ name: String, higherIsBetter: Bool = true, isHeadline: Bool = false) {
    self.name = name
    self.higherIsBetter = higherIsBetter
    self.isHeadline = isHeadline
  }

  /// The mean loss over a split's targets.
  package static let loss = Metric("loss", higherIsBetter: false)

  /// The mean over several tasks, of one metric each.
  package static let average = Metric("average", isHeadline: true)

  /// Whether `value` is strictly better than `best`. False if either is NaN.
  package func isBetter(_ value: Double, than best: Double) -> Bool {
    higherIsBetter ? value > best : value < best
  }
}

/// A metric, and how it is taken from a score.
package struct ScoreMetric<Score>: Sendable {
  package let metric: Metric
  /// nil: it is not defined for the examples, such as the area under a curve without positive ones.
  package let value: @Sendable (Score) -> Double?

  init(
    _ name: String, higherIsBetter: Bool = true, isHeadline: Bool = false,
    _ value: @escaping @Sendable (Score) -> Double?
  ) {
    self.metric = Metric(name, higherIsBetter: higherIsBetter, isHeadline: isHeadline)
    self.value = value
  }
}

/// Scores from which several metrics are taken.
package protocol MetricSource {
  /// The default for choosing the best checkpoint first. A new metric is a line here.
  static var table: [ScoreMetric<Self>] { get }
  /// Metrics that do not exist for the model's labels, such as those of a positive class where none is named.
  var inapplicable: Set<String> { get }
  /// The scores of single labels or entity types; empty: there are none.
  var byLabel: [String: TypeScore] { get }
  /// An evaluation's JSON, without the loss.
  var json: JSON { get }
}

extension MetricSource {
  package static var metrics: [Metric] { table.map(\.metric) }

  package var inapplicable: Set<String> { [] }
  package var byLabel: [String: TypeScore] { [:] }

  /// The value of every metric, by name; 0 where it is not defined.
  package var values: [String: Double] { definedValues.mapValues { $0.isNaN ? 0 : $0 } }

  /// The value of every metric, by name; NaN where it is not defined.
  var definedValues: [String: Double] {
    let inapplicable = inapplicable
    let known = Self.table.filter { !inapplicable.contains($0.metric.name) }
    return Dictionary(uniqueKeysWithValues: known.map { ($0.metric.name, $0.value(self) ?? .nan) })
  }
}

extension [Metric] {
  /// Without metrics of the name of an earlier one.
  package var uniqueByName: [Metric] {
    var names: Set<String> = []
    return filter { names.insert($0.name).inserted }
  }
}
