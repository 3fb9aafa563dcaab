/// Scores of sets of labels as scikit-learn 1.9 computes them. Does not choose labels from probabilities.
public import Files

/// Scores of predicted against gold sets of labels.
///
/// Equal to scikit-learn's `precision_recall_fscore_support` (`zero_division=0`), `accuracy_score`,
/// `average_precision_score` and `roc_auc_score` on indicator matrices with one column per label, except where those are
/// not defined: a label that applies to no example, or to all, does not count in `roc_auc_macro` and, if to none, in
/// `average_precision_macro`; without any other label they are 0. A gold label that the model does not have counts as
/// missed and is a label in every average of precision, recall and F1.
public struct MultiLabelScore: Sendable, Equatable {
  /// Over all examples and labels.
  public let micro: TypeScore
  /// The unweighted mean over labels.
  public let macro: TypeScore
  /// The mean over labels, weighted by support.
  public let weighted: TypeScore
  /// The mean over examples; of one without gold and predicted labels all scores are 0.
  public let samples: TypeScore
  /// The fraction of examples with exactly the gold labels.
  public let accuracy: Double
  public let averagePrecisionMacro, rocAUCMacro: Double
  public let perLabel: [String: TypeScore]
  /// The number of examples.
  public let support: Int

  /// - Parameters:
  ///   - gold: the labels of each example.
  ///   - probabilities: of each example, in the order of `labels`.
  ///   - labels: the model's.
  public init(gold: [Set<String>], predicted: [Set<String>], probabilities: [[Double]], labels: [String]) {
    precondition(gold.count == predicted.count && gold.count == probabilities.count, "one prediction per example")
    let names = labels + Set(gold.joined()).subtracting(labels).sorted()
    let perLabel = names.map { name in
      zip(gold, predicted).reduce(into: MatchCounts()) {
        $0.add(gold: $1.0.contains(name), predicted: $1.1.contains(name))
      }.score
    }
    let all = zip(gold, predicted).map { gold, predicted in
      MatchCounts(gold: gold.count, predicted: predicted.count, correct: gold.intersection(predicted).count)
    }
    micro = all.reduce(MatchCounts(), +).score
    macro = average(perLabel, weights: perLabel.map { _ in 1 }, support: micro.support)
    weighted = average(perLabel, weights: perLabel.map { Double($0.support) }, support: micro.support)
    samples = average(all.map(\.score), weights: all.map { _ in 1 }, support: micro.support)
    accuracy = gold.isEmpty ? 0 : Double(zip(gold, predicted).count { $0 == $1 }) / Double(gold.count)
    self.perLabel = Dictionary(zip(names, perLabel)) { first, _ in first }
    support = gold.count
    let rankings = labels.indices.map { label in
      Ranking(zip(probabilities, gold).map { ($0[label], $1.contains(labels[label])) })
    }
    averagePrecisionMacro = mean(rankings.compactMap(\.averagePrecision))
    rocAUCMacro = mean(rankings.compactMap(\.rocAUC))
  }

  /// The members of `values`, and `{"per_label": {label: {"precision", "recall", "f1", "support"}}, "support": n}`
  public var json: JSON {
    var members = values.mapValues(JSON.double)
    members["per_label"] = .object(perLabel.mapValues(\.json))
    members["support"] = .int(support)
    return .object(members)
  }
}

extension MultiLabelScore: MetricSource {
  public static let table: [ScoreMetric<MultiLabelScore>] = [
    ScoreMetric("f1_micro", isHeadline: true) { $0.micro.f1 },
    ScoreMetric("f1_macro", isHeadline: true) { $0.macro.f1 },
    ScoreMetric("f1_weighted") { $0.weighted.f1 }, ScoreMetric("f1_samples", isHeadline: true) { $0.samples.f1 },
    ScoreMetric("accuracy") { $0.accuracy },
    ScoreMetric("precision_micro") { $0.micro.precision }, ScoreMetric("recall_micro") { $0.micro.recall },
    ScoreMetric("precision_macro") { $0.macro.precision }, ScoreMetric("recall_macro") { $0.macro.recall },
    ScoreMetric("average_precision_macro", isHeadline: true) { $0.averagePrecisionMacro },
    ScoreMetric("roc_auc_macro") { $0.rocAUCMacro },
  ]
}

func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
