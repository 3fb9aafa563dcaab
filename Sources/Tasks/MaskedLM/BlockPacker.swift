/// Packs tokenized documents into blocks of fixed length, and writes the blocks to temporary files. Does not read text.
import Files
import Tokenization

struct BlockPacker {
  /// A trailing block with fewer tokens, not counting [CLS] and [SEP], is dropped.
  static let minimumTokens = 8

  private(set) var count = 0, tokens = 0, droppedTokens = 0
  private(set) var tokenCounts: [Int]
  /// Blocks that consist of special tokens only, such as [UNK].
  private(set) var unmaskableBlocks: Set<Int> = []
  /// Whether ids are stored as UInt16 instead of Int32.
  let usesUInt16: Bool
  private let cls, sep: Int32
  private let specialTokenIDs: Set<Int32>
  private let capacity: Int
  private let pack: Bool
  private let ids, ends: ScratchFile
  /// The current block, without [CLS] and [SEP].
  private var block: [Int32] = []
  /// Whether no token of the current document has been added.
  private var isAtStart = true
  private var pendingIDs: [Int32] = []
  private var pendingEnds: [Int] = []

  init(_ tokenizer: any Tokenizer, maxLength: Int, pack: Bool, folder: String?) throws(FileFault) {
    (cls, sep) = (tokenizer.cls, tokenizer.sep)
    specialTokenIDs = Set(tokenizer.specialTokenIDs)
    capacity = maxLength - 2
    self.pack = pack
    usesUInt16 = tokenizer.count <= 1 << 16
    tokenCounts = [Int](repeating: 0, count: tokenizer.count)
    ids = try ScratchFile(in: folder)
    ends = try ScratchFile(in: folder)
  }

  /// Adds the tokens of a document, or of a part of one.
  mutating func add(_ ids: [Int32], startsDocument: Bool) throws(FileFault) {
    if startsDocument {
      if !pack { closeOrDrop() }
      isAtStart = true
    }
    if ids.isEmpty { return }
    if isAtStart, !block.isEmpty {
      // A separating [SEP] must be followed by a token: the block's own [SEP] must not come right after it.
      if block.count + 1 < capacity { block.append(sep) } else { closeBlock() }
    }
    isAtStart = false
    var rest = ids[...]
    while !rest.isEmpty {
      let chunk = rest.prefix(capacity - block.count)
      block += chunk
      rest = rest[chunk.endIndex...]
      if block.count == capacity { closeBlock() }
    }
    if pendingIDs.count > 1 << 20 { try flush() }
  }

  mutating func finish() throws(FileFault) {
    closeOrDrop()
    try flush()
  }

  func map() throws(FileFault) -> (ids: MappedFile, ends: MappedFile) { (try ids.map(), try ends.map()) }

  private mutating func closeOrDrop() {
    if block.count >= Self.minimumTokens {
      closeBlock()
    } else {
      for id in block where id != sep { droppedTokens += 1 }
      block = []
    }
  }

  private mutating func closeBlock() {
    pendingIDs.append(cls)
    pendingIDs += block
    pendingIDs.append(sep)
    for id in block { tokenCounts[Int(id)] += 1 }
    if block.allSatisfy(specialTokenIDs.contains) { unmaskableBlocks.insert(count) }
    tokenCounts[Int(cls)] += 1
    tokenCounts[Int(sep)] += 1
    count += 1
    tokens += block.count + 2
    pendingEnds.append(tokens)
    block.removeAll(keepingCapacity: true)
  }

  private mutating func flush() throws(FileFault) {
    if usesUInt16 { try ids.append(pendingIDs.map { UInt16($0) }) } else { try ids.append(pendingIDs) }
    try ends.append(pendingEnds)
    pendingIDs.removeAll(keepingCapacity: true)
    pendingEnds.removeAll(keepingCapacity: true)
  }
}
