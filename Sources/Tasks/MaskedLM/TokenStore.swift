/// A corpus tokenized into blocks of ids, stored in a temporary file so that memory use does not grow with the text.
/// Does not mask: `Masking` does.
import Dispatch
import Files
package import Tokenization

package struct TokenStore: Sendable {
  /// Number of blocks.
  package private(set) var count: Int
  /// Tokens of all blocks, including [CLS] and [SEP].
  package private(set) var tokens: Int
  /// Tokens of trailing blocks that were too short: of each document, or with packing of the whole corpus.
  package let droppedTokens: Int
  /// Documents read.
  package let documents: Int
  private let ids, ends: MappedFile
  private let usesUInt16: Bool
  private let tokenCounts: [Int]
  private let unmaskableBlocks: Set<Int>
  /// Tokens per block, including [CLS] and [SEP], and whether documents share blocks.
  package let maxLength: Int
  package let pack: Bool

  /// Reads and tokenizes documents.
  ///
  /// A block is [CLS] tokens… [SEP], `maxLength` tokens in total. With `pack`, documents are concatenated, with a [SEP]
  /// between two documents in the same block; a block ends one token early if only that [SEP] would fit. Without, every
  /// document starts a new block. A shorter last block is kept if it has at least 8 tokens besides [CLS] and [SEP].
  ///
  /// ```swift
  /// let store = try TokenStore(paths: ["pubmed.txt.gz"], tokenizer: tokenizer, maxLength: 128, threads: 8)
  /// ```
  /// - Parameters:
  ///   - fields: the members of JSON lines to read; see `forEachPart`.
  ///   - maxLength: tokens per block, including [CLS] and [SEP]; at least 8.
  ///   - threads: number of threads that tokenize. The blocks do not depend on it.
  ///   - folder: the folder of the temporary file; nil for `TMPDIR`, or /var/tmp if that is not set. The file takes 2
  ///     bytes per token (4 if the vocabulary has more than 65,536 tokens) and 8 bytes per block.
  /// - Throws: `FileFault` if text cannot be read, the corpus has no block, or the disk is full.
  package init(
    paths: [String], fields: [String] = [], tokenizer: any Tokenizer, maxLength: Int, pack: Bool = true, threads: Int,
    folder: String? = nil
  ) throws {
    precondition(maxLength >= 8 && threads >= 1, "TokenStore: \(maxLength) tokens per block, \(threads) threads")
    var packer = try BlockPacker(tokenizer, maxLength: maxLength, pack: pack, folder: folder)
    var chunks: [[TextPart]] = [[]]
    var byteCount = 0, documents = 0
    func flush() throws {
      for (parts, ids) in zip(chunks, tokenized(chunks, tokenizer, threads)) {
        for (part, ids) in zip(parts, ids) { try packer.add(ids, startsDocument: part.startsDocument) }
      }
      chunks = [[]]
      byteCount = 0
    }
    for path in paths {
      try forEachPart(in: path, fields: fields) { part in
        chunks[chunks.count - 1].append(part)
        if part.startsDocument { documents += 1 }
        byteCount += part.text.utf8.count
        guard byteCount >= Self.chunkBytes * chunks.count else { return }
        if chunks.count == threads * 8 || byteCount >= Self.maximumBytes { try flush() } else { chunks.append([]) }
      }
    }
    try flush()
    try packer.finish()
    guard packer.count > 0 else {
      throw FileFault.malformed(
        file: paths.joined(separator: ", "), line: nil,
        found: "no text of at least \(BlockPacker.minimumTokens) tokens", expected: "documents, one per line")
    }
    count = packer.count
    tokens = packer.tokens
    droppedTokens = packer.droppedTokens
    tokenCounts = packer.tokenCounts
    unmaskableBlocks = packer.unmaskableBlocks
    (self.maxLength, self.pack) = (maxLength, pack)
    usesUInt16 = packer.usesUInt16
    (ids, ends) = try packer.map()
    self.documents = documents
  }

  /// Text that one thread tokenizes at a time.
  private static let chunkBytes = 1 << 16
  /// Text in memory, whatever the number of threads.
  private static let maximumBytes = 1 << 25

  /// The tokens of one block.
  package subscript(block: Int) -> [Int32] {
    let range = self.range(of: block)
    if usesUInt16 { return ids.bytes.bindMemory(to: UInt16.self)[range].map { Int32($0) } }
    return Array(ids.bytes.bindMemory(to: Int32.self)[range])
  }

  /// Tokens of each block; computed on every access.
  package var lengths: [Int] { (0..<count).map { range(of: $0).count } }

  /// The first `maxCount` blocks, or all. `counts` and `hasMaskableTokens` stay those of the whole text.
  func prefix(_ maxCount: Int) -> TokenStore {
    var store = self
    store.count = min(maxCount, count)
    store.tokens = store.lengths.reduce(0, +)
    return store
  }

  /// How often each id of a vocabulary with `vocabulary` tokens occurs in the blocks.
  package func counts(vocabulary: Int) -> [Int] {
    precondition(
      vocabulary >= tokenCounts.count, "TokenStore: counts of \(tokenCounts.count) ids, vocabulary \(vocabulary)")
    return tokenCounts + [Int](repeating: 0, count: vocabulary - tokenCounts.count)
  }

  /// Whether a block has a token that is not special, which `Masking` can select.
  package func hasMaskableTokens(_ block: Int) -> Bool { !unmaskableBlocks.contains(block) }

  private func range(of block: Int) -> Range<Int> {
    precondition((0..<count).contains(block), "TokenStore: block \(block) of \(count)")
    let ends = ends.bytes.bindMemory(to: Int.self)
    return (block == 0 ? 0 : ends[block - 1])..<ends[block]
  }
}

/// The ids of the parts of each chunk, in order.
private func tokenized(_ chunks: [[TextPart]], _ tokenizer: any Tokenizer, _ threads: Int) -> [[[Int32]]] {
  let results = Results<[[Int32]]>(count: chunks.count)
  let workers = min(threads, chunks.count)
  DispatchQueue.concurrentPerform(iterations: workers) { worker in
    for index in stride(from: worker, to: chunks.count, by: workers) {
      results.set(index, chunks[index].map { tokenizer.ids(of: $0.text) })
    }
  }
  return results.all
}
