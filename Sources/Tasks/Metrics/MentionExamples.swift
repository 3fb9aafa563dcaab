/// Entities by whether training had an entity of the same words.
import Datasets
import Files

/// The entities of training data by their words: as the file has them, in lower case, whatever their type.
struct SeenMentions: Sendable {
  private var forms: Set<String> = []

  /// - Parameter training: sentences with tags in IOB2.
  init(_ training: any Dataset) {
    for index in 0..<training.count {
      let record = training[index]
      for span in seqevalEntities([record.tags]) { forms.insert(form(span, record.words)) }
    }
  }

  func contains(_ span: Span, of words: [String]) -> Bool { forms.contains(form(span, words)) }
}

private func form(_ span: Span, _ words: [String]) -> String {
  words[span.start..<min(span.end, words.count)].joined(separator: " ").lowercased()
}

/// Gold and predicted entities in two groups. A predicted one belongs to a group by its own words, so that a correct one is in
/// the group of the gold one.
struct MentionExamples: ScoredExamples {
  private static let names = ["seen in training", "not seen in training"]
  private let matches = MatchColumns(start: 0, names: 2)
  private var tally: Tally

  var count: Int { tally.count }

  init(_ sentences: [(gold: Set<Span>, predicted: Set<Span>)], isSeen: (_ sentence: Int, Span) -> Bool) {
    tally = Tally(columns: matches.end)
    for (index, sentence) in sentences.enumerated() {
      for span in sentence.gold.union(sentence.predicted) {
        matches.add(
          isSeen(index, span) ? 0 : 1, gold: sentence.gold.contains(span), predicted: sentence.predicted.contains(span),
          to: &tally)
      }
      tally.endExample()
    }
  }

  func score(weights: [Int]) -> MentionScore {
    let counts = matches.counts(tally.sums(weights: weights))
    return MentionScore(byLabel: LabelScores(counts, names: Self.names, support: 0).byName)
  }
}

/// Of the two groups. It has no metrics of the whole.
struct MentionScore: MetricSource {
  static let table: [ScoreMetric<MentionScore>] = []
  let byLabel: [String: TypeScore]
  var json: JSON { .object(byLabel.mapValues(\.json)) }
}
