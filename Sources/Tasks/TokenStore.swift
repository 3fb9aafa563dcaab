/// A corpus as blocks of token ids, ready to be learned from; it lies in a temporary file, so that memory stays flat
/// however much text there is. Does not mask: `Masking` does.
import Dispatch
import Files
public import Tokenizers

public struct TokenStore: Sendable {
  /// Blocks.
  public let count: Int
  /// Tokens of all blocks, [CLS] and [SEP] included.
  public let tokens: Int
  /// Pieces that are in no block: ends of documents (of the whole corpus where blocks are packed) too short for one.
  public let dropped: Int
  /// Documents read.
  public let documents: Int
  private let ids, ends: ScratchMap
  private let isNarrow: Bool
  private let tokenCounts: [Int]

  /// Reads and tokenizes documents.
  ///
  /// A block is [CLS] pieces… [SEP], `maxLength` tokens of it. With `pack` the documents follow each other, a [SEP]
  /// between two that share a block (which is a token shorter where nothing but that [SEP] would fit). Without, each
  /// document has blocks of its own. What is left at an end is a shorter block, or dropped where it is below 8 tokens.
  ///
  /// ```swift
  /// let store = try TokenStore(paths: ["pubmed.txt.gz"], tokenizer: tokenizer, maxLength: 128, threads: 8)
  /// ```
  /// - Parameters:
  ///   - fields: what to read of JSON lines; see `forEachText`.
  ///   - maxLength: tokens of a block, [CLS] and [SEP] included; at least 8.
  ///   - threads: how many tokenize. The blocks do not depend on it.
  ///   - folder: where the temporary file is; nil for `TMPDIR`, or else /var/tmp. It takes 2 bytes a token, 4 where the
  ///     vocabulary is above 65,536, and 8 a block.
  /// - Throws: `FileFault` for text that cannot be read, for a corpus without a block, and for a full disk.
  public init(
    paths: [String], fields: [String] = [], tokenizer: WordPiece, maxLength: Int, pack: Bool = true, threads: Int,
    folder: String? = nil
  ) throws {
    precondition(maxLength >= 8 && threads >= 1, "TokenStore: \(maxLength) tokens a block, \(threads) threads")
    var packer = try BlockPacker(tokenizer, maxLength: maxLength, pack: pack, folder: folder)
    var chunks: [[String]] = [[]]
    var load = 0, documents = 0
    func flush() throws {
      for ids in tokenized(chunks, tokenizer, threads) { for document in ids { try packer.add(document) } }
      chunks = [[]]
      load = 0
    }
    for path in paths {
      try forEachText(in: path, fields: fields) { text in
        chunks[chunks.count - 1].append(text)
        documents += 1
        load += text.utf8.count
        guard load >= Self.chunk * chunks.count else { return }
        if chunks.count == threads * 8 { try flush() } else { chunks.append([]) }
      }
    }
    try flush()
    try packer.finish()
    guard packer.count > 0 else {
      throw FileFault.malformed(
        file: paths.joined(separator: ", "), line: nil, found: "no text of at least \(BlockPacker.shortest) tokens",
        expected: "documents")
    }
    count = packer.count
    tokens = packer.tokens
    dropped = packer.dropped
    tokenCounts = packer.tokenCounts
    isNarrow = packer.isNarrow
    (ids, ends) = try packer.map()
    self.documents = documents
  }

  /// Bytes of text that a thread takes at once.
  private static let chunk = 1 << 16

  /// The tokens of one block.
  public subscript(block: Int) -> [Int32] {
    let range = self.range(of: block)
    if isNarrow { return ids.bytes.bindMemory(to: UInt16.self)[range].map { Int32($0) } }
    return Array(ids.bytes.bindMemory(to: Int32.self)[range])
  }

  /// Tokens of each block. Made anew with every call.
  public var lengths: [Int] { (0..<count).map { range(of: $0).count } }

  /// How often each id of a vocabulary of this size occurs in the blocks.
  public func counts(vocabulary: Int) -> [Int] {
    precondition(vocabulary >= tokenCounts.count, "TokenStore: ids up to \(tokenCounts.count), asked for \(vocabulary)")
    return tokenCounts + [Int](repeating: 0, count: vocabulary - tokenCounts.count)
  }

  /// Whether any piece is one that `Masking` may choose.
  public func hasWords(of tokenizer: WordPiece) -> Bool {
    let specials = Set(tokenizer.specialIDs.map { Int($0) })
    return tokenCounts.indices.contains { tokenCounts[$0] > 0 && !specials.contains($0) }
  }

  private func range(of block: Int) -> Range<Int> {
    precondition((0..<count).contains(block), "TokenStore: block \(block) of \(count)")
    let ends = ends.bytes.bindMemory(to: Int.self)
    return (block == 0 ? 0 : ends[block - 1])..<ends[block]
  }
}

/// The ids of each chunk's documents, in order.
private func tokenized(_ chunks: [[String]], _ tokenizer: WordPiece, _ threads: Int) -> [[[Int32]]] {
  let results = Results<[[Int32]]>(count: chunks.count)
  let workers = min(threads, chunks.count)
  DispatchQueue.concurrentPerform(iterations: workers) { worker in
    for index in stride(from: worker, to: chunks.count, by: workers) {
      results.set(index, chunks[index].map { tokenizer.ids($0) })
    }
  }
  return results.all
}
