/// The tokens of a text while they are collected, with the words that they belong to.

struct TokenizedText {
  /// Ids and offsets; the tokens are filled in last.
  var encoding = Encoding()
  /// Tokens whose text differs from the vocabulary's, with their index.
  private(set) var surfaceForms = [(index: Int, token: String)]()
  /// Each word's first token, and its range in the original text without the spaces around it.
  private(set) var words = [(token: Int, range: Range<Int>)]()
  private var nextWord: Range<Int>?

  init(capacity: Int) {
    encoding.ids.reserveCapacity(capacity)
    encoding.offsets.reserveCapacity(capacity)
  }

  /// The next token begins a word; nil if it begins whitespace, which is no word.
  mutating func beginWord(_ range: Range<Int>?) { nextWord = range }

  mutating func append(_ id: Int32, _ offsets: Range<Int>, token: String? = nil) {
    if let nextWord { words.append((encoding.ids.count, nextWord)) }
    nextWord = nil
    if let token { surfaceForms.append((encoding.ids.count, token)) }
    encoding.ids.append(id)
    encoding.offsets.append(offsets)
  }
}

extension Encoding {
  mutating func append(_ specialTokens: [Template.SpecialToken]) {
    for special in specialTokens {
      ids.append(special.id)
      tokens.append(special.token)
      offsets.append(0..<0)
    }
  }

  mutating func append(_ other: Encoding) {
    ids += other.ids
    tokens += other.tokens
    offsets += other.offsets
  }
}
