/// SHA-256 of files and checkpoints, to record which weights a run started with. Does not sign or verify.
import Crypto
package import Files
import Glibc
import Hashing

/// The SHA-256 of a file as 64 lower-case hexadecimal digits, as `sha256sum` prints it. Reads 1 MiB at a time.
package func sha256(ofFile path: String) throws(FileFault) -> String {
  let descriptor = try openRegularFile(path)
  defer { close(descriptor) }
  var hash = SHA256()
  try readChunks(of: descriptor, path: path) { hash.update(bufferPointer: $0) }
  return hexadecimal(hash.finalize())
}

/// The SHA-256 of a text's UTF-8 bytes.
package func sha256(of text: String) -> String { hexadecimal(SHA256.hash(data: Array(text.utf8))) }

extension Checkpoint {
  /// One digest of the whole checkpoint. For a single file it is the file's SHA-256. For shards it is the SHA-256 of
  /// what `sha256sum` prints for them in the order of their names, in their folder:
  /// `LC_ALL=C; sha256sum model-*.safetensors | sha256sum`. The index is excluded, since it has no weights.
  package var sha256: String {
    let digests = sweeps.map(\.sha256)
    if digests.count == 1 { return digests[0] }
    let lines = zip(digests, files).map { "\($0)  \(lastPathComponent($1))\n" }
    return Checkpoints.sha256(of: lines.joined())
  }
}

/// An incremental SHA-256.
package struct Digest {
  private var hash = SHA256()

  package init() {}

  package mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }
  package mutating func add(_ text: String) { hash.update(data: Array((text + "\n").utf8)) }
  package mutating func add<Value: BitwiseCopyable>(_ values: [Value]) { values.withUnsafeBytes { add($0) } }

  /// The digest as 64 hexadecimal digits.
  package var text: String { hexadecimal(hash.finalize()) }

  /// The first 128 bits of the digest as two integers.
  package var words: (high: UInt64, low: UInt64) {
    hash.finalize().withUnsafeBytes {
      ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
  }
}
