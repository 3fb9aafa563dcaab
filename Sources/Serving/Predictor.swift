/// Predicts the entities of texts with every member of a pool.
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

/// The prediction of one member for one text.
public struct Prediction: Sendable {
  public let entities: [Entity]
  /// Token ids and logits of the windows; empty unless logits are requested.
  public let windows: [(ids: [Int32], logits: [[Float]])]
}

public struct Predictor {
  private let pool: AdapterPool
  private let parallelFor: ParallelFor
  private let keepsLogits: Bool

  public init(_ pool: AdapterPool, logits: Bool = false, run parallelFor: @escaping ParallelFor) {
    self.pool = pool
    self.parallelFor = parallelFor
    keepsLogits = logits
  }

  /// Predictions of every member for every text: `result[member][text]`.
  /// - Throws: `NotFinite` if a probability is not finite, as with damaged weights.
  public func predict(_ texts: [String]) throws -> [[Prediction]] {
    try pool.members.map { member in
      try pool.with(member) {
        let words = texts.map { TextWords($0, member.tokenizer) }
        let tags = Tagger(model: pool.model, tokenizer: member.tokenizer, keepsLogits: keepsLogits)
          .tag(words.map(\.tokens), parallelFor)
        guard tags.allSatisfy({ $0.words.allSatisfy(\.probability.isFinite) }) else { throw NotFinite() }
        return zip(words, tags).map { words, tags in
          Prediction(entities: words.entities(tags.words, labels: member.labels), windows: tags.windows)
        }
      }
    }
  }
}

/// A text split into words, with their positions in the text.
private struct TextWords {
  let scalars: [Unicode.Scalar]
  let tokens: TokenizedWords
  /// The range of code points of each word.
  let ranges: [Range<Int>]

  init(_ text: String, _ tokenizer: TextTokenizer) {
    scalars = Array(text.unicodeScalars)
    (tokens, ranges) = tokenizer.words(of: text)
  }

  /// The entities of IOB2 tags. An I- tag without an entity before it starts one, as in scoring.
  func entities(_ tags: [TagPrediction], labels: [String]) -> [Entity] {
    TagScheme.iob2.spans(tags.map { labels[$0.label] }).spans.map { span in
      let start = ranges[span.start].lowerBound, end = ranges[span.end - 1].upperBound
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[start..<end])
      let sum = tags[span.start..<span.end].reduce(0) { $0 + Double($1.probability) }
      return Entity(
        label: span.type, start: start, end: end, text: String(text), probability: sum / Double(span.end - span.start))
    }
  }
}
