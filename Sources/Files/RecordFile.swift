/// An append-only file of byte records under 128-bit keys, for any number of threads and programs at once.
/// Does not interpret the bytes, and keeps none of them in memory.
import Glibc
import Synchronization

/// The key of a record: a digest of everything its bytes depend on.
package struct RecordKey: Hashable, Sendable {
  let high, low: UInt64

  package init(_ high: UInt64, _ low: UInt64) { (self.high, self.low) = (high, low) }
}

/// The file has a header with the end of the valid records, then records: key, byte count, checksum of key and bytes,
/// checksum of these, the bytes.
///
/// It is valid at any moment. A writer holds a lock on the file, writes after the end, and updates the end last, so a
/// record that a killed program left unfinished is ignored. A damaged record does not match its checksum.
package final class RecordFile: Sendable {
  package var path: String { file.path }
  private let file: CacheFile
  private let state = Mutex(State())

  private struct State {
    var descriptor: Int32 = -1
    /// The offset up to which records are indexed.
    var end = RecordFile.headerSize
    var index: [RecordKey: RecordLocation] = [:]
    /// The first fault of a write; after it nothing is written.
    var fault: FileFault?
  }

  private struct RecordLocation: Equatable {
    let offset, count: Int
    let checksum: UInt64
  }

  private static let headerSize = 16, recordHeaderSize = 40
  private static let magic: UInt64 = 0x3130_4452_4345_5254

  /// Does not access the disk; `open` does.
  package init(_ file: CacheFile) { self.file = file }

  deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

  /// Number of indexed records.
  package var count: Int { state.withLock { $0.index.count } }

  /// Why records are no longer written; nil: there was no fault.
  package var fault: FileFault? { state.withLock { $0.fault } }

  /// Opens the file, or creates it and its folder, and reserves `size` bytes of disk space in all. A file of another
  /// format is emptied first.
  package func open(reserving size: Int) throws(FileFault) {
    let isNew = !file.exists, descriptor = try file.open()
    var code = withFileLock(descriptor) {
      if readIntegers(2, at: 0, of: descriptor)?.first != Self.magic {
        guard ftruncate(descriptor, 0) == 0 else { return errno }
        if let code = writeAll([Self.magic, UInt64(Self.headerSize)], at: 0, of: descriptor) { return code }
      }
      let end = state.withLock {
        $0.descriptor = descriptor
        readIndex(&$0)
        return $0.end
      }
      // Records after a damaged record header cannot be found, so the file ends there.
      if readIntegers(2, at: 0, of: descriptor)?.last != UInt64(end) {
        if let code = writeAll([UInt64(end)], at: 8, of: descriptor) { return code }
      }
      return posix_fallocate(descriptor, 0, off_t(max(end, size)))
    }
    if code == EOPNOTSUPP || code == EINVAL { code = 0 }  // the file system cannot reserve space
    if code == 0 { return }
    state.withLock { $0 = State() }
    close(descriptor)
    if isNew { file.discard() }
    throw .unwritable(path: path, why: "\(reason(code)); \(size) bytes are required")
  }

  /// Fills `buffer` with the record of `key`. Returns false if there is none, it is damaged, or its size is not the
  /// buffer's.
  package func read(_ key: RecordKey, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    let (location, descriptor) = state.withLock { state in
      if state.index[key] == nil { readIndex(&state) }
      return (state.index[key], state.descriptor)
    }
    guard let location else { return false }
    if location.count == buffer.count, readAll(buffer, at: location.offset, of: descriptor),
      checksum(UnsafeRawBufferPointer(buffer), key) == location.checksum
    {
      return true
    }
    state.withLock { if $0.index[key] == location { $0.index[key] = nil } }
    return false
  }

  /// Appends the records whose keys are not in the file. A write error is stored in `fault`.
  package func append(_ records: [(key: RecordKey, bytes: UnsafeRawBufferPointer)]) {
    if records.isEmpty { return }
    state.withLock { state in
      guard state.fault == nil, state.descriptor >= 0 else { return }
      let descriptor = state.descriptor
      let code = withFileLock(descriptor) {
        readIndex(&state)
        // The file's end, not the index's: another program may have moved it back to a damaged record.
        guard let header = readIntegers(2, at: 0, of: descriptor), header[0] == Self.magic else { return EIO }
        var end = Int(header[1])
        for (key, bytes) in records where state.index[key] == nil {
          let sum = checksum(bytes, key)
          let fields = [key.high, key.low, UInt64(bytes.count), sum]
          if let code = writeAll(fields + [checksum(fields)], at: end, of: descriptor) { return code }
          if let code = writeAll(bytes, at: end + Self.recordHeaderSize, of: descriptor) { return code }
          state.index[key] = RecordLocation(offset: end + Self.recordHeaderSize, count: bytes.count, checksum: sum)
          end += Self.recordHeaderSize + bytes.count
        }
        if let code = writeAll([UInt64(end)], at: 8, of: descriptor) { return code }
        state.end = end
        return 0
      }
      if code != 0 { state.fault = .unwritable(path: path, why: reason(code)) }
    }
  }

  /// Indexes the records between the index's end and the file's.
  private func readIndex(_ state: inout State) {
    guard state.descriptor >= 0, let header = readIntegers(2, at: 0, of: state.descriptor), header[0] == Self.magic
    else {
      return
    }
    while state.end < Int(clamping: header[1]) {
      guard let fields = readIntegers(5, at: state.end, of: state.descriptor),
        fields[4] == checksum(Array(fields[..<4]))
      else {
        return
      }
      let location = RecordLocation(
        offset: state.end + Self.recordHeaderSize, count: Int(clamping: fields[2]), checksum: fields[3])
      guard location.count <= Int(clamping: header[1]) - location.offset else { return }
      state.index[RecordKey(fields[0], fields[1])] = location
      state.end = location.offset + location.count
    }
  }
}

