/// BERT's WordPiece tokenizer, with exactly the output of the Hugging Face `tokenizers` library (0.23).
/// Does not truncate or pad; `truncation` and `padding` in tokenizer.json are ignored.
import Files

/// A tokenizer loaded from a model folder, or created from a vocabulary.
/// ```swift
/// let tokenizer = try WordPiece(folder: "models/pubmedbert")
/// tokenizer.encode("Hepatitis B", addSpecialTokens: true).tokens    // [CLS] hepatitis b [SEP]
/// ```
package struct WordPiece: Tokenizer {
  package let cls, sep, pad, unk: Int32
  /// nil if the vocabulary has no mask token.
  package let mask: Int32?

  let source: TokenizerFile
  /// All tokens, including added ones.
  let vocabulary: Vocabulary
  /// The vocabulary of the WordPiece model, without tokens added later.
  let modelVocabulary: Vocabulary
  let normalizer: Normalizer
  package let template: Template
  /// Longer words become the unknown token.
  let maxInputCharsPerWord: Int
  let addedTokens: [AddedToken]
  /// Find added tokens in the original, and in the normalized text.
  private let originalFinder, normalizedFinder: TokenFinder

  /// Reads a model folder whose tokenizer must be of this kind, as `loadTokenizer` does.
  package init(folder: String, lowercase: Bool? = nil) throws {
    try self.init(TokenizerFile(folder: folder, .init(lowercase: lowercase)))
  }

  /// A tokenizer with the given vocabulary, by id; it must have [PAD], [UNK], [CLS] and [SEP].
  /// - Parameter stripAccents: nil removes accents if `lowercase` is true, as in BERT.
  /// - Throws: `TokenizerFault` if a special token is missing or a token occurs twice.
  package init(vocabulary: [String], lowercase: Bool, stripAccents: Bool? = nil, handleChineseChars: Bool = true) throws
  {
    let settings: [String: JSON] = [
      "do_lower_case": .bool(lowercase), "tokenize_chinese_chars": .bool(handleChineseChars),
      "strip_accents": stripAccents.map(JSON.bool) ?? .null,
    ]
    let added = SpecialTokenRole.allCases.map { NamedToken(default: $0.defaultContent, file: "vocabulary") }
    let tree = try bertTokenizerJSON(settings, "vocabulary")
    try self.init(
      TokenizerFile(path: "vocabulary", tree: tree, tokens: vocabulary, addedTokens: added, config: settings))
  }

  init(_ source: TokenizerFile) throws(TokenizerFault) {
    let file = source.path
    guard source.merges == nil else {
      throw .wrongKind(file: file, found: "BPE", expected: "WordPiece")
    }
    let model = try ModelSettings(source.tree["model"], file)
    normalizer = try Normalizer(source.tree["normalizer"], file)
    try checkPreTokenizer(source.tree["pre_tokenizer"], file)
    var specialTokens = try specialTokenNames(source.config, file)
    specialTokens[.unk] = model.unkToken
    let prefix = model.continuingSubwordPrefix
    var modelVocabulary = try Vocabulary(source.tokens, prefix: prefix, file: file)
    let (addedTokens, newTokens) = try assignIDs(source.addedTokens, modelVocabulary, file)
    if newTokens.isEmpty, source.tokens.last == "" {
      modelVocabulary = try Vocabulary(source.tokens.dropLast(), prefix: prefix, file: file)
    }
    // As in the library, words are split by the model's vocabulary only; new added tokens are only matched as a whole.
    vocabulary =
      newTokens.isEmpty ? modelVocabulary : try Vocabulary(source.tokens + newTokens, prefix: prefix, file: file)
    self.modelVocabulary = modelVocabulary
    self.addedTokens = addedTokens
    template = try Template(source.tree["post_processor"], specialTokens, vocabulary, file)
    if let first = template.before.first { specialTokens[.cls] = first.token }
    if let last = template.after.last { specialTokens[.sep] = last.token }
    // Not an added token: the model itself uses it.
    unk = try require(.unk, specialTokens, modelVocabulary, file)
    pad = try require(.pad, specialTokens, vocabulary, file)
    cls = try require(.cls, specialTokens, vocabulary, file)
    sep = try require(.sep, specialTokens, vocabulary, file)
    mask = vocabulary.id(of: specialTokens[.mask] ?? SpecialTokenRole.mask.defaultContent)
    maxInputCharsPerWord = model.maxInputCharsPerWord
    self.source = source
    let normalizer = normalizer
    (originalFinder, normalizedFinder) = try TokenFinder.finders(of: addedTokens, file: file) {
      normalizer.normalize($0, $0.indices).scalars
    }
  }

  package var tokens: [String] { vocabulary.tokens }

  /// Normalizes, splits and tokenizes `text`.
  /// - Parameter addSpecialTokens: whether to add [CLS] and [SEP].
  package func encode(_ text: String, addSpecialTokens: Bool) -> Encoding {
    var text = text
    text.makeContiguousUTF8()
    var builder = EncodingBuilder(capacity: text.utf8.count / 3 + 2)
    if addSpecialTokens { for special in template.before { builder.append(special.id, 0..<0, token: special.token) } }
    tokenize(scalars(of: text), into: &builder)
    if addSpecialTokens { for special in template.after { builder.append(special.id, 0..<0, token: special.token) } }
    var tokens = builder.ids.map { vocabulary.tokens[Int($0)] }
    for (index, token) in builder.surfaceForms { tokens[index] = token }
    return Encoding(ids: builder.ids, tokens: tokens, offsets: builder.offsets)
  }

  package func ids(ofWord word: String) -> [Int32] {
    var builder = EncodingBuilder(capacity: 4)
    tokenize(scalars(of: word), into: &builder)
    return builder.ids
  }

  /// Splits `text` into added tokens and the words between them. Calls `token` with each added token's id, its range in
  /// the text and the matched scalars; and `word` with a normalized text and the word's range in it.
  func forEachPart(
    of text: [UInt32], token: (Int32, Range<Int>, ArraySlice<UInt32>) -> Void,
    word: (NormalizedText, Range<Int>) -> Void
  ) {
    for part in originalFinder.matches(in: text, text.indices) {
      if let id = part.id {
        token(id, part.range, text[part.range])
        continue
      }
      let normalized = normalizer.normalize(text, part.range)
      for part in normalizedFinder.matches(in: normalized.scalars, normalized.scalars.indices) {
        if let id = part.id {
          token(id, normalized.originalRange(of: part.range), normalized.scalars[part.range])
        } else {
          forEachWord(normalized.scalars, part.range) { word(normalized, $0) }
        }
      }
    }
  }

  private func tokenize(_ text: [UInt32], into builder: inout EncodingBuilder) {
    forEachPart(of: text) { id, range, match in
      builder.append(id, range, token: surfaceForm(of: id, match))
    } word: { normalized, word in
      tokenizeWord(normalized, word, into: &builder)
    }
  }

  private func tokenizeWord(_ text: NormalizedText, _ word: Range<Int>, into builder: inout EncodingBuilder) {
    let countBefore = builder.ids.count
    let isKnown =
      word.count <= maxInputCharsPerWord
      && modelVocabulary.forEachToken(text.scalars, word) { id, range in
        builder.append(id, text.originalRange(of: range))
      }
    if !isKnown {
      builder.truncate(to: countBefore)
      builder.append(unk, text.originalRange(of: word))
    }
  }

  /// The matched text of an added token if it differs from the token: with whitespace, or normalized.
  private func surfaceForm(of id: Int32, _ match: ArraySlice<UInt32>) -> String? {
    let token = vocabulary.tokens[Int(id)]
    return token.unicodeScalars.lazy.map(\.value).elementsEqual(match) ? nil : string(of: match)
  }
}

/// An encoding under construction.
private struct EncodingBuilder {
  var ids = [Int32]()
  var offsets = [Range<Int>]()
  /// Tokens whose text differs from the vocabulary's, with their index.
  var surfaceForms = [(Int, String)]()

  init(capacity: Int) {
    ids.reserveCapacity(capacity)
    offsets.reserveCapacity(capacity)
  }

  mutating func append(_ id: Int32, _ offset: Range<Int>, token: String? = nil) {
    if let token { surfaceForms.append((ids.count, token)) }
    ids.append(id)
    offsets.append(offset)
  }

  mutating func truncate(to count: Int) {
    ids.removeLast(ids.count - count)
    offsets.removeLast(offsets.count - count)
  }
}

func scalars(of text: String) -> [UInt32] {
  var scalars = [UInt32]()
  appendScalars(of: text, to: &scalars)
  return scalars
}
