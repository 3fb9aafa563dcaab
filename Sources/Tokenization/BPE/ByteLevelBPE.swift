/// Byte-level BPE, the tokenizer of GPT-2, RoBERTa and ModernBERT, with exactly the output of the Hugging Face
/// `tokenizers` library (0.23). Does not truncate or pad; `truncation` and `padding` in tokenizer.json are ignored.
import Files

/// A tokenizer loaded from a model folder.
/// ```swift
/// let tokenizer = try loadTokenizer(folder: "models/roberta")
/// tokenizer.encode("Hepatitis B", addSpecialTokens: true).tokens    // <s> Hep atitis ĠB </s>
/// ```
package struct ByteLevelBPE: Tokenizer {
  package let cls, sep, pad, unk: Int32
  package let mask: Int32?

  let source: TokenizerFile
  let model: BPEModel
  /// All tokens, including added ones.
  let vocabulary: Vocabulary
  let addedTokens: [AddedToken]
  /// tokenizer.json's, with the ids of the special tokens.
  let postProcessorJSON: JSON
  let postProcessor: BPEPostProcessor
  let preTokenizer: ByteLevelSettings
  let isNFC: Bool
  /// Find added tokens in the original, and in the normalized text.
  private let originalFinder, normalizedFinder: TokenFinder
  /// Spaces at the beginning and the end of each token.
  private let spaces: [SpaceCounts]
  private let caches = WordCaches()

  /// Reads a model folder whose tokenizer must be of this kind, as `loadTokenizer` does.
  package init(folder: String, addPrefixSpace: Bool? = nil) throws {
    try self.init(TokenizerFile(folder: folder, .init(addPrefixSpace: addPrefixSpace)))
  }

  init(_ source: TokenizerFile) throws(TokenizerFault) {
    let file = source.path
    guard let merges = source.merges else {
      throw .wrongKind(file: file, found: "WordPiece", expected: "BPE")
    }
    model = try BPEModel(source, merges)
    preTokenizer = try ByteLevelSettings(source.tree["pre_tokenizer"], file)
    let isNFC = try Tokenization.isNFC(source.tree["normalizer"], file)
    let (addedTokens, newTokens) = try assignIDs(source.addedTokens, model.vocabulary, file)
    vocabulary =
      newTokens.isEmpty ? model.vocabulary : try Vocabulary(source.tokens + newTokens, prefix: "", file: file)
    var names = try roleNames(source, vocabulary)
    postProcessorJSON = try completed(source.tree["post_processor"] ?? .null, names, vocabulary, file)
    postProcessor = try BPEPostProcessor(postProcessorJSON, file)
    try postProcessor.template.checkIDs(vocabulary, file)
    if let first = postProcessor.template.before.first { names[.cls] = first.token }
    if let last = postProcessor.template.after.last { names[.sep] = last.token }
    if source.config[SpecialTokenRole.unk.key] == nil, let unk = model.unk {
      names[.unk] = model.vocabulary.tokens[Int(unk)]
    }
    cls = try require(.cls, names, vocabulary, file)
    sep = try require(.sep, names, vocabulary, file)
    pad = try require(.pad, names, vocabulary, file)
    unk = try require(.unk, names, vocabulary, file)
    mask = names[.mask].flatMap(vocabulary.id)
    (originalFinder, normalizedFinder) = try TokenFinder.finders(of: addedTokens, file: file) {
      isNFC ? composedText($0, $0.indices).scalars : $0
    }
    spaces = vocabulary.tokens.map { SpaceCounts($0) }
    self.isNFC = isNFC
    self.addedTokens = addedTokens
    self.source = source
  }

  package var tokens: [String] { vocabulary.tokens }

  package var template: Template { postProcessor.template }

  /// Normalizes, splits and tokenizes `text`.
  /// - Parameter addSpecialTokens: whether to add the special tokens of the post-processor, such as `<s>` and `</s>`.
  package func encode(_ text: String, addSpecialTokens: Bool) -> Encoding {
    guard addSpecialTokens else { return tokenize(text).encoding }
    var encoding = Encoding()
    encoding.append(template.before)
    encoding.append(tokenize(text).encoding)
    encoding.append(template.after)
    return encoding
  }

  /// Tokenizes `text` without special tokens, with the words that pre-tokenization splits it into.
  func tokenize(_ text: String) -> TokenizedText {
    var result = idsAndOffsets(of: text)
    for addsPrefixSpace in postProcessor.trims { trimOffsets(of: &result, addsPrefixSpace) }
    result.encoding.tokens = result.encoding.ids.map { vocabulary.tokens[Int($0)] }
    for (index, token) in result.surfaceForms { result.encoding.tokens[index] = token }
    return result
  }

  /// Offsets are not trimmed, and `tokens` is empty.
  func idsAndOffsets(of text: String) -> TokenizedText {
    var text = text
    text.makeContiguousUTF8()
    var result = TokenizedText(capacity: text.utf8.count / 3)
    caches.withCache { tokenize(scalars(of: text), &result, &$0) }
    return result
  }

  private func tokenize(_ text: [UInt32], _ result: inout TokenizedText, _ cache: inout WordCache) {
    for part in originalFinder.matches(in: text, text.indices) {
      if let id = part.id {
        append(id, AlignedText(text, part.range, composing: false), part.range, &result)
        continue
      }
      let normalized = AlignedText(text, part.range, composing: isNFC)
      for part in normalizedFinder.matches(in: normalized.scalars, normalized.range) {
        if let id = part.id {
          append(id, normalized, part.range, &result)
        } else {
          appendWords(normalized, part.range, &result, &cache)
        }
      }
    }
  }

  /// Appends an added token. Its token is the matched text, which may have spaces around it or be normalized.
  private func append(_ id: Int32, _ text: AlignedText, _ range: Range<Int>, _ result: inout TokenizedText) {
    result.beginWord(text.originalRange(ofWord: range))
    let match = text.scalars[range]
    let isExact = vocabulary.tokens[Int(id)].unicodeScalars.lazy.map(\.value).elementsEqual(match)
    result.append(id, text.originalRange(of: range), token: isExact ? nil : string(of: match))
  }

  private func appendWords(
    _ text: AlignedText, _ range: Range<Int>, _ result: inout TokenizedText, _ cache: inout WordCache
  ) {
    var (text, range) = (text, range)
    if preTokenizer.addPrefixSpace, text.scalars[range.lowerBound] != 0x20 {
      text = text.withPrefixSpace(range)
      range = text.range
    }
    func appendWord(_ word: Range<Int>) {
      result.beginWord(text.originalRange(ofWord: word))
      cache.forEachToken(text.scalars, word) {
        model.tokens(text.scalars, word)
      } _: { token in
        let start = word.lowerBound + Int(token.start), end = word.lowerBound + Int(token.end)
        result.append(token.id, text.originalRange(of: start..<end))
      }
    }
    if preTokenizer.usesPattern {
      forEachGPT2Match(text.scalars, range, appendWord)
    } else {
      appendWord(range)
    }
  }

  private func trimOffsets(of text: inout TokenizedText, _ addsPrefixSpace: Bool) {
    var surfaceForms = text.surfaceForms[...]
    for (index, id) in text.encoding.ids.enumerated() {
      var counts = spaces[Int(id)]
      if surfaceForms.first?.index == index { counts = SpaceCounts(surfaceForms.removeFirst().token) }
      counts.trim(&text.encoding.offsets[index], isFirst: index == 0, addsPrefixSpace: addsPrefixSpace)
    }
  }
}

/// The special tokens by role: those that the files name, else those of RoBERTa or of BERT that the vocabulary has.
private func roleNames(
  _ source: TokenizerFile, _ vocabulary: Vocabulary
) throws(TokenizerFault) -> [SpecialTokenRole: String] {
  var names = try specialTokenNames(source.config, source.path)
  for role in SpecialTokenRole.allCases where names[role] == nil {
    let defaults = [TokenizerClass.roberta, source.tokenizerClass].map { $0[role] }
    names[role] = defaults.first { vocabulary.id(of: $0) != nil } ?? defaults[0]
  }
  return names
}

/// The post_processor with the ids of the special tokens, if it is that of `RobertaTokenizer`, which has none.
private func completed(
  _ tree: JSON, _ names: [SpecialTokenRole: String], _ vocabulary: Vocabulary, _ file: String
) throws(TokenizerFault) -> JSON {
  var tree = tree
  for role in [SpecialTokenRole.cls, .sep] where tree["type"] == "RobertaProcessing" && tree[role.rawValue] == nil {
    let id = try require(role, names, vocabulary, file)
    tree = tree.setting(role.rawValue, to: [.string(vocabulary.tokens[Int(id)]), .int(Int(id))])
  }
  return tree
}
