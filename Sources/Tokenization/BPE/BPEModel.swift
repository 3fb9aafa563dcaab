/// The `model` section of a byte-level BPE tokenizer: the tokens of one word. Does not split a text into words.
import Files

struct BPEModel: Sendable {
  /// The tokens of the model, without those added later.
  let vocabulary: Vocabulary
  /// Pairs by rank, as in merges.txt.
  let pairs: [Merges.Pair]
  /// What a byte without a token becomes; nil drops it.
  let unk: Int32?
  /// A word that is in the vocabulary is not split, whatever the merges say.
  let ignoreMerges: Bool
  private let merges: MergeTable
  /// The token of each byte; nil if the vocabulary has none.
  private let byteTokens: [Int32?]

  /// - Throws: `TokenizerFault` if a merge's token is not in the vocabulary, or if a setting is not supported.
  init(_ file: TokenizerFile, _ mergesFile: Merges) throws(TokenizerFault) {
    let vocabulary = try Vocabulary(file.tokens, prefix: "", file: file.path)
    let settings = try BPESettings(file.tree["model"], file.path)
    let byteTokens = ByteAlphabet.scalars.map { vocabulary.id(of: string(of: [$0])) }
    try settings.checkMissingBytes(hasAll: !byteTokens.contains(nil), file.path)
    var merges = [(left: Int32, right: Int32, merged: Int32)]()
    merges.reserveCapacity(mergesFile.pairs.count)
    for (rank, pair) in mergesFile.pairs.enumerated() {
      guard let left = vocabulary.id(of: pair.left), let right = vocabulary.id(of: pair.right),
        let merged = vocabulary.id(of: pair.left + pair.right)
      else { throw .mergeNotInVocabulary(file: mergesFile.path, merge: rank, pair: "\(pair.left) \(pair.right)") }
      merges.append((left, right, merged))
    }
    if let unkToken = settings.unkToken {
      guard let id = vocabulary.id(of: unkToken) else {
        throw .missingToken(file: file.path, token: unkToken, role: SpecialTokenRole.unk.rawValue)
      }
      unk = id
    } else {
      unk = nil
    }
    self.vocabulary = vocabulary
    self.byteTokens = byteTokens
    self.merges = MergeTable(merges)
    pairs = mergesFile.pairs
    ignoreMerges = settings.ignoreMerges
  }

  /// The tokens of the word `text[range]`.
  func tokens(_ text: [UInt32], _ range: Range<Int>) -> [WordToken] {
    if ignoreMerges, let id = vocabulary.id(of: string(of: byteForm(text[range]))) {
      return [WordToken(id: id, start: 0, end: Int32(range.count))]
    }
    var symbols = WordSymbols()
    /// The scalar, counted from the beginning of the word, of each byte of the word's form in the byte alphabet.
    var scalarIndices = [Int32]()
    for i in range {
      ByteAlphabet.forEachByte(of: text[i]) { byte in
        let length = ByteAlphabet.scalars[Int(byte)] < 0x80 ? 1 : 2
        for _ in 0..<length { scalarIndices.append(Int32(i - range.lowerBound)) }
        if let id = byteTokens[Int(byte)] ?? unk { symbols.append(id, length: length) }
      }
    }
    symbols.merge(merges)
    var tokens = [WordToken]()
    var position = 0
    symbols.forEach { symbol in
      let start = scalarIndices[position]
      position += symbol.length
      tokens.append(WordToken(id: symbol.id, start: start, end: scalarIndices[position - 1] + 1))
    }
    return tokens
  }

  private func byteForm(_ word: ArraySlice<UInt32>) -> [UInt32] {
    var form = [UInt32]()
    for c in word { ByteAlphabet.forEachByte(of: c) { form.append(ByteAlphabet.scalars[Int($0)]) } }
    return form
  }
}
