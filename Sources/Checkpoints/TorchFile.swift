/// Reads the files of `torch.save`: their state dict, and where the values of its tensors are. There are two forms: a zip
/// archive since PyTorch 1.6, and the legacy stream of older versions.
import Files

struct TorchFile {
  /// The checksum of a part of the file that was not read yet.
  struct Checksum: Sendable {
    let entry: String
    let bytes: Range<Int>
    let value: UInt32
  }

  private(set) var tensors: [String: TensorInfo] = [:]
  let copies: [MappedFile]
  let checksums: [Checksum]
  /// See `StateDict`.
  let wrapper: String?

  /// Whether the file begins as one of the two forms.
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { isArchive(bytes) || LegacyStream.recognizes(bytes) }

  /// In a safetensors file the ninth byte is a brace; here it is the first entry's method.
  private static func isArchive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 3, 4]) && bytes.count > 8 && bytes[8] != UInt8(ascii: "{")
  }

  init(_ bytes: UnsafeRawBufferPointer) throws {
    var places = TensorPlaces(bytes)
    let stateDict: StateDict
    var found: [String: Place] = [:]
    if Self.isArchive(bytes) {
      let archive = try TorchArchive(bytes)
      stateDict = try archive.stateDict(&places)
      var checksums: [Checksum] = []
      for storage in stateDict.storages {
        let entry = try archive.entry(of: storage)
        if !entry.isDeflated, entry.hasChecksum {
          checksums.append(Checksum(entry: entry.name, bytes: entry.bytes, value: entry.checksum))
        }
        found[storage.key] = try places.contents(of: entry)
      }
      self.checksums = checksums
    } else {
      let stream = try LegacyStream(bytes)
      (stateDict, found, checksums) = (stream.stateDict, stream.storages.mapValues { Place(bytes: $0) }, [])
    }
    for (name, tensor) in stateDict.tensors.sorted(by: { precedes($0.key, $1.key) }) {
      guard let place = found[tensor.storage.key], place.bytes.count == tensor.storage.size else {
        throw TorchFault.storage(
          tensor.storage.key, found: found[tensor.storage.key].map { "\($0.bytes.count) bytes" } ?? "no bytes",
          expected: "\(tensor.storage.elements) elements")
      }
      tensors[name] = try places.info(of: tensor, named: name, in: place)
    }
    (copies, wrapper) = (places.copies, stateDict.wrapper)
  }
}

extension StateDict {
  /// The storages of the tensors, each once, in the order of their keys.
  fileprivate var storages: [PickledStorage] {
    Dictionary(tensors.values.map { ($0.storage.key, $0.storage) }) { first, _ in first }.values
      .sorted { precedes($0.key, $1.key) }
  }
}
