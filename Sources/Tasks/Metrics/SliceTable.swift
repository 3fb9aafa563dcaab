/// How good predictions are in parts of the data: by label, by length, by whether a mention was seen in training.

/// A part of the data with its scores.
package struct Slice: Sendable {
  /// "Disease", "12–18 words"
  package let name: String
  /// Its records, gold labels or gold mentions.
  package let count: Int
  /// By metric; NaN: not defined there.
  package let values: [String: Double]
  package let intervals: [String: ClosedRange<Double>]
}

/// The data divided in one way.
package struct SliceTable: Sendable {
  package enum Kind: String, Sendable { case label, mention, question, length }

  package let kind: Kind
  /// The first is the main one.
  package let metrics: [Metric]
  package let slices: [Slice]

  /// Groups of records, with the metrics of the whole. Resamples without a record of a group do not count for it.
  init(
    _ kind: Kind, _ groups: [(name: String, records: [Int])], of split: ScoredSplit, metrics: [Metric],
    _ bootstrap: Bootstrap
  ) {
    let intervals = bootstrap.intervals(of: split, in: groups.map(\.records))
    (self.kind, self.metrics) = (kind, metrics)
    slices = zip(groups, intervals).map { group, intervals in
      Slice(
        name: group.name, count: group.records.count, values: split.values(of: group.records), intervals: intervals)
    }
  }

  /// The labels of a split, the most frequent first.
  init(_ kind: Kind, labelsOf split: ScoredSplit, _ bootstrap: Bootstrap) {
    let intervals = bootstrap.labelIntervals(of: split), names = ["f1", "precision", "recall"]
    (self.kind, metrics) = (kind, names.map { Metric($0) })
    slices = split.byLabel.sorted { ($1.value.support, $0.key) < ($0.value.support, $1.key) }.map { label, score in
      Slice(
        name: label, count: score.support,
        values: ["precision": score.precision, "recall": score.recall, "f1": score.f1],
        intervals: .init(
          uniqueKeysWithValues: names.compactMap { name in
            intervals[Bootstrap.LabelMetric(label, name)].map { (name, $0) }
          }))
    }
  }
}

/// A slice of one of several tables, with its main metric.
package struct WeakSlice: Sendable {
  package let kind: SliceTable.Kind
  package let slice: Slice
  package let metric: Metric
}

extension [SliceTable] {
  /// The slices of tables with several, by the values of their tables' main metrics, the worst first.
  package func weakest() -> [WeakSlice] {
    let all: [WeakSlice] = flatMap { table -> [WeakSlice] in
      guard let metric = table.metrics.first, table.slices.count > 1 else { return [] }
      return table.slices.filter { $0.count > 0 && !($0.values[metric.name] ?? .nan).isNaN }
        .map { WeakSlice(kind: table.kind, slice: $0, metric: metric) }
    }
    func badness(_ weak: WeakSlice) -> Double {
      let value = weak.slice.values[weak.metric.name] ?? 0
      return weak.metric.higherIsBetter ? value : -value
    }
    return .init(all.sorted { (badness($0), $0.slice.name) < (badness($1), $1.slice.name) })
  }
}
