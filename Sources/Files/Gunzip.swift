/// Decompresses a gzip stream (RFC 1952) chunk by chunk: any number of concatenated members, with zero padding.
/// Does not open files.
import CZlib

/// Not Sendable: a stream has one reader.
final class Gunzip {
  private let path: String
  /// zlib's state has a pointer to it, so its address must not change.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var buffer = [UInt8](repeating: 0, count: 1 << 18)
  private var isBetweenMembers = false

  init(path: String) {
    self.path = path
    stream.initialize(to: z_stream())
    // 15 is the largest window; adding 16 selects the gzip format.
    let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "Gunzip: zlib \(String(cString: zlibVersion())) cannot be initialized (\(code))")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Calls `body` with the decompressed bytes of `input`.
  func decompress(_ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(input.count)
    var isBufferFull = false
    while stream.pointee.avail_in > 0 || isBufferFull {
      if isBetweenMembers, try !startMember() { return }
      let (code, count) = buffer.withUnsafeMutableBufferPointer { buffer in
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = UInt32(buffer.count)
        return (inflate(stream, Z_NO_FLUSH), buffer.count - Int(stream.pointee.avail_out))
      }
      // Z_BUF_ERROR: there was no more output; not a fault.
      guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
        let why = stream.pointee.msg.map { String(cString: $0) } ?? "code \(code)"
        throw fault("damaged gzip data (\(why))")
      }
      try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      isBetweenMembers = code == Z_STREAM_END
      isBufferFull = code == Z_OK && stream.pointee.avail_out == 0
    }
  }

  /// - Throws: `FileFault` if the input ended in the middle of a member.
  func finish() throws {
    if !isBetweenMembers { throw fault("truncated gzip data") }
  }

  /// Whether another member follows. Skips zero padding between members, as tape archives have it.
  private func startMember() throws -> Bool {
    while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
      stream.pointee.next_in += 1
      stream.pointee.avail_in -= 1
    }
    guard stream.pointee.avail_in > 0 else { return false }
    guard stream.pointee.next_in.pointee == 0x1F else { throw fault("other data after the end of the gzip data") }
    inflateReset(stream)
    isBetweenMembers = false
    return true
  }

  private func fault(_ found: String) -> FileFault {
    .malformed(file: path, line: nil, found: found, expected: "a complete gzip file. Copy or download it again")
  }
}
