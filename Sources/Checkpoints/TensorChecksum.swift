/// Safetensors files with a checksum of their contents in the metadata. Detects damage, not manipulation: anyone who
/// can write the file can write its checksum.
import Crypto
package import Files
import Hashing

/// Tensors as `writeSafetensors` takes them.
package typealias NamedFloats = (name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)

private let checksumKey = "sha256"

/// `writeSafetensors` in Float32, with a checksum: the SHA-256 of the other metadata and of every tensor's name and
/// bytes.
package func writeSafetensorsWithChecksum(
  to path: String, tensors: [NamedFloats], metadata: [String: String]
) throws(FileFault) {
  var checksum = TensorChecksum(metadata)
  for tensor in tensors.sorted(by: { precedes($0.name, $1.name) }) {
    checksum.add(tensor.name, UnsafeRawBufferPointer(tensor.floats))
  }
  try writeSafetensors(to: path, tensors: tensors, metadata: metadata.merging([checksumKey: checksum.text]) { $1 })
}

extension TensorFile {
  /// Whether the file has exactly the contents that `writeSafetensorsWithChecksum` wrote. Reads the whole file.
  package var hasValidChecksum: Bool {
    var checksum = TensorChecksum(metadata.filter { $0.key != checksumKey })
    for name in tensors.keys.sorted(by: precedes) {
      guard let bytes = try? bytes(name) else { return false }
      checksum.add(name, bytes, isMapped: true)
    }
    return metadata[checksumKey] == checksum.text
  }
}

private struct TensorChecksum {
  private var hash = SHA256()

  init(_ metadata: [String: String]) {
    hash.update(data: Array(JSON.object(metadata.mapValues(JSON.string)).text(pretty: false).utf8))
  }

  private static let chunkSize = 1 << 24

  /// - Parameter isMapped: whether `bytes` are those of a mapped file, whose pages can be released.
  mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer, isMapped: Bool = false) {
    hash.update(data: Array("\n\(name) \(bytes.count)\n".utf8))
    // In chunks, so that at most one chunk of a mapped file is in memory.
    for start in stride(from: 0, to: bytes.count, by: Self.chunkSize) {
      let chunk = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.chunkSize, bytes.count)])
      hash.update(bufferPointer: chunk)
      if isMapped { releasePages(chunk) }
    }
  }

  var text: String { hexadecimal(hash.finalize()) }
}
