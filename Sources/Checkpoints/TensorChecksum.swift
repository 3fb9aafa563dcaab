/// Safetensors files that tell whether they are still what was written: a digest of all they hold stands in their
/// metadata. Against damaged disks, not against people: whoever can write the file can write its seal.
import Crypto
public import Files

/// Tensors as `writeSafetensors` takes them.
public typealias NamedFloats = (name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)

private let key = "sha256"

/// `writeSafetensors` in Float32, with a seal: the SHA-256 of the other metadata and of every tensor's name and bytes.
public func writeSafetensorsWithChecksum(
  to path: String, tensors: [NamedFloats], metadata: [String: String]
) throws(FileFault) {
  var seal = TensorChecksum(metadata)
  for tensor in tensors.sorted(by: { precedes($0.name, $1.name) }) {
    seal.take(tensor.name, UnsafeRawBufferPointer(tensor.floats))
  }
  try writeSafetensors(to: path, tensors: tensors, metadata: metadata.merging([key: seal.text]) { $1 })
}

extension SafetensorsFile {
  /// Whether the file is, to the last bit, what `writeSealed` wrote. Reads all of it.
  public var hasValidChecksum: Bool {
    var seal = TensorChecksum(metadata.filter { $0.key != key })
    for name in tensors.keys.sorted(by: precedes) {
      guard let bytes = try? bytes(name) else { return false }
      seal.take(name, bytes, isMapped: true)
    }
    return metadata[key] == seal.text
  }
}

private struct TensorChecksum {
  private var hash = SHA256()

  init(_ metadata: [String: String]) {
    hash.update(data: Array(JSON.object(metadata.mapValues(JSON.string)).text(pretty: false).utf8))
  }

  private static let piece = 1 << 24

  /// - Parameter isMapped: whether `bytes` are a file's, and not a weight's.
  mutating func take(_ name: String, _ bytes: UnsafeRawBufferPointer, isMapped: Bool = false) {
    hash.update(data: Array("\n\(name) \(bytes.count)\n".utf8))
    // In pieces that are let go: of a mapped file no more than one is in memory.
    for start in stride(from: 0, to: bytes.count, by: Self.piece) {
      let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.piece, bytes.count)])
      hash.update(bufferPointer: piece)
      if isMapped { releasePages(piece) }
    }
  }

  var text: String { hexadecimal(hash.finalize()) }
}
