/// Which word of a record's texts each token of the model's input belongs to.
package import Datasets
import Tokenization

/// A word of a text, as the task or the tokenizer splits texts.
package struct TextWord: Sendable, Equatable {
  /// Index of the text in `WordMap.texts`.
  package let text: Int
  /// Unicode code points of the text; indices of words where the record has words.
  package let range: Range<Int>

  package init(text: Int, range: Range<Int>) { (self.text, self.range) = (text, range) }
}

/// The words of a record's texts, and of each of its sequences the words that its tokens belong to.
package struct WordMap: Sendable {
  /// As the model reads them: with the entities of a relation marked. Each is the list of what ranges count.
  package let texts: [[String]]
  /// Whether ranges count words.
  package let countsWords: Bool
  package private(set) var words: [TextWord] = []
  /// Of each feature, for each token its word's index in `words`; nil: a special token, or whitespace.
  package private(set) var tokens: [[Int?]] = []

  /// The texts of a record, in code points.
  init(texts: [String]) { (self.texts, countsWords) = (texts.map { $0.unicodeScalars.map { String($0) } }, false) }

  /// The words of a record.
  init(words: [String]) { (texts, countsWords) = ([words], true) }

  /// The word's characters.
  package func string(_ word: TextWord) -> String {
    texts[word.text][word.range].joined(separator: countsWords ? " " : "")
  }

  /// Adds a text's words.
  /// - Returns: for each of the text's tokens, its word's index.
  fileprivate mutating func add(_ tokens: TokenizedWords, _ ranges: [Range<Int>], text: Int, from offset: Int = 0)
    -> [Int?]
  {
    let first = words.count
    words += ranges.map { TextWord(text: text, range: $0.lowerBound + offset..<$0.upperBound + offset) }
    var word = -1
    return tokens.ids.indices.map { token in
      while word + 1 < tokens.wordStarts.count, tokens.wordStarts[word + 1] <= token { word += 1 }
      return word < 0 ? nil : first + word
    }
  }

  /// Adds a sequence: tokens of one text, or of two, between special tokens.
  fileprivate mutating func add(_ first: ArraySlice<Int?>, _ second: ArraySlice<Int?>?, _ template: Template) {
    func none(_ count: Int) -> [Int?] { Array(repeating: nil, count: count) }
    var row = none(template.before.count) + first
    if let second { row += none(template.between.count) + second }
    tokens.append(row + none(template.after.count))
  }
}

extension TextInference {
  package func wordMap(_ record: Record, _ tokenizer: TextTokenizer) -> WordMap {
    var map = WordMap(texts: record.texts.isEmpty ? [""] : record.texts)
    let first = record.texts.first ?? "", second = record.texts.count > 1 ? record.texts[1] : nil
    let sequences = readsWindows ? tokenizer.windows(of: first, second) : [tokenizer.encode(first, second)]
    let indices = ([first] + (second.map { [$0] } ?? [])).enumerated().map { number, text in
      let (tokens, words) = tokenizer.words(of: text)
      return map.add(tokens, words, text: number)
    }
    for sequence in sequences {
      map.add(
        indices[0][sequence.firstTokens], sequence.secondTokens.map { indices[1][$0] }, tokenizer.tokenizer.template)
    }
    return map
  }
}

extension TokenClassification {
  package func wordMap(_ record: Record, _ tokenizer: TextTokenizer) -> WordMap {
    var map: WordMap, indices: [Int?], tokens: TokenizedWords
    if let text = record.texts.first {
      let words: [Range<Int>]
      (tokens, words) = splitWords.words(of: text, tokenizer)
      map = WordMap(texts: [text])
      indices = map.add(tokens, words, text: 0)
    } else {
      tokens = tokenizer.tokenize(record.words)
      map = WordMap(words: record.words)
      indices = map.add(tokens, record.words.indices.map { $0..<$0 + 1 }, text: 0)
    }
    if tokens.wordStarts.isEmpty { return map }
    for window in tokenizer.windows(tokens) { map.add(indices[window.tokens], nil, tokenizer.tokenizer.template) }
    return map
  }
}

extension ExtractiveQA {
  package func wordMap(_ record: Record, _ tokenizer: TextTokenizer) -> WordMap {
    let encoded = encode(record, tokenizer), template = tokenizer.tokenizer.template
    var map = WordMap(texts: record.texts)
    let scalars = record.texts[0].unicodeScalars, trimmed = scalars.drop(while: \.properties.isWhitespace)
    let (question, words) = tokenizer.words(of: String(trimmed))
    let questionIndices = map.add(question, words, text: 0, from: scalars.count - trimmed.count)
    let contexts = record.texts.dropFirst().enumerated().flatMap { number, context in
      let (tokens, words) = tokenizer.words(of: context)
      return map.add(tokens, words, text: number + 1)
    }
    for window in encoded.windows {
      let length = window.firstRow - template.before.count - template.between.count
      map.add(questionIndices[..<length], contexts[window.tokens], template)
    }
    return map
  }
}
