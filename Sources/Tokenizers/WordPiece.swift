import Files

/// Splits text into the pieces of a BERT vocabulary, exactly as the Hugging Face `tokenizers` library (0.23) does.
/// Does not cut long texts or pad short ones, whatever `truncation` and `padding` say in tokenizer.json.
/// ```swift
/// let tokenizer = try WordPiece(folder: "models/pubmedbert")
/// tokenizer.encode("Hepatitis B", specials: true).tokens    // [CLS] hepatitis b [SEP]
/// ```
public struct WordPiece: Sendable {
  public let cls, sep, pad, unk: Int32
  /// nil when the vocabulary has no such token.
  public let mask: Int32?

  let source: TokenizerFile
  /// All tokens, and those that words are split into: the same, but for tokens added after the model was trained.
  let vocabulary, pieces: Vocabulary
  let normalizer: Normalizer
  let template: Template
  let names: [SpecialTokenRole: String]
  /// Longer words are unknown.
  let maxInputCharsPerWord: Int
  let added: [AddedToken]
  private let raw, normal: TokenFinder

  /// Reads a model folder as the Hub has it: tokenizer.json, or else vocab.txt; and what tokenizer_config.json and
  /// special_tokens_map.json say beside them.
  /// - Throws: `TokenizerFault` for what is not a sound WordPiece model; `FileFault` for what cannot be read.
  public init(folder: String) throws {
    try self.init(TokenizerFile(folder: folder))
  }

  /// A tokenizer over `vocabulary`, whose places are the ids and which has [PAD], [UNK], [CLS] and [SEP].
  /// - Parameter stripAccents: nil strips them when lower-casing, as BERT does.
  /// - Throws: `TokenizerFault` for a token that is missing or there twice.
  public init(vocabulary: [String], lowercase: Bool, stripAccents: Bool? = nil, handleChineseChars: Bool = true) throws
  {
    let settings: [String: JSON] = [
      "do_lower_case": .bool(lowercase), "tokenize_chinese_chars": .bool(handleChineseChars),
      "strip_accents": stripAccents.map(JSON.bool) ?? .null,
    ]
    let tree = try defaultTokenizerJSON(settings, "vocabulary")
    try self.init(TokenizerFile(path: "vocabulary", tree: tree, tokens: vocabulary, config: settings))
  }

  init(_ source: TokenizerFile) throws(TokenizerFault) {
    let file = source.path
    let model = try ModelSettings(source.tree["model"], file)
    normalizer = try Normalizer(source.tree["normalizer"], file)
    try checkSplitter(source.tree["pre_tokenizer"], file)
    var names = try specialNames(source.config, file)
    names[.unk] = model.unknown
    var vocabulary = try Vocabulary(source.tokens, prefix: model.prefix, file: file)
    let (added, new) = try addedTokens(source.tree["added_tokens"], vocabulary, file)
    // The library splits words by its own vocabulary alone; tokens that were added to it are only ever found whole.
    pieces = vocabulary
    if !new.isEmpty { vocabulary = try Vocabulary(source.tokens + new, prefix: model.prefix, file: file) }
    self.vocabulary = vocabulary
    self.added = added
    template = try Template(source.tree["post_processor"], names, vocabulary, file)
    if let first = template.before.first { names[.cls] = first.token }
    if let last = template.after.last { names[.sep] = last.token }
    (unk, pad) = (try require(.unk, names, vocabulary, file), try require(.pad, names, vocabulary, file))
    (cls, sep) = (try require(.cls, names, vocabulary, file), try require(.sep, names, vocabulary, file))
    mask = vocabulary.id(of: names[.mask] ?? SpecialTokenRole.mask.defaultContent)
    maxInputCharsPerWord = model.maxInputCharsPerWord
    self.names = names
    self.source = source
    let normalizer = normalizer
    raw = try TokenFinder(added.filter { !$0.normalized }.map { ($0, scalars(of: $0.content)) }, file: file)
    normal = try TokenFinder(
      added.filter(\.normalized).map { token in
        let content = scalars(of: token.content)
        return (token, normalizer.normalize(content, content.indices).scalars)
      }, file: file)
  }

  /// How many ids there are.
  public var count: Int { vocabulary.count }

  /// All tokens, by id.
  public var tokens: [String] { vocabulary.tokens }

