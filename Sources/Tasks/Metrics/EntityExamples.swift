/// Sentences with gold and predicted tags, and what their scores are computed from.
import Datasets
import Files

package struct EntityExamples: ScoredExamples {
  /// Entity types, sorted by code point.
  private let names: [String]
  private let entities, strict, words: MatchColumns
  private let calibration: CalibrationColumns
  private let knowsProbabilities: Bool
  private var tally: Tally

  package var count: Int { tally.count }
  /// The columns of the relaxed rules' matches, and then those of predicted and gold entities.
  private var relaxed: Int { calibration.end }
  private var relaxedTotals: Int { relaxed + RelaxedRule.allCases.count }

  /// - Parameters:
  ///   - gold: one list of tags per sentence.
  ///   - predicted: the same number of sentences and words.
  ///   - strict: the entities by the rules of the tag scheme.
  ///   - probabilities: of each predicted tag, and whether the tag is right.
  /// - Throws: `EntityScoreFault` if the numbers of sentences or words differ.
  init(
    gold: [[String]], predicted: [[String]], strict strictEntities: (gold: [[Span]], predicted: [[Span]]),
    probabilities: [[(probability: Double, isRight: Bool)]]? = nil
  ) throws(EntityScoreFault) {
    guard gold.count == predicted.count else { throw .sentences(gold: gold.count, predicted: predicted.count) }
    for (index, (a, b)) in zip(gold, predicted).enumerated() where a.count != b.count {
      throw .words(sentence: index, gold: a.count, predicted: b.count)
    }
    let sentences = zip(gold, predicted).map { Sentence(gold: $0, predicted: $1) }
    let strictTypes = (strictEntities.gold + strictEntities.predicted).flatMap { $0.map(\.type) }
    names = Set(sentences.flatMap(\.types) + strictTypes).sorted(by: precedes)
    entities = MatchColumns(start: 0, names: names.count)
    strict = MatchColumns(start: entities.end, names: names.count)
    words = MatchColumns(start: strict.end, names: names.count)
    calibration = CalibrationColumns(start: words.end)
    knowsProbabilities = probabilities != nil
    tally = Tally(columns: calibration.end + RelaxedRule.allCases.count + 2)
    let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    for (index, sentence) in sentences.enumerated() {
      add(sentence.entities, to: entities, numbers)
      add((Set(strictEntities.gold[index]), Set(strictEntities.predicted[index])), to: strict, numbers)
      add(sentence.words, to: words, numbers)
      addRelaxed(sentence.spans)
      for (probability, isRight) in probabilities?[index] ?? [] {
        calibration.add(probability, isRight: isRight, to: &tally)
      }
      tally.endExample()
    }
  }

  private mutating func add(
    _ sets: (gold: Set<Span>, predicted: Set<Span>), to columns: MatchColumns, _ numbers: [String: Int]
  ) {
    for entity in sets.gold.union(sets.predicted) {
      columns.add(
        numbers[entity.type] ?? 0, gold: sets.gold.contains(entity), predicted: sets.predicted.contains(entity),
        to: &tally)
    }
  }

  private mutating func addRelaxed(_ spans: (gold: [Span], predicted: [Span])) {
    for (offset, rule) in RelaxedRule.allCases.enumerated() {
      tally.add(rule.matches(gold: spans.gold, predicted: spans.predicted), to: relaxed + offset)
    }
    tally.add(Double(spans.predicted.count), to: relaxedTotals)
    tally.add(Double(spans.gold.count), to: relaxedTotals + 1)
  }

  package func score(weights: [Int]) -> EntityScore {
    let sums = tally.sums(weights: weights)
    let relaxedScores = RelaxedRule.allCases.enumerated().map { offset, rule in
      (
        rule,
        TypeScore(
          correct: sums[relaxed + offset], predicted: Int(sums[relaxedTotals]), gold: Int(sums[relaxedTotals + 1]))
      )
    }
    return EntityScore(
      entities.counts(sums), names: names, strict: strict.counts(sums).reduce(MatchCounts(), +),
      words: words.counts(sums), relaxed: Dictionary(uniqueKeysWithValues: relaxedScores),
      calibrationError: knowsProbabilities ? calibration.error(sums) : nil)
  }
}

/// What is compared of a sentence.
private struct Sentence {
  /// seqeval's in its default mode.
  let entities: (gold: Set<Span>, predicted: Set<Span>)
  /// Each word with a tag of a type.
  let words: (gold: Set<Span>, predicted: Set<Span>)
  /// As the tags are read elsewhere.
  let spans: (gold: [Span], predicted: [Span])

  init(gold: [String], predicted: [String]) {
    entities = (seqevalEntities([gold]), seqevalEntities([predicted]))
    words = (seqevalEntities([gold.map(asFirst)]), seqevalEntities([predicted.map(asFirst)]))
    spans = (TagScheme.iob2.spans(gold).spans, TagScheme.iob2.spans(predicted).spans)
  }

  var types: [String] {
    (Array(entities.gold) + entities.predicted + words.gold + words.predicted).map(\.type)
  }
}

/// I-X as B-X, so that every word is an entity, as BLURB's preparation of EBM PICO does.
private func asFirst(_ tag: String) -> String { tag.hasPrefix("I-") ? "B-" + tag.dropFirst(2) : tag }
