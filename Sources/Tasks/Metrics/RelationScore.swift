/// Scores of relations: precision, recall and F1 without the negative label. Does not choose labels from logits.
package import Files

/// Scores of predicted against gold relations, one per pair of entities.
///
/// As scikit-learn's `precision_recall_fscore_support(gold, predicted, labels=labels, average=…, zero_division=0)`, in
/// which `labels` are those that occur in `gold` or `predicted` and are not `negative`. So are ChemProt and DDI scored in BLURB
/// (micro) and DDI in BLUE (macro, over its four types). With one label besides the negative one, as in GAD, micro F1 is
/// binary F1. Without a negative label micro F1 is the accuracy.
///
///     RelationScore(gold: ["CPR:3", "false"], predicted: ["CPR:3", "CPR:4"], negative: "false").micro.f1  // 2/3
package struct RelationScore: Sendable, Equatable {
  /// The fraction of correct pairs, the negative label included.
  package let accuracy: Double
  /// Over all pairs, and the unweighted mean over labels, without the negative label.
  package let micro, macro: TypeScore
  /// Of every label but the negative one.
  package let perClass: [String: TypeScore]

  /// - Precondition: there are as many predicted labels as gold ones.
  package init(gold: [String], predicted: [String], negative: String?) {
    self = RelationExamples(gold: gold, predicted: predicted, negative: negative).score
  }

  /// - Parameter names: of the labels but the negative one; see `LabelScores`.
  fileprivate init(_ counts: [MatchCounts], names: [String], accuracy: Double) {
    micro = counts.reduce(MatchCounts(), +).score
    let scores = LabelScores(counts, names: names, support: micro.support)
    (perClass, macro) = (scores.byName, scores.macro)
    self.accuracy = accuracy
  }

  /// The members of `values`, and `{"per_class": {label: {"precision", "recall", "f1", "support"}}, "support": n}`
  package var json: JSON {
    var members = values.mapValues(JSON.double)
    members["per_class"] = .object(perClass.mapValues(\.json))
    members["support"] = .int(micro.support)
    return .object(members)
  }
}

extension RelationScore: MetricSource {
  package var byLabel: [String: TypeScore] { perClass }

  package static let table: [ScoreMetric<RelationScore>] = [
    ScoreMetric("f1_micro", isHeadline: true) { $0.micro.f1 },
    ScoreMetric("f1_macro", isHeadline: true) { $0.macro.f1 },
    ScoreMetric("precision_micro", isHeadline: true) { $0.micro.precision },
    ScoreMetric("recall_micro", isHeadline: true) { $0.micro.recall },
    ScoreMetric("accuracy") { $0.accuracy },
  ]
}

/// Gold and predicted relations, and what their scores are computed from.
package struct RelationExamples: ScoredExamples {
  private let names: [String]
  private let matches: MatchColumns
  private var tally: Tally

  package var count: Int { tally.count }

  /// - Precondition: there are as many predicted labels as gold ones.
  package init(gold: [String], predicted: [String], negative: String?) {
    precondition(gold.count == predicted.count, "\(gold.count) gold labels, \(predicted.count) predicted ones")
    names = Set(gold + predicted).filter { $0 != negative }.sorted(by: precedes)
    let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    matches = MatchColumns(start: 0, names: names.count)
    tally = Tally(columns: matches.end + 1)
    for (gold, predicted) in zip(gold, predicted) {
      for label in Set([gold, predicted]) {
        guard let number = numbers[label] else { continue }
        matches.add(number, gold: label == gold, predicted: label == predicted, to: &tally)
      }
      if gold == predicted { tally.add(to: matches.end) }
      tally.endExample()
    }
  }

  package func score(weights: [Int]) -> RelationScore {
    let sums = tally.sums(weights: weights)
    return RelationScore(
      matches.counts(sums), names: names, accuracy: sums[matches.end] / Double(max(weights.reduce(0, +), 1)))
  }
}
