/// How a text is split into the words that a token classifier labels.
import Datasets
import Tokenization

/// A model predicts well for words such as those that it was trained on. "5-FU" is one word in some corpora, and three in
/// corpora that are split as BERT splits text.
package enum WordSplitting: String, CaseIterable, Sendable, Codable {
  /// At whitespace, and before and after every punctuation mark, as BERT's pre-tokenizer splits.
  case punctuation
  /// At whitespace, and between a word and the punctuation before and after it: "5-FU" is one word, "(5-FU)." four.
  case outerPunctuation = "outer_punctuation"
  /// At whitespace only.
  case whitespace
}

extension WordSplitting {
  /// The first rule that splits every word off as it is; nil: none does, because words contain whitespace.
  static func fitting(_ sentences: some Sequence<Record>, _ tokenizer: TextTokenizer) -> WordSplitting? {
    let words = Set(sentences.lazy.flatMap(\.words))
    return allCases.first { rule in
      words.allSatisfy { word in
        let split = rule.words(of: word, tokenizer)
        return split.ranges.count == 1 && split.tokens.ids == tokenizer.tokenize([word]).ids
      }
    }
  }

  /// - Returns: the words' tokens, and the code points of the text that each word covers.
  func words(of text: String, _ tokenizer: TextTokenizer) -> (tokens: TokenizedWords, ranges: [Range<Int>]) {
    if self == .punctuation, tokenizer.tokenizer.wordsAreContextFree {
      let (tokens, ranges) = tokenizer.words(of: text)
      return (tokens, ranges)
    }
    let scalars = Array(text.unicodeScalars), ranges = ranges(of: scalars)
    return (tokenizer.tokenize(ranges.map { String(scalars[$0]) }), ranges)
  }

  private func ranges(of scalars: [Unicode.Scalar]) -> [Range<Int>] {
    if self == .punctuation { return wordsAtPunctuation(scalars) }
    let chunks = scalars.indices.split { scalars[$0].properties.isWhitespace }.map { $0.startIndex..<$0.endIndex }
    return self == .whitespace ? chunks : chunks.flatMap { separated(scalars, $0) }
  }

  /// A chunk without the punctuation at its ends, of which each mark is a word.
  private func separated(_ scalars: [Unicode.Scalar], _ chunk: Range<Int>) -> [Range<Int>] {
    var start = chunk.lowerBound, end = chunk.upperBound
    while start < end, isPunctuation(scalars[start]) { start += 1 }
    while end > start, isPunctuation(scalars[end - 1]) { end -= 1 }
    let word = start < end ? [start..<end] : []
    return (chunk.lowerBound..<start).map { $0..<$0 + 1 } + word + (end..<chunk.upperBound).map { $0..<$0 + 1 }
  }
}
