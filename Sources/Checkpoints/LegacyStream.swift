/// The form of `torch.save` before PyTorch 1.6: five pickles one after the other (a magic number, a version, the writer's
/// types, the object, the keys of the storages), then for each key the count of its elements and their bytes.

struct LegacyStream {
  let stateDict: StateDict
  /// The bytes of each storage, by key.
  private(set) var storages: [String: Range<Int>] = [:]

  /// The pickle of 0x1950A86A20F9469CFC6C.
  private static let magic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  private static let version = 1001

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

  init(_ bytes: UnsafeRawBufferPointer) throws(TorchFault) {
    guard Self.recognizes(bytes) else {
      let isTar = bytes.count > 262 && bytes[257..<262].elementsEqual("ustar".utf8)
      let start = bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
      throw .otherForm(found: isTar ? "the tar archive of PyTorch 0.1" : "a file that begins with the bytes \(start)")
    }
    var offset = Self.magic.count
    func unpickle() throws(TorchFault) -> (PickleValue, PickleMachine) {
      var machine = PickleMachine(ByteReader(bytes, at: offset))
      let value = try machine.run()
      offset = machine.offset
      return (value, machine)
    }
    guard case (.int(Self.version), _) = try unpickle() else {
      throw .otherForm(found: "a stream of another version than \(Self.version)")
    }
    _ = try unpickle()
    let (root, machine) = try unpickle()
    stateDict = try StateDict(root, machine)
    let (list, keys) = try unpickle()
    guard case .list(let index) = list else { throw keys.unexpected(list, expected: "the keys of the storages") }
    let sizes = Dictionary(machine.storages.map { ($0.key, $0) }) { first, _ in first }
    var reader = ByteReader(bytes, at: offset)
    for value in keys.containers[index] {
      guard case .string(let key) = value, let storage = sizes[key], storages[key] == nil, let size = storage.size
      else {
        throw keys.unexpected(value, expected: "the key of a storage of the object, once")
      }
      guard try reader.next(Int64.self) as Int64 == storage.elements else {
        throw .storage(key, found: "another count before its bytes", expected: "\(storage.elements) elements")
      }
      let start = reader.offset
      _ = try reader.take(size)
      storages[key] = start..<start + size
    }
  }
}
