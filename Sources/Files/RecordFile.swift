/// Records of bytes under keys of 128 bits, in a file that only grows, for any number of threads and programs at once.
/// Knows nothing of what the bytes are; keeps none of them in memory.
import Glibc
import Synchronization

/// What a record is found by: a digest of all that its bytes follow from.
public struct RecordKey: Hashable, Sendable {
  let high, low: UInt64

  public init(_ high: UInt64, _ low: UInt64) { (self.high, self.low) = (high, low) }
}

/// A header with the end of what is whole, then records: key, count, checksum of both with the bytes, the bytes.
/// It is right at any moment. Who writes holds a lock on the file, writes behind the end, and moves the end last: what a
/// killed program left half-written is no part of it. What the disk has damaged does not agree with its checksum.
public final class RecordFile: Sendable {
  public let path: String
  private let state = Mutex(State())

  private struct State {
    var descriptor: Int32 = -1
    /// How far the index goes.
    var end = RecordFile.header
    var index: [RecordKey: RecordLocation] = [:]
    /// The first that went wrong in writing; from then on nothing is written.
    var fault: FileFault?
  }

  private struct RecordLocation: Equatable {
    let offset, count: Int
    let sum: UInt64
  }

  private static let header = 16, recordHeader = 40
  private static let magic: UInt64 = 0x3130_4452_4345_5254

  /// Touches no disk before `open`.
  public init(path: String) { self.path = path }

  deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

  /// Records that are found.
  public var count: Int { state.withLock { $0.index.count } }

  /// Why nothing is kept any more; nil: all is well.
  public var fault: FileFault? { state.withLock { $0.fault } }

  /// Opens the file, or makes it and its folder, and takes room on the disk for `wanted` bytes in all. A file that is none
  /// of these is made anew.
  public func open(reserving wanted: Int) throws(FileFault) {
    try makeFolder(parentFolder(of: path))
    let isNew = !fileExists(path)
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable(path: path, why: reason(errno)) }
    var code = locked(descriptor) {
      if words(2, at: 0, of: descriptor)?.first != Self.magic {
        guard ftruncate(descriptor, 0) == 0 else { return errno }
        if let code = put([Self.magic, UInt64(Self.header)], at: 0, in: descriptor) { return code }
      }
      let whole = state.withLock {
        $0.descriptor = descriptor
        read(&$0)
        return $0.end
      }
      // Behind a damaged header nothing can be found.
      if words(2, at: 0, of: descriptor)?.last != UInt64(whole) {
        if let code = put([UInt64(whole)], at: 8, in: descriptor) { return code }
      }
      return posix_fallocate(descriptor, 0, off_t(max(whole, wanted)))
    }
    if code == EOPNOTSUPP || code == EINVAL { code = 0 }  // this disk takes no room in advance
    if code == 0 { return }
    state.withLock { $0.descriptor = -1 }
    close(descriptor)
    if isNew { unlink(path) }
    throw .unwritable(path: path, why: "\(reason(code)); \(wanted) bytes are wanted")
  }

  /// Fills `buffer` with the record of this key, and says whether it is there, whole, and of this size.
  public func read(_ key: RecordKey, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    let (place, descriptor) = state.withLock { state in
      if state.index[key] == nil { read(&state) }
      return (state.index[key], state.descriptor)
    }
    guard let place else { return false }
    if place.count == buffer.count, get(buffer, at: place.offset, of: descriptor),
      checksum(UnsafeRawBufferPointer(buffer), key) == place.sum
    {
      return true
    }
    state.withLock { if $0.index[key] == place { $0.index[key] = nil } }
    return false
  }

  /// Keeps records for good; those that are there stay. What goes wrong is found in `fault`.
  public func append(_ records: [(key: RecordKey, bytes: UnsafeRawBufferPointer)]) {
    if records.isEmpty { return }
    state.withLock { state in
      guard state.fault == nil, state.descriptor >= 0 else { return }
      let descriptor = state.descriptor
      let code = locked(descriptor) {
        read(&state)
        // Another program may have found less to be whole than this one has.
        guard let words = words(2, at: 0, of: descriptor), words[0] == Self.magic else { return EIO }
        var end = Int(words[1])
        for (key, bytes) in records where state.index[key] == nil {
          let sum = checksum(bytes, key)
          let head = [key.high, key.low, UInt64(bytes.count), sum]
          if let code = put(head + [checksum(head)], at: end, in: descriptor) { return code }
          if let code = put(bytes, at: end + Self.recordHeader, in: descriptor) { return code }
          state.index[key] = RecordLocation(offset: end + Self.recordHeader, count: bytes.count, sum: sum)
          end += Self.recordHeader + bytes.count
        }
        if let code = put([UInt64(end)], at: 8, in: descriptor) { return code }
        state.end = end
        return 0
      }
      if code != 0 { state.fault = .unwritable(path: path, why: reason(code)) }
    }
  }

  /// Adds what lies between the index's end and the file's.
  private func read(_ state: inout State) {
    guard state.descriptor >= 0, let header = words(2, at: 0, of: state.descriptor), header[0] == Self.magic else {
      return
    }
    while state.end < Int(clamping: header[1]) {
      guard let head = words(5, at: state.end, of: state.descriptor), head[4] == checksum(Array(head[..<4])) else {
        return
      }
      let place = RecordLocation(offset: state.end + Self.recordHeader, count: Int(clamping: head[2]), sum: head[3])
      guard place.count <= Int(clamping: header[1]) - place.offset else { return }
      state.index[RecordKey(head[0], head[1])] = place
      state.end = place.offset + place.count
    }
  }
}

