/// The zip form of `torch.save`: the state dict in `<folder>/data.pkl`, storages in `<folder>/data/<key>`. Entries are
/// found by name; their order and their folder's name differ between versions.
import Files

struct TorchArchive {
  private let directory: ZipDirectory
  private let pickle: ZipDirectory.Entry
  /// Ends with a slash, or is empty.
  private let folder: String

  private static let maxPickleSize = 1 << 23

  init(_ bytes: UnsafeRawBufferPointer) throws(TorchFault) {
    directory = try ZipDirectory(bytes)
    let pickles = directory.entries.values.filter { "/\($0.name)".hasSuffix("/data.pkl") }
    guard pickles.count == 1 else {
      throw .archive(found: "\(pickles.count) entries 'data.pkl'", expected: "one, as torch.save writes it")
    }
    pickle = pickles[0]
    folder = String(pickle.name.dropLast("data.pkl".count))
    if let code = directory.entries.keys.filter({ $0.hasPrefix(folder + "code/") }).min() {
      throw .entry(code, found: "code of TorchScript", expected: "a state dict")
    }
    guard pickle.size <= Self.maxPickleSize else {
      throw .entry(pickle.name, found: "\(pickle.size) bytes long", expected: "at most \(Self.maxPickleSize)")
    }
  }

  func stateDict(_ places: inout TensorPlaces) throws -> StateDict {
    if let entry = directory.entries[folder + "byteorder"] {
      let place = try places.checkedContents(of: entry), order = String(decoding: places[place], as: UTF8.self)
      // Older files have no such entry, and are little-endian.
      guard order == "little" else {
        throw TorchFault.entry(entry.name, found: "'\(order.prefix(20))'", expected: "'little'")
      }
    }
    let place = try places.checkedContents(of: pickle)
    var machine = PickleMachine(ByteReader(places[place]))
    let root = try machine.run()
    return try StateDict(root, machine)
  }

  func entry(of storage: PickledStorage) throws(TorchFault) -> ZipDirectory.Entry {
    guard let entry = directory.entries["\(folder)data/\(storage.key)"], entry.size == storage.size else {
      let found = directory.entries["\(folder)data/\(storage.key)"].map { "\($0.size) bytes" } ?? "no entry"
      throw .storage(storage.key, found: found, expected: "the bytes of \(storage.elements) elements")
    }
    return entry
  }
}

extension TensorPlaces {
  /// The contents of an entry, decompressed if they need it; the checksum of those is checked.
  mutating func contents(of entry: ZipDirectory.Entry) throws -> Place {
    guard entry.isDeflated else { return Place(bytes: entry.bytes) }
    let compressed = UnsafeRawBufferPointer(rebasing: file[entry.bytes])
    return try addCopy(size: entry.size) { scratch in
      var size = 0, checksum: UInt32 = 0
      let isComplete = try inflate(compressed) { (chunk) throws(FileFault) in
        size += chunk.count
        guard size <= entry.size else { return false }
        checksum = chunk.withUnsafeBytes { crc32($0, after: checksum) }
        try scratch.append(chunk)
        return true
      }
      releasePages(compressed)
      guard isComplete, size == entry.size, checksum == entry.checksum else {
        throw TorchFault.wrongChecksum(entry: entry.name)
      }
    }
  }

  /// The contents of a small entry, whose checksum is checked at once.
  fileprivate mutating func checkedContents(of entry: ZipDirectory.Entry) throws -> Place {
    let place = try contents(of: entry)
    guard !entry.hasChecksum || crc32(self[place]) == entry.checksum else {
      throw TorchFault.wrongChecksum(entry: entry.name)
    }
    return place
  }
}
