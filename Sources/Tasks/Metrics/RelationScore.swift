/// Scores of relations: precision, recall and F1 without the negative label. Does not choose labels from logits.
public import Files

/// Scores of predicted against gold relations, one per pair of entities.
///
/// As scikit-learn's `precision_recall_fscore_support(gold, predicted, labels=labels, average=…, zero_division=0)`, in
/// which `labels` are those that occur in `gold` or `predicted` and are not `negative`. So are ChemProt and DDI scored in BLURB
/// (micro) and DDI in BLUE (macro, over its four types). With one label besides the negative one, as in GAD, micro F1 is
/// binary F1. Without a negative label micro F1 is the accuracy.
///
///     RelationScore(gold: ["CPR:3", "false"], predicted: ["CPR:3", "CPR:4"], negative: "false").micro.f1  // 2/3
public struct RelationScore: Sendable, Equatable {
  /// The fraction of correct pairs, the negative label included.
  public let accuracy: Double
  /// Over all pairs, and the unweighted mean over labels, without the negative label.
  public let micro, macro: TypeScore
  /// Of every label but the negative one.
  public let perClass: [String: TypeScore]

  /// - Precondition: there are as many predicted labels as gold ones.
  public init(gold: [String], predicted: [String], negative: String?) {
    precondition(gold.count == predicted.count, "\(gold.count) gold labels, \(predicted.count) predicted ones")
    var counts: [String: MatchCounts] = [:]
    for (gold, predicted) in zip(gold, predicted) {
      for label in Set([gold, predicted]) where label != negative {
        counts[label, default: MatchCounts()].add(gold: label == gold, predicted: label == predicted)
      }
    }
    // By code point, as Python sorts: the order of summation affects the last digit of a mean.
    let names = counts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let scores = names.map { counts[$0, default: MatchCounts()].score }
    micro = counts.values.reduce(MatchCounts(), +).score
    macro = average(scores, weights: scores.map { _ in 1 }, support: micro.support)
    perClass = Dictionary(uniqueKeysWithValues: zip(names, scores))
    accuracy = gold.isEmpty ? 0 : Double(zip(gold, predicted).count { $0 == $1 }) / Double(gold.count)
  }

  /// The members of `values`, and `{"per_class": {label: {"precision", "recall", "f1", "support"}}, "support": n}`
  public var json: JSON {
    var members = values.mapValues(JSON.double)
    members["per_class"] = .object(perClass.mapValues(\.json))
    members["support"] = .int(micro.support)
    return .object(members)
  }
}

extension RelationScore: MetricSource {
  public static let table: [ScoreMetric<RelationScore>] = [
    ScoreMetric("f1_micro", isHeadline: true) { $0.micro.f1 },
    ScoreMetric("f1_macro", isHeadline: true) { $0.macro.f1 },
    ScoreMetric("precision_micro", isHeadline: true) { $0.micro.precision },
    ScoreMetric("recall_micro", isHeadline: true) { $0.micro.recall },
    ScoreMetric("accuracy") { $0.accuracy },
  ]
}
