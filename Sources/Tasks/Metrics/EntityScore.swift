/// Precision, recall and F1 of entities: as seqeval 1.2.2 computes them in its default mode, and by other rules. Does not
/// read files.
package import Datasets
package import Files

/// Scores of predicted against gold entities. An entity is correct if its type, start and end are all equal.
///
/// Bit-identical to seqeval's `classification_report(gold, predicted, output_dict=True, zero_division=0)`, also for
/// malformed tags, with one exception: if neither side has an entity, seqeval's macro average is NaN and this one is 0.
///
///     let score = try EntityScore(gold: [["B-Drug", "O"]], predicted: [["B-Drug", "B-Drug"]])
///     score.precision  // 0.5
package struct EntityScore: Sendable, Equatable {
  /// Over all types (seqeval's "micro avg").
  package let precision: Double
  package let recall: Double
  package let f1: Double
  package let support: Int
  package let perType: [String: TypeScore]
  /// The unweighted mean over types.
  package let macro: TypeScore
  /// The mean over types, weighted by support.
  package let weighted: TypeScore
  /// Over all types, with entities that end where the tag scheme says (seqeval with mode="strict" and a scheme).
  package let strict: TypeScore
  /// nervaluate's scores over all types; see `RelaxedRule`.
  package let relaxed: [RelaxedRule: TypeScore]
  /// The unweighted mean of F1 over types, in which every word of an entity counts by itself, as for EBM PICO in BLURB.
  package let wordMacroF1: Double
  /// Of the words' predicted tags; nil: their probabilities are not known.
  package let calibrationError: Double?

  /// - Parameters:
  ///   - gold: one list of tags per sentence.
  ///   - predicted: the same number of sentences and words.
  ///   - scheme: that of the tags, for the strict score.
  /// - Throws: `EntityScoreFault` if the numbers of sentences or words differ.
  package init(gold: [[String]], predicted: [[String]], scheme: TagScheme = .iob2) throws(EntityScoreFault) {
    self = try EntityExamples(
      gold: gold, predicted: predicted,
      strict: (gold.map { strictEntities($0, scheme) }, predicted.map { strictEntities($0, scheme) })
    ).score
  }

  /// - Parameters:
  ///   - counts: of each type; see `LabelScores`.
  ///   - words: counts of words, by type.
  init(
    _ counts: [MatchCounts], names: [String], strict: MatchCounts, words: [MatchCounts],
    relaxed: [RelaxedRule: TypeScore], calibrationError: Double?
  ) {
    func scores(_ counts: [MatchCounts], support: Int) -> LabelScores {
      LabelScores(counts, names: names, support: support) { $0.seqevalScore }
    }
    let micro = counts.reduce(MatchCounts(), +).seqevalScore
    (precision, recall, f1, support) = (micro.precision, micro.recall, micro.f1, micro.support)
    let types = scores(counts, support: micro.support)
    (perType, macro, weighted) = (types.byName, types.macro, types.weighted)
    self.strict = strict.seqevalScore
    self.relaxed = relaxed
    wordMacroF1 = scores(words, support: 0).macro.f1
    self.calibrationError = calibrationError
  }

  /// `{"precision", "recall", "f1", "support", "per_type": {type: {…}}, "macro": {…}, "weighted": {…}, …}`
  package var json: JSON {
    var members = values.mapValues(JSON.double)
    members["support"] = .int(support)
    members["per_type"] = .object(perType.mapValues(\.json))
    (members["macro"], members["weighted"]) = (macro.json, weighted.json)
    return .object(members)
  }
}

extension EntityScore: MetricSource {
  package static let table: [ScoreMetric<EntityScore>] =
    [
      ScoreMetric("f1", isHeadline: true) { $0.f1 }, ScoreMetric("precision", isHeadline: true) { $0.precision },
      ScoreMetric("recall", isHeadline: true) { $0.recall },
      ScoreMetric("f1_strict") { $0.strict.f1 }, ScoreMetric("precision_strict") { $0.strict.precision },
      ScoreMetric("recall_strict") { $0.strict.recall },
    ]
    + RelaxedRule.allCases.flatMap { rule in
      [
        ScoreMetric("f1_\(rule.rawValue)") { $0.relaxed[rule]?.f1 },
        ScoreMetric("precision_\(rule.rawValue)") { $0.relaxed[rule]?.precision },
        ScoreMetric("recall_\(rule.rawValue)") { $0.relaxed[rule]?.recall },
      ]
    } + [
      ScoreMetric("f1_word_macro") { $0.wordMacroF1 },
      ScoreMetric("ece", higherIsBetter: false) { $0.calibrationError },
    ]

  package var byLabel: [String: TypeScore] { perType }
  package var inapplicable: Set<String> { calibrationError == nil && support > 0 ? ["ece"] : [] }
}

/// Gold and predicted tags that cannot be compared.
package enum EntityScoreFault: Error, Equatable, CustomStringConvertible {
  case sentences(gold: Int, predicted: Int)
  /// `sentence` counts from 0.
  case words(sentence: Int, gold: Int, predicted: Int)

  package var description: String {
    switch self {
    case .sentences(let gold, let predicted):
      "The gold tags have \(gold) sentences, the predicted tags \(predicted); expected equal numbers. "
        + "Are both from the same corpus?"
    case .words(let sentence, let gold, let predicted):
      "Sentence \(sentence + 1): \(gold) gold tags but \(predicted) predicted tags; expected equal numbers. "
        + "Are both from the same corpus? Was the sentence truncated?"
    }
  }
}

extension MatchCounts {
  /// 0 if a denominator is 0; the operations are in seqeval's order.
  fileprivate var seqevalScore: TypeScore { TypeScore(correct: Double(correct), predicted: predicted, gold: gold) }
}

extension TypeScore {
  init(correct: Double, predicted: Int, gold: Int) {
    precision = correct / Double(max(predicted, 1))
    recall = correct / Double(max(gold, 1))
    let sum = precision + recall
    f1 = 2 * precision * recall / (sum == 0 ? 1 : sum)
    support = gold
  }
}
