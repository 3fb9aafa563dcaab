/// What the rest of the program uses of a tokenizer, and how one is read from a model folder.
package import Files

/// A tokenizer of one kind: `WordPiece`, `ByteLevelBPE`.
package protocol Tokenizer: Sendable {
  /// Special tokens by their role, whatever they are called: `[CLS]` or `<s>`.
  var cls: Int32 { get }
  var sep: Int32 { get }
  var pad: Int32 { get }
  var unk: Int32 { get }
  /// nil if the vocabulary has no mask token.
  var mask: Int32? { get }
  /// The special tokens around a text and a pair of texts.
  var template: Template { get }
  /// All tokens, by id, including added ones.
  var tokens: [String] { get }
  /// By id: whether the token continues a word, for masking whole words.
  var isContinuation: [Bool] { get }
  /// Whether a word has the tokens of `ids(ofWord:)` wherever it stands in a text. Not so in byte-level BPE, where they
  /// depend on the space before it.
  var wordsAreContextFree: Bool { get }

  /// Tokenizes `text`, with its special tokens or without.
  func encode(_ text: String, addSpecialTokens: Bool) -> Encoding
  /// The ids of running text, as in `encode(_:addSpecialTokens:)` without special tokens.
  func ids(of text: String) -> [Int32]
  /// The ids of one word of a pre-tokenized text, as with the library's `is_pretokenized`. A word with punctuation has
  /// several; a word of control characters may have none.
  func ids(ofWord word: String) -> [Int32]
  /// Splits running text into words as the pre-tokenizer does.
  /// - Returns: the encoding without special tokens; and of each word its first token, and its range in the text in code
  ///   points. Whitespace is no word, though it may have tokens.
  func words(of text: String) -> (encoding: Encoding, words: [(token: Int, range: Range<Int>)])

  /// The settings that change tokens, for a run's record.
  var settings: JSON { get }
  /// The SHA-256 of everything else that changes tokens: the vocabulary, merges, added tokens and the template.
  var vocabularyDigest: String { get }
  /// Writes the folder's files, from which `loadTokenizer` and transformers' `AutoTokenizer` load this tokenizer.
  /// - Parameter hasTokenTypes: whether the model has token type ids; if not, `model_input_names` omits them.
  func save(to folder: String, hasTokenTypes: Bool) throws
}

/// Settings that override those of a tokenizer's files; nil: the files decide.
package struct TokenizerOverrides: Sendable, Hashable {
  /// `do_lower_case` of a WordPiece tokenizer.
  package var lowercase: Bool?
  /// `add_prefix_space` of byte-level BPE.
  package var addPrefixSpace: Bool?

  package init(lowercase: Bool? = nil, addPrefixSpace: Bool? = nil) {
    (self.lowercase, self.addPrefixSpace) = (lowercase, addPrefixSpace)
  }

  /// These, and where they are nil, those of `others`.
  package func or(_ others: Self) -> Self {
    Self(lowercase: lowercase ?? others.lowercase, addPrefixSpace: addPrefixSpace ?? others.addPrefixSpace)
  }
}

/// Reads the tokenizer of a model folder from the Hub, as transformers 5 does.
/// - Throws: `TokenizerFault` if it is of an unknown kind or not valid, or if its files contradict each other; `FileFault`
///   if a file cannot be read.
package func loadTokenizer(folder: String, _ overrides: TokenizerOverrides = .init()) throws -> any Tokenizer {
  let file = try TokenizerFile(folder: folder, overrides)
  return file.merges == nil ? try WordPiece(file) : try ByteLevelBPE(file)
}

extension Tokenizer {
  /// The size of the vocabulary, including added tokens.
  package var count: Int { tokens.count }

  /// The token of `id`; the unknown token if `id` is out of range.
  package func token(_ id: Int32) -> String { tokens.indices.contains(Int(id)) ? tokens[Int(id)] : tokens[Int(unk)] }

  /// [CLS], [SEP], [PAD], [UNK], and [MASK] if there is one.
  package var specialTokenIDs: [Int32] { [cls, sep, pad, unk] + (mask.map { [$0] } ?? []) }

  /// `settings`, and the digest of the vocabulary as `vocabulary_sha256`. Tokenizers with the same identity give the
  /// same ids for every text.
  package var identity: JSON { settings.setting("vocabulary_sha256", to: .string(vocabularyDigest)) }

  /// The ids of the special tokens by role.
  var roles: [(SpecialTokenRole, Int32)] {
    [(.pad, pad), (.unk, unk), (.cls, cls), (.sep, sep)] + (mask.map { [(.mask, $0)] } ?? [])
  }

  /// The special tokens by key, as in `settings`.
  var specialTokens: JSON { .object(Dictionary(uniqueKeysWithValues: roles.map { ($0.key, .string(token($1))) })) }
}