/// Runs `body` while no other program writes; returns its error number, or the lock's.
private func withFileLock(_ descriptor: Int32, _ body: () -> Int32) -> Int32 {
  while flock(descriptor, LOCK_EX) != 0 { if errno != EINTR { return errno } }
  defer { flock(descriptor, LOCK_UN) }
  return body()
}

private func readIntegers(_ count: Int, at offset: Int, of descriptor: Int32) -> [UInt64]? {
  var integers = [UInt64](repeating: 0, count: count)
  return integers.withUnsafeMutableBytes { readAll($0, at: offset, of: descriptor) } ? integers : nil
}

/// Whether all of `buffer` could be read.
private func readAll(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int, of descriptor: Int32) -> Bool {
  var size = 0
  while size < buffer.count {
    let count = pread(descriptor, buffer.baseAddress! + size, buffer.count - size, off_t(offset + size))
    if count == 0 || count < 0 && errno != EINTR { return false }
    size += max(count, 0)
  }
  return true
}

/// - Returns: the error number; nil: everything is written.
private func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int, of descriptor: Int32) -> Int32? {
  var size = 0
  while size < bytes.count {
    let count = pwrite(descriptor, bytes.baseAddress! + size, bytes.count - size, off_t(offset + size))
    if count < 0 && errno != EINTR { return errno }
    size += max(count, 0)
  }
  return nil
}

private func writeAll(_ integers: [UInt64], at offset: Int, of descriptor: Int32) -> Int32? {
  integers.withUnsafeBytes { writeAll($0, at: offset, of: descriptor) }
}

private func checksum(_ integers: [UInt64]) -> UInt64 { integers.withUnsafeBytes { checksum($0, RecordKey(0, 0)) } }

/// A multiplicative hash over 64-bit integers in four lanes, as fast as memory. Detects damage, not manipulation.
private func checksum(_ bytes: UnsafeRawBufferPointer, _ key: RecordKey) -> UInt64 {
  let prime: UInt64 = 0x9E37_79B9_7F4A_7C15
  var (a, b, c, d) = (key.high ^ 1, key.low ^ 2, key.high ^ 3, key.low ^ 4)
  let tail = bytes.count / 32 * 32
  for offset in stride(from: 0, to: tail, by: 32) {
    func integer(_ lane: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset + 8 * lane, as: UInt64.self) }
    a = (a ^ integer(0)) &* prime
    b = (b ^ integer(1)) &* prime
    c = (c ^ integer(2)) &* prime
    d = (d ^ integer(3)) &* prime
    (a, b, c, d) = (a ^ a >> 32, b ^ b >> 32, c ^ c >> 32, d ^ d >> 32)
  }
  for offset in tail..<bytes.count { a = (a ^ UInt64(bytes[offset])) &* prime }
  return [b, c, d, UInt64(bytes.count)].reduce(a) { ($0 ^ $0 >> 29 ^ $1) &* prime }
}
