/// Decompresses a raw deflate stream (RFC 1951), as entries of zip archives are, and computes their checksum. Does not
/// open files; for gzip see `Gunzip`.
import CZlib

/// The CRC-32 of gzip and zip.
/// - Parameter crc: of the bytes before.
package func crc32(_ bytes: UnsafeRawBufferPointer, after crc: UInt32 = 0) -> UInt32 {
  // zlib takes a null pointer for a request to start.
  guard bytes.count > 0 else { return crc }
  return UInt32(crc32_z(UInt(crc), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
}

/// Calls `body` with the decompressed bytes of `input`, chunk by chunk, until it returns false.
/// - Returns: whether `input` is one complete stream, and `body` took all of it.
package func inflate(
  _ input: UnsafeRawBufferPointer, _ body: ([UInt8]) throws(FileFault) -> Bool
) throws(FileFault) -> Bool {
  var stream = z_stream()
  // A negative window size selects the format without header and checksum.
  let code = inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  precondition(code == Z_OK, "inflate: zlib \(String(cString: zlibVersion())) cannot be initialized (\(code))")
  defer { inflateEnd(&stream) }
  let bytes = input.bindMemory(to: UInt8.self), chunkSize = 1 << 18
  var rest = bytes[...], status = Z_OK
  while status != Z_STREAM_END {
    if stream.avail_in == 0 {
      let next = rest.prefix(1 << 20)
      stream.next_in = UnsafeMutablePointer(mutating: UnsafeBufferPointer(rebasing: next).baseAddress)
      stream.avail_in = UInt32(next.count)
      rest = rest.dropFirst(next.count)
    }
    let chunk = [UInt8](unsafeUninitializedCapacity: chunkSize) { buffer, count in
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(chunkSize)
      status = CZlib.inflate(&stream, Z_NO_FLUSH)
      count = chunkSize - Int(stream.avail_out)
    }
    // Z_BUF_ERROR without progress: the input ends in the middle of the stream.
    guard status == Z_OK || status == Z_STREAM_END else { return false }
    if !chunk.isEmpty, try !body(chunk) { return false }
  }
  return rest.isEmpty && stream.avail_in == 0
}