  /// The token of `id`; the unknown one for an id that there is not.
  public func token(_ id: Int32) -> String {
    vocabulary.tokens.indices.contains(Int(id)) ? vocabulary.tokens[Int(id)] : vocabulary.tokens[Int(unk)]
  }

  /// The pieces of `text`.
  /// - Parameter specials: whether to put [CLS] before and [SEP] after.
  public func encode(_ text: String, specials: Bool) -> Encoding {
    var text = text
    text.makeContiguousUTF8()
    var pieces = Pieces(expected: text.utf8.count / 3 + 2)
    if specials { for piece in template.before { pieces.append(piece.id, 0..<0, token: piece.token) } }
    split(scalars(of: text), into: &pieces)
    if specials { for piece in template.after { pieces.append(piece.id, 0..<0, token: piece.token) } }
    var tokens = pieces.ids.map { vocabulary.tokens[Int($0)] }
    for (place, token) in pieces.spelled { tokens[place] = token }
    return Encoding(ids: pieces.ids, tokens: tokens, offsets: pieces.offsets)
  }

  /// The ids of one word of a text that comes in words, without [CLS] and [SEP], as the library's `is_pretokenized`
  /// gives them. A word with punctuation in it has several, a word of control characters none.
  public func pieces(ofWord word: String) -> [Int32] {
    var pieces = Pieces(expected: 4)
    split(scalars(of: word), into: &pieces)
    return pieces.ids
  }

  /// Cuts `text` into the added tokens that are found in it and the words between them. Calls `token` with each token's
  /// id, its place in the text, and what it was found as; and `word` with a normal form and the word's range in it.
  func forEachPart(
    of text: [UInt32], token: (Int32, Range<Int>, ArraySlice<UInt32>) -> Void,
    word: (AlignedText, Range<Int>) -> Void
  ) {
    for part in raw.matches(in: text, text.indices) {
      if let id = part.id {
        token(id, part.range, text[part.range])
        continue
      }
      let normalized = normalizer.normalize(text, part.range)
      for part in normal.matches(in: normalized.scalars, normalized.scalars.indices) {
        if let id = part.id {
          token(id, normalized.origin(of: part.range), normalized.scalars[part.range])
        } else {
          forEachWord(normalized.scalars, part.range) { word(normalized, $0) }
        }
      }
    }
  }

  private func split(_ text: [UInt32], into pieces: inout Pieces) {
    forEachPart(of: text) { id, range, found in
      pieces.append(id, range, token: spelling(of: id, found))
    } word: { normalized, word in
      splitWord(normalized, word, into: &pieces)
    }
  }

  private func splitWord(_ text: AlignedText, _ word: Range<Int>, into pieces: inout Pieces) {
    let before = pieces.ids.count
    let known =
      word.count <= maxInputCharsPerWord
      && self.pieces.forEachPiece(text.scalars, word) { id, range in pieces.append(id, text.origin(of: range)) }
    if !known {
      pieces.cut(to: before)
      pieces.append(unk, text.origin(of: word))
    }
  }

  /// What an added token was found as, where that is not the token itself: with white space, or in normal form.
  private func spelling(of id: Int32, _ found: ArraySlice<UInt32>) -> String? {
    let token = vocabulary.tokens[Int(id)]
    return token.unicodeScalars.lazy.map(\.value).elementsEqual(found) ? nil : string(of: found)
  }
}

/// An encoding under way.
private struct Pieces {
  var ids = [Int32]()
  var offsets = [Range<Int>]()
  /// Tokens that are not spelled as the vocabulary has them, by place.
  var spelled = [(Int, String)]()

  init(expected: Int) {
    ids.reserveCapacity(expected)
    offsets.reserveCapacity(expected)
  }

  mutating func append(_ id: Int32, _ offset: Range<Int>, token: String? = nil) {
    if let token { spelled.append((ids.count, token)) }
    ids.append(id)
    offsets.append(offset)
  }

  mutating func cut(to count: Int) {
    ids.removeLast(ids.count - count)
    offsets.removeLast(offsets.count - count)
  }
}

func scalars(of text: String) -> [UInt32] {
  var scalars = [UInt32]()
  appendScalars(of: text, to: &scalars)
  return scalars
}
