/// Entity-level precision, recall and F1 as seqeval 1.2.2 computes them in its default mode. Does not read files.
import Datasets
public import Files

/// Scores of predicted against gold entities. An entity is correct if its type, start and end are all equal.
///
/// Bit-identical to seqeval's `classification_report(gold, predicted, output_dict=True, zero_division=0)`, also for
/// malformed tags, with one exception: if neither side has an entity, seqeval's macro average is NaN and this one is 0.
///
///     let score = try EntityScore(gold: [["B-Drug", "O"]], predicted: [["B-Drug", "B-Drug"]])
///     score.precision  // 0.5
public struct EntityScore: Sendable, Equatable {
  /// Over all types (seqeval's "micro avg").
  public let precision: Double
  public let recall: Double
  public let f1: Double
  public let support: Int
  public let perType: [String: TypeScore]
  /// The unweighted mean over types.
  public let macro: TypeScore
  /// The mean over types, weighted by support.
  public let weighted: TypeScore

  /// - Parameters:
  ///   - gold: one list of tags per sentence.
  ///   - predicted: the same number of sentences and words.
  /// - Throws: `EntityScoreFault` if the numbers of sentences or words differ.
  public init(gold: [[String]], predicted: [[String]]) throws(EntityScoreFault) {
    guard gold.count == predicted.count else { throw .sentences(gold: gold.count, predicted: predicted.count) }
    for (index, (a, b)) in zip(gold, predicted).enumerated() where a.count != b.count {
      throw .words(sentence: index, gold: a.count, predicted: b.count)
    }
    self.init(goldEntities: seqevalEntities(gold), predictedEntities: seqevalEntities(predicted))
  }

  private init(goldEntities: Set<Span>, predictedEntities: Set<Span>) {
    var counts: [String: MatchCounts] = [:]
    for entity in goldEntities { counts[entity.type, default: MatchCounts()].gold += 1 }
    for entity in predictedEntities {
      counts[entity.type, default: MatchCounts()].predicted += 1
      if goldEntities.contains(entity) { counts[entity.type, default: MatchCounts()].correct += 1 }
    }
    // By code point, as Python sorts: the order of summation affects the last digit of an average.
    let types = counts.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let scores = types.map { counts[$0, default: MatchCounts()].seqevalScore }
    let micro = counts.values.reduce(MatchCounts(), +).seqevalScore
    (precision, recall, f1, support) = (micro.precision, micro.recall, micro.f1, micro.support)
    perType = Dictionary(uniqueKeysWithValues: zip(types, scores))
    macro = average(scores, weights: scores.map { _ in 1 }, support: micro.support)
    weighted = average(scores, weights: scores.map { Double($0.support) }, support: micro.support)
  }

  /// `{"precision", "recall", "f1", "support", "per_type": {type: {…}}, "macro": {…}, "weighted": {…}}`
  public var json: JSON {
    var members = values.mapValues(JSON.double)
    members["support"] = .int(support)
    members["per_type"] = .object(perType.mapValues(\.json))
    (members["macro"], members["weighted"]) = (macro.json, weighted.json)
    return .object(members)
  }
}

extension EntityScore: MetricSource {
  public static let table: [ScoreMetric<EntityScore>] = [
    ScoreMetric("f1", isHeadline: true) { $0.f1 }, ScoreMetric("precision", isHeadline: true) { $0.precision },
    ScoreMetric("recall", isHeadline: true) { $0.recall },
  ]
}

/// Gold and predicted tags that cannot be compared.
public enum EntityScoreFault: Error, Equatable, CustomStringConvertible {
  case sentences(gold: Int, predicted: Int)
  /// `sentence` counts from 0.
  case words(sentence: Int, gold: Int, predicted: Int)

  public var description: String {
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
  fileprivate var seqevalScore: TypeScore {
    let precision = Double(correct) / Double(max(predicted, 1))
    let recall = Double(correct) / Double(max(gold, 1))
    let sum = precision + recall
    let f1 = 2 * precision * recall / (sum == 0 ? 1 : sum)
    return TypeScore(precision: precision, recall: recall, f1: f1, support: gold)
  }
}
