/// Scores of single-label classification as scikit-learn 1.9 computes them. Does not choose labels from logits.
package import Files

/// Scores of predicted against gold classes, one class per example.
///
/// Bit-identical to scikit-learn's `classification_report(gold, predicted, output_dict=True, zero_division=0)`,
/// `precision_recall_fscore_support`, `accuracy_score` and `matthews_corrcoef`. The classes are those that occur in
/// `gold` or `predicted`, as in scikit-learn by default:
/// - A label of the model that does not occur is not in `perClass` and not in the macro average.
/// - A gold label that the model does not have can never be predicted. It counts as an error, and is a class with
///   recall 0 in `perClass` and in every average.
///
/// Without examples, where scikit-learn raises an error, all scores are 0. Names are equal if Swift's strings are:
/// by canonical equivalence, not by code points.
///
///     let score = try ClassificationScore(gold: ["a", "b"], predicted: ["a", "a"], labels: ["a", "b"])
///     score.accuracy  // 0.5
package struct ClassificationScore: Sendable, Equatable {
  /// The fraction of correct examples.
  package let accuracy: Double
  /// Matthews' correlation coefficient over all classes (Gorodkin 2004); 0 if gold or predicted has only one class.
  package let mcc: Double
  /// Over all examples: precision, recall and F1 are equal to the accuracy.
  package let micro: TypeScore
  /// The unweighted mean over classes.
  package let macro: TypeScore
  /// The mean over classes, weighted by support.
  package let weighted: TypeScore
  package let perClass: [String: TypeScore]
  /// Of the positive class; nil: there is none.
  package let positive: TypeScore?
  /// F1 of "yes" and of "no" as BioASQ has them: 0 for a class that does not occur; nil: the labels are others.
  package let yesNo: YesNo?
  /// Of the probabilities; nil: they are not known.
  package let probability: ProbabilityScore?
  /// The number of examples.
  package let support: Int

  package struct YesNo: Sendable, Equatable { public let yes, no: Double }

  /// - Parameters:
  ///   - gold: one class per example.
  ///   - predicted: the model's class for each example.
  ///   - labels: the model's labels.
  /// - Throws: `ClassificationScoreFault` if the numbers of examples differ or a prediction is not one of `labels`.
  package init(gold: [String], predicted: [String], labels: [String]) throws(ClassificationScoreFault) {
    self = try ClassificationExamples(gold: gold, predicted: predicted, labels: labels).score
  }

  /// The same with predictions as indices into `labels`.
  /// - Throws: `ClassificationScoreFault` if the numbers of examples differ.
  package init(gold: [String], predicted: [Int], labels: [String]) throws(ClassificationScoreFault) {
    precondition(
      predicted.allSatisfy(labels.indices.contains), "a prediction is not an index of \(labels.count) labels")
    try self.init(gold: gold, predicted: predicted.map { labels[$0] }, labels: labels)
  }

  /// - Parameters:
  ///   - names: of the classes; see `LabelScores`.
  ///   - positive: the index of the positive class.
  init(_ counts: [MatchCounts], names: [String], positive: Int?, _ probability: ProbabilityScore?) {
    let total = counts.reduce(MatchCounts(), +), scores = LabelScores(counts, names: names, support: total.gold)
    support = total.gold
    micro = total.score
    accuracy = total.score.recall
    mcc = matthewsCorrelation(counts, total)
    (perClass, macro, weighted) = (scores.byName, scores.macro, scores.weighted)
    self.positive = positive.map { counts[$0].score }
    yesNo = names == ["no", "yes"] ? YesNo(yes: counts[1].score.f1, no: counts[0].score.f1) : nil
    self.probability = probability
  }

  /// The members of `values`, and `{"per_class": {label: {"precision", "recall", "f1", "support"}}, "support": n}`
  package var json: JSON {
    var members = values.mapValues(JSON.double)
    members["per_class"] = .object(perClass.mapValues(\.json))
    members["support"] = .int(support)
    return .object(members)
  }
}

extension ClassificationScore: MetricSource {
  package static let table: [ScoreMetric<ClassificationScore>] = [
    ScoreMetric("accuracy", isHeadline: true) { $0.accuracy },
    // Equal to the accuracy, because every example has one label.
    ScoreMetric("f1_micro", isHeadline: true) { $0.micro.f1 },
    ScoreMetric("f1_macro", isHeadline: true) { $0.macro.f1 },
    ScoreMetric("f1_weighted") { $0.weighted.f1 }, ScoreMetric("mcc", isHeadline: true) { $0.mcc },
    ScoreMetric("precision_micro") { $0.micro.precision }, ScoreMetric("recall_micro") { $0.micro.recall },
    ScoreMetric("precision_macro") { $0.macro.precision }, ScoreMetric("recall_macro") { $0.macro.recall },
    ScoreMetric("precision_weighted") { $0.weighted.precision }, ScoreMetric("recall_weighted") { $0.weighted.recall },
    ScoreMetric("f1_positive") { $0.positive?.f1 }, ScoreMetric("precision_positive") { $0.positive?.precision },
    ScoreMetric("recall_positive") { $0.positive?.recall },
    ScoreMetric("f1_yes") { $0.yesNo?.yes }, ScoreMetric("f1_no") { $0.yesNo?.no },
    ScoreMetric("f1_yes_no", isHeadline: true) { $0.yesNo.map { ($0.yes + $0.no) / 2 } },
    ScoreMetric("roc_auc") { $0.probability?.rocAUC },
    ScoreMetric("average_precision") { $0.probability?.averagePrecision },
    ScoreMetric("ece", higherIsBetter: false) { $0.probability?.calibrationError },
    ScoreMetric("brier", higherIsBetter: false) { $0.probability?.brier },
  ]

  package var byLabel: [String: TypeScore] { perClass }

  package var inapplicable: Set<String> {
    var names: Set<String> = positive == nil ? ["f1_positive", "precision_positive", "recall_positive"] : []
    if yesNo == nil { names.formUnion(["f1_yes", "f1_no", "f1_yes_no"]) }
    if probability == nil { names.formUnion(["roc_auc", "average_precision", "ece", "brier"]) }
    return names
  }
}

/// Gold and predicted classes that cannot be compared.
package enum ClassificationScoreFault: Error, Equatable, CustomStringConvertible {
  case examples(gold: Int, predicted: Int)
  /// `example` counts from 0.
  case label(String, example: Int, labels: [String])

  package var description: String {
    switch self {
    case .examples(let gold, let predicted):
      "There are \(gold) gold labels but \(predicted) predicted labels; expected equal numbers. "
        + "Are both from the same file?"
    case .label(let name, let example, let labels):
      "Example \(example + 1): predicted \"\(name)\", which is not a label of the model; expected "
        + "one of \(labels.prefix(20).joined(separator: ", "))\(labels.count > 20 ? ", …" : ""). "
        + "Are the predictions from this model?"
    }
  }
}

/// The covariance of gold and predicted, divided by the root of the product of their variances.
private func matthewsCorrelation(_ classes: [MatchCounts], _ total: MatchCounts) -> Double {
  func dot(_ x: KeyPath<MatchCounts, Int>, _ y: KeyPath<MatchCounts, Int>) -> Double {
    classes.reduce(0) { $0 + Double($1[keyPath: x]) * Double($1[keyPath: y]) }
  }
  let n = Double(total.gold)
  let covariance = Double(total.correct) * n - dot(\.gold, \.predicted)
  let variances = (n * n - dot(\.predicted, \.predicted)) * (n * n - dot(\.gold, \.gold))
  return variances == 0 ? 0 : covariance / variances.squareRoot()
}
