/// Scores of sets of labels as scikit-learn 1.9 computes them. Does not choose labels from probabilities.
package import Files

/// Scores of predicted against gold sets of labels.
///
/// Equal to scikit-learn's `precision_recall_fscore_support` (`zero_division=0`), `accuracy_score`,
/// `average_precision_score` and `roc_auc_score` on indicator matrices with one column per label, except where those are
/// not defined: a label that applies to no example, or to all, does not count in `roc_auc_macro` and, if to none, in
/// `average_precision_macro`; without any other label they are 0. A gold label that the model does not have counts as
/// missed and is a label in every average of precision, recall and F1.
package struct MultiLabelScore: Sendable, Equatable {
  /// Over all examples and labels.
  package let micro: TypeScore
  /// The unweighted mean over labels.
  package let macro: TypeScore
  /// The mean over labels, weighted by support.
  package let weighted: TypeScore
  /// The mean over examples; of one without gold and predicted labels all scores are 0.
  package let samples: TypeScore
  /// The fraction of examples with exactly the gold labels.
  package let accuracy: Double
  package let probability: ProbabilityScore
  package let perLabel: [String: TypeScore]
  /// The number of examples.
  package let support: Int

  /// - Parameters:
  ///   - gold: the labels of each example.
  ///   - probabilities: of each example, in the order of `labels`.
  ///   - labels: the model's.
  package init(gold: [Set<String>], predicted: [Set<String>], probabilities: [[Double]], labels: [String]) {
    self = MultiLabelExamples(gold: gold, predicted: predicted, probabilities: probabilities, labels: labels).score
  }

  init(
    _ counts: [MatchCounts], names: [String], support: Int, accuracy: Double, samples: TypeScore,
    _ probability: ProbabilityScore
  ) {
    let perLabel = counts.map(\.score)
    micro = counts.reduce(MatchCounts(), +).score
    macro = average(perLabel, weights: perLabel.map { _ in 1 }, support: micro.support)
    weighted = average(perLabel, weights: perLabel.map { Double($0.support) }, support: micro.support)
    self.perLabel = Dictionary(zip(names, perLabel)) { first, _ in first }
    (self.samples, self.accuracy, self.probability, self.support) = (samples, accuracy, probability, support)
  }

  /// The harmonic mean of the means over examples of precision and recall, which is BLUE's score of HoC.
  package var f1OfSampleMeans: Double {
    let sum = samples.precision + samples.recall
    return sum == 0 ? 0 : 2 * samples.precision * samples.recall / sum
  }

  /// The members of `values`, and `{"per_label": {label: {"precision", "recall", "f1", "support"}}, "support": n}`
  package var json: JSON {
    var members = values.mapValues(JSON.double)
    members["per_label"] = .object(perLabel.mapValues(\.json))
    members["support"] = .int(support)
    return .object(members)
  }
}

extension MultiLabelScore: MetricSource {
  package var byLabel: [String: TypeScore] { perLabel }

  package static let table: [ScoreMetric<MultiLabelScore>] = [
    ScoreMetric("f1_micro", isHeadline: true) { $0.micro.f1 },
    ScoreMetric("f1_macro", isHeadline: true) { $0.macro.f1 },
    ScoreMetric("f1_weighted") { $0.weighted.f1 }, ScoreMetric("f1_samples", isHeadline: true) { $0.samples.f1 },
    ScoreMetric("accuracy") { $0.accuracy },
    ScoreMetric("precision_micro") { $0.micro.precision }, ScoreMetric("recall_micro") { $0.micro.recall },
    ScoreMetric("precision_macro") { $0.macro.precision }, ScoreMetric("recall_macro") { $0.macro.recall },
    ScoreMetric("precision_samples") { $0.samples.precision }, ScoreMetric("recall_samples") { $0.samples.recall },
    ScoreMetric("f1_blue") { $0.f1OfSampleMeans },
    ScoreMetric("average_precision_macro", isHeadline: true) { $0.probability.averagePrecision },
    ScoreMetric("roc_auc_macro") { $0.probability.rocAUC },
    ScoreMetric("ece", higherIsBetter: false) { $0.probability.calibrationError },
    ScoreMetric("brier", higherIsBetter: false) { $0.probability.brier },
  ]
}
