/// How a text is split into the words that a token classifier labels.
import Datasets
import Tokenization

/// A model predicts well for words such as those that it was trained on. "5-FU" is one word in some corpora, and three in
/// corpora that are split as BERT splits text.
package enum WordSplitting: String, CaseIterable, Sendable, Codable {
  /// At whitespace, and before and after every punctuation mark, as BERT's pre-tokenizer splits.
  case punctuation
  /// As `outerPunctuation`, and before English clitics, as the Penn Treebank is split: "aspirin's" is "aspirin" and "'s",
  /// "doesn't" is "does" and "n't".
  case contractions
  /// At whitespace, and between a word and the punctuation before and after it: "5-FU" is one word, "(5-FU)." four.
  case outerPunctuation = "outer_punctuation"
  /// At whitespace only.
  case whitespace
}

extension WordSplitting {
  /// The first rule that splits every word off as it is, that of clitics only if some word is one; nil: none does, because
  /// words contain whitespace.
  static func fitting(_ sentences: some Sequence<Record>, _ tokenizer: TextTokenizer) -> WordSplitting? {
    let words = Set(sentences.lazy.flatMap(\.words)), hasClitics = words.contains(where: isClitic)
    return allCases.first { rule in
      (rule != .contractions || hasClitics) && words.allSatisfy { rule.keeps($0, tokenizer) }
    }
  }

  /// Whether it splits the word off as it is, with the tokens of training.
  func keeps(_ word: String, _ tokenizer: TextTokenizer) -> Bool {
    let split = words(of: word, tokenizer)
    return split.ranges.count == 1 && split.tokens.ids == tokenizer.tokenize([word]).ids
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

  /// A chunk without the punctuation at its ends, of which each mark is a word, and without clitics.
  private func separated(_ scalars: [Unicode.Scalar], _ chunk: Range<Int>) -> [Range<Int>] {
    var start = chunk.lowerBound, end = chunk.upperBound
    /// From the last.
    var after: [Range<Int>] = []
    while start < end {
      if isPunctuation(scalars[end - 1]) {
        after.append(end - 1..<end)
      } else if self == .contractions, let clitic = clitic(scalars, start..<end) {
        after.append(clitic)
      } else {
        break
      }
      end -= after[after.count - 1].count
    }
    while start < end, isPunctuation(scalars[start]) { start += 1 }
    let word = start < end ? [start..<end] : []
    return (chunk.lowerBound..<start).map { $0..<$0 + 1 } + word + after.reversed()
  }
}

private func isClitic(_ word: String) -> Bool {
  let scalars = Array(word.unicodeScalars)
  return clitic(scalars, scalars.indices) == scalars.indices
}

/// The clitic at the end of a word; nil: it has none.
private func clitic(_ scalars: [Unicode.Scalar], _ word: Range<Int>) -> Range<Int>? {
  let end = String(scalars[word].suffix(3)).lowercased().replacing("\u{2019}", with: "'")
  guard let clitic = ["n't", "'re", "'ve", "'ll", "'s", "'d", "'m"].first(where: { end.hasSuffix($0) }) else {
    return nil
  }
  return word.upperBound - clitic.unicodeScalars.count..<word.upperBound
}

/// For notes on the rule that was chosen.
extension WordSplitting {
  /// The first word of the training data that a finer rule does not keep, with its place: "'5-FU' (train.tsv:12)"; nil: it
  /// keeps all.
  func reason(in sentences: [Record], _ tokenizer: TextTokenizer) -> String? {
    let hasClitics = sentences.contains { $0.words.contains(where: isClitic) }
    let finer: WordSplitting = self != .whitespace ? .punctuation : hasClitics ? .contractions : .outerPunctuation
    return finer.firstSplit(in: sentences, tokenizer)
  }

  /// The first word that it does not keep, with its place.
  func firstSplit(in sentences: [Record], _ tokenizer: TextTokenizer) -> String? {
    var seen: Set<String> = []
    for sentence in sentences {
      for (index, word) in sentence.words.enumerated() where seen.insert(word).inserted && !keeps(word, tokenizer) {
        let quote = word.contains("'") ? "\"" : "'"
        return "\(quote)\(word.prefix(40))\(quote) (\(sentence.place(ofWord: index)))"
      }
    }
    return nil
  }

  var places: String {
    switch self {
    case .punctuation: "at whitespace and every punctuation mark"
    case .outerPunctuation: "at whitespace and the punctuation around words"
    case .contractions: "at whitespace, the punctuation around words, and before clitics such as 's and n't"
    case .whitespace: "at whitespace only"
    }
  }

  /// What becomes of "aspirin-induced.", "aspirin's." or "aspirin.".
  var consequence: String {
    switch self {
    case .punctuation: "'aspirin-induced.' will be four words"
    case .outerPunctuation: "'aspirin-induced.' will be two words, 'aspirin-induced' and '.'"
    case .contractions: "\"aspirin's.\" will be three words, \"aspirin\", \"'s\" and \".\""
    case .whitespace: "'aspirin.' will be one word, with its full stop"
    }
  }
}
