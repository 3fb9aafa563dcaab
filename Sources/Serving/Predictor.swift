/// Text in, entities out, for every member of a pool.
import Autograd
import Models
public import Tasks

/// An entity found in a text.
public struct Entity: Sendable, Equatable {
  public let label: String
  /// Unicode code points of the original text, as Python counts characters.
  public let start, end: Int
  public let text: String
  /// Mean probability of its words' tags.
  public let probability: Double
}

/// What one member says of one text.
public struct Prediction: Sendable {
  public let entities: [Entity]
  /// Token ids of the windows and their logits, where they were asked for.
  public let windows: [(ids: [Int32], logits: [[Float]])]
}

public struct Predictor {
  private let pool: AdapterPool
  private let run: ParallelFor
  private let keepsLogits: Bool

  public init(_ pool: AdapterPool, logits: Bool = false, run: @escaping ParallelFor) {
    self.pool = pool
    self.run = run
    keepsLogits = logits
  }

  /// Predictions for every text, member by member: `result[member][text]`.
  /// - Throws: `NotFinite` where damaged weights give no numbers.
  public func predict(_ texts: [String]) throws -> [[Prediction]] {
    try pool.members.map { member in
      try pool.with(member) {
        let parts = texts.map { RawText($0, member.encoder) }
        let tags = Tagger(model: pool.model, encoder: member.encoder, keepsLogits: keepsLogits)
          .tag(parts.map(\.pieces), run)
        guard tags.allSatisfy({ $0.words.allSatisfy(\.probability.isFinite) }) else { throw NotFinite() }
        return zip(parts, tags).map { part, tags in
          Prediction(entities: part.entities(tags.words, labels: member.labels), windows: tags.windows)
        }
      }
    }
  }
}

/// A text as words with their places in it.
private struct RawText {
  let scalars: [Unicode.Scalar]
  let pieces: TokenizedWords
  /// Code points of each word.
  let words: [Range<Int>]

  init(_ text: String, _ encoder: TextTokenizer) {
    scalars = Array(text.unicodeScalars)
    (pieces, words) = encoder.words(of: text)
  }

  /// Entities of IOB2 tags; a stray I- starts one, as in scoring.
  func entities(_ tags: [TagPrediction], labels: [String]) -> [Entity] {
    TagScheme.iob2.spans(tags.map { labels[$0.label] }).spans.map { span in
      let start = words[span.start].lowerBound, end = words[span.end - 1].upperBound
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[start..<end])
      let sum = tags[span.start..<span.end].reduce(0) { $0 + Double($1.probability) }
      return Entity(
        label: span.type, start: start, end: end, text: String(text), probability: sum / Double(span.end - span.start))
    }
  }
}