/// Runs `body` while no other program writes; returns its error number, or the lock's.
private func locked(_ descriptor: Int32, _ body: () -> Int32) -> Int32 {
  while flock(descriptor, LOCK_EX) != 0 { if errno != EINTR { return errno } }
  defer { flock(descriptor, LOCK_UN) }
  return body()
}

private func words(_ count: Int, at offset: Int, of descriptor: Int32) -> [UInt64]? {
  var words = [UInt64](repeating: 0, count: count)
  return words.withUnsafeMutableBytes { get($0, at: offset, of: descriptor) } ? words : nil
}

/// Whether all of `buffer` was there.
private func get(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int, of descriptor: Int32) -> Bool {
  var done = 0
  while done < buffer.count {
    let got = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
    if got == 0 || got < 0 && errno != EINTR { return false }
    done += max(got, 0)
  }
  return true
}

/// - Returns: the error's number; nil: all is written.
private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int, in descriptor: Int32) -> Int32? {
  var done = 0
  while done < bytes.count {
    let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
    if written < 0 && errno != EINTR { return errno }
    done += max(written, 0)
  }
  return nil
}

private func put(_ words: [UInt64], at offset: Int, in descriptor: Int32) -> Int32? {
  words.withUnsafeBytes { put($0, at: offset, in: descriptor) }
}

private func checksum(_ words: [UInt64]) -> UInt64 { words.withUnsafeBytes { checksum($0, RecordKey(0, 0)) } }

/// FNV's product over words in four lanes, so that it keeps up with memory: it finds damage, not malice.
private func checksum(_ bytes: UnsafeRawBufferPointer, _ key: RecordKey) -> UInt64 {
  let prime: UInt64 = 0x9E37_79B9_7F4A_7C15
  var (a, b, c, d) = (key.high ^ 1, key.low ^ 2, key.high ^ 3, key.low ^ 4)
  let whole = bytes.count / 32 * 32
  for place in stride(from: 0, to: whole, by: 32) {
    func word(_ lane: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: place + 8 * lane, as: UInt64.self) }
    a = (a ^ word(0)) &* prime
    b = (b ^ word(1)) &* prime
    c = (c ^ word(2)) &* prime
    d = (d ^ word(3)) &* prime
    (a, b, c, d) = (a ^ a >> 32, b ^ b >> 32, c ^ c >> 32, d ^ d >> 32)
  }
  for place in whole..<bytes.count { a = (a ^ UInt64(bytes[place])) &* prime }
  return [b, c, d, UInt64(bytes.count)].reduce(a) { ($0 ^ $0 >> 29 ^ $1) &* prime }
}
