/// Joins and cuts documents into blocks, and writes these to temporary files. Does not read text.
import Files
import Tokenizers

struct BlockPacker {
  /// Tokens without [CLS] and [SEP] that what is left at an end must have to be a block.
  static let shortest = 8

  private(set) var count = 0, tokens = 0, dropped = 0
  private(set) var tokenCounts: [Int]
  /// Whether ids are written as UInt16, else as Int32.
  let isNarrow: Bool
  private let cls, sep: Int32
  private let capacity: Int
  private let pack: Bool
  private let ids, ends: ScratchFile
  /// The block under way, without [CLS] and [SEP].
  private var block: [Int32] = []
  private var newIds: [Int32] = []
  private var newEnds: [Int] = []

  init(_ tokenizer: WordPiece, maxLength: Int, pack: Bool, folder: String?) throws(FileFault) {
    (cls, sep) = (tokenizer.cls, tokenizer.sep)
    capacity = maxLength - 2
    self.pack = pack
    isNarrow = tokenizer.count <= 1 << 16
    tokenCounts = [Int](repeating: 0, count: tokenizer.count)
    ids = try ScratchFile(in: folder)
    ends = try ScratchFile(in: folder)
  }

  mutating func add(_ document: [Int32]) throws(FileFault) {
    if document.isEmpty { return }
    if !block.isEmpty {
      // A [SEP] wants a piece behind it: the block's own [SEP] must not follow it.
      if block.count + 1 < capacity { block.append(sep) } else { closeBlock() }
    }
    var rest = document[...]
    while !rest.isEmpty {
      let taken = rest.prefix(capacity - block.count)
      block += taken
      rest = rest[taken.endIndex...]
      if block.count == capacity { closeBlock() }
    }
    if !pack { closeOrDrop() }
    if newIds.count > 1 << 20 { try flush() }
  }

  mutating func finish() throws(FileFault) {
    closeOrDrop()
    try flush()
  }

  func map() throws(FileFault) -> (ids: ScratchMap, ends: ScratchMap) { (try ids.map(), try ends.map()) }

  private mutating func closeOrDrop() {
    if block.count >= Self.shortest {
      closeBlock()
    } else {
      for id in block where id != sep { dropped += 1 }
      block = []
    }
  }

  private mutating func closeBlock() {
    newIds.append(cls)
    newIds += block
    newIds.append(sep)
    for id in block { tokenCounts[Int(id)] += 1 }
    tokenCounts[Int(cls)] += 1
    tokenCounts[Int(sep)] += 1
    count += 1
    tokens += block.count + 2
    newEnds.append(tokens)
    block.removeAll(keepingCapacity: true)
  }

  private mutating func flush() throws(FileFault) {
    if isNarrow { try ids.append(newIds.map { UInt16($0) }) } else { try ids.append(newIds) }
    try ends.append(newEnds)
    newIds.removeAll(keepingCapacity: true)
    newEnds.removeAll(keepingCapacity: true)
  }
}
