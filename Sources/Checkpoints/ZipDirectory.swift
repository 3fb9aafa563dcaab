/// Reads the directory of a zip archive, with zip64, and checks every entry against the file. Does not decompress.
/// Source: PKWARE's APPNOTE.TXT 6.3.10. Sizes and checksums are those of the directory: torch leaves them out of the
/// local headers.
import Files

struct ZipDirectory {
  struct Entry: Sendable {
    let name: String
    let isDeflated: Bool
    /// In the archive, as stored there.
    let bytes: Range<Int>
    /// Of the contents.
    let size: Int
    /// CRC-32 of the contents.
    let checksum: UInt32

    /// torch can be told to write 0 instead.
    var hasChecksum: Bool { checksum != 0 }
  }

  /// By name.
  private(set) var entries: [String: Entry] = [:]

  /// No state dict has more; bounds the memory that a damaged file can take.
  private static let maxEntries = 1 << 16

  init(_ archive: UnsafeRawBufferPointer) throws(TorchFault) {
    let (count, start) = try Self.end(of: archive)
    guard count <= Self.maxEntries else {
      throw .archive(found: "\(count) entries", expected: "at most \(Self.maxEntries)")
    }
    var reader = ByteReader(archive, at: start)
    for index in 0..<count {
      // The local headers are all over the file, and reading one keeps up to 64 KB of it resident.
      if index % 4 == 3 { releasePages(archive) }
      let entry = try Self.entry(&reader, directory: start)
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw .entry(entry.name, found: "twice in the archive", expected: "one entry of this name")
      }
    }
  }

  /// The number of entries and the position of the first.
  private static func end(of archive: UnsafeRawBufferPointer) throws(TorchFault) -> (count: Int, start: Int) {
    let size = 22, last = archive.count - size
    let position = stride(from: last, through: max(0, last - 0xFFFF), by: -1).first { start in
      archive.loadUnaligned(fromByteOffset: start, as: UInt32.self).littleEndian == 0x0605_4B50
        && Int(archive.loadUnaligned(fromByteOffset: start + 20, as: UInt16.self).littleEndian) == last - start
    }
    guard let position else {
      throw .archive(found: "no directory at the end", expected: "the whole file: a part of it is missing")
    }
    var reader = ByteReader(archive, at: position + 10)
    let count: Int = try reader.next(UInt16.self)
    _ = try reader.take(4)
    let start: Int = try reader.next(UInt32.self)
    guard count == 0xFFFF || start == 0xFFFF_FFFF else { return (count, start) }
    var locator = ByteReader(archive, at: position - 20)
    try check(&locator, signature: 0x0706_4B50, "the locator of the zip64 directory")
    _ = try locator.take(4)
    var large = ByteReader(archive, at: Int(clamping: try locator.next(UInt64.self)))
    try check(&large, signature: 0x0606_4B50, "the end of the zip64 directory")
    _ = try large.take(28)
    let largeCount = Int(clamping: try large.next(UInt64.self))
    _ = try large.take(8)
    return (largeCount, Int(clamping: try large.next(UInt64.self)))
  }

  private static func check(_ reader: inout ByteReader, signature: UInt32, _ part: String) throws(TorchFault) {
    let start = reader.offset
    guard try reader.next(UInt32.self) as UInt32 == signature else {
      throw .archive(found: "other bytes at \(start)", expected: part)
    }
  }

  /// The reader's next entry of the directory that begins at `directory`.
  private static func entry(_ reader: inout ByteReader, directory: Int) throws(TorchFault) -> Entry {
    try check(&reader, signature: 0x0201_4B50, "an entry of the directory")
    _ = try reader.take(4)
    let flags: Int = try reader.next(UInt16.self), method: Int = try reader.next(UInt16.self)
    _ = try reader.take(4)
    let checksum: UInt32 = try reader.next(UInt32.self)
    // Compressed size, size, offset.
    var stored = try Int(reader.next(UInt32.self) as UInt32), size = try Int(reader.next(UInt32.self) as UInt32)
    let nameLength: Int = try reader.next(UInt16.self), extraLength: Int = try reader.next(UInt16.self)
    let commentLength: Int = try reader.next(UInt16.self)
    _ = try reader.take(8)
    var offset = try Int(reader.next(UInt32.self) as UInt32)
    let name = try reader.text(nameLength)
    try readLarge(try reader.take(extraLength), &size, &stored, &offset)
    _ = try reader.take(commentLength)
    guard flags & 1 == 0 else { throw .entry(name, found: "encrypted", expected: "an entry that is not") }
    guard method == 0 || method == 8 else {
      throw .entry(name, found: "compressed by method \(method)", expected: "stored (0) or deflated (8)")
    }
    guard method == 8 || stored == size else {
      throw .entry(name, found: "stored in \(stored) bytes, but \(size) bytes long", expected: "equal sizes")
    }
    let start = try contents(ByteReader(reader.bytes, at: offset), name, method: method)
    guard start <= directory, stored <= directory - start else {
      throw .entry(
        name, found: "\(stored) bytes from \(start)", expected: "an end before the directory at \(directory)")
    }
    return Entry(
      name: name, isDeflated: method == 8, bytes: start..<start + stored, size: size, checksum: checksum)
  }

  /// Replaces the sizes and the offset that do not fit into 32 bits by those of the zip64 extra field.
  private static func readLarge(
    _ extra: UnsafeRawBufferPointer, _ size: inout Int, _ stored: inout Int, _ offset: inout Int
  ) throws(TorchFault) {
    var reader = ByteReader(extra)
    while reader.offset + 4 <= extra.count {
      let kind: Int = try reader.next(UInt16.self), length: Int = try reader.next(UInt16.self)
      var field = ByteReader(try reader.take(length))
      guard kind == 1 else { continue }
      if size == 0xFFFF_FFFF { size = Int(clamping: try field.next(UInt64.self)) }
      if stored == 0xFFFF_FFFF { stored = Int(clamping: try field.next(UInt64.self)) }
      if offset == 0xFFFF_FFFF { offset = Int(clamping: try field.next(UInt64.self)) }
    }
  }

  /// The position of an entry's contents, which follow its local header.
  private static func contents(_ header: ByteReader, _ name: String, method: Int) throws(TorchFault) -> Int {
    var header = header
    try check(&header, signature: 0x0403_4B50, "the header of '\(name)'")
    _ = try header.take(4)
    let localMethod: Int = try header.next(UInt16.self)
    _ = try header.take(16)
    let nameLength: Int = try header.next(UInt16.self), extraLength: Int = try header.next(UInt16.self)
    guard try header.text(nameLength) == name, localMethod == method else {
      throw .entry(name, found: "another name or method in its own header", expected: "those of the directory")
    }
    _ = try header.take(extraLength)
    return header.offset
  }
}
