/// A tensor and its storage as a pickle describes them: which numbers of which storage, in which order. Does not read the
/// numbers.

/// The persistent id of a storage: ("storage", class, key, location, elements), in the legacy stream also a view of
/// another storage, (key, offset, size). The location is ignored: tensors of a GPU are read as well.
struct PickledStorage: Equatable {
  let key: String
  /// nil: bytes.
  let dtype: DType?
  /// Of the whole storage.
  let elements: Int
  /// The elements that its tensors see.
  let visible: Range<Int>

  init(_ id: [PickleValue], _ machine: PickleMachine) throws(TorchFault) {
    guard (5...6).contains(id.count), id[0] == .string("storage"), case .global(.storage(let dtype)) = id[1],
      case .string(let key) = id[2], case .int(let elements) = id[4], elements >= 0
    else { throw machine.unexpected(.tuple(0), expected: "\"storage\", its class, key, location and size") }
    var visible = 0..<elements
    if id.count == 6, id[5] != .none {
      let view = try machine.elements(id[5])
      guard view.count == 3, case .int(let start) = view[1], case .int(let count) = view[2], start >= 0, count >= 0,
        start <= elements, count <= elements - start
      else { throw machine.unexpected(id[5], expected: "a view within its storage") }
      visible = start..<start + count
    }
    (self.key, self.dtype, self.elements, self.visible) = (key, dtype, elements, visible)
  }

  /// Bytes of the whole storage; nil: more than 63 bits can count.
  var size: Int? {
    let (size, isOver) = elements.multipliedReportingOverflow(by: dtype?.size ?? 1)
    return isOver ? nil : size
  }
}

extension DType {
  /// Bytes of an element in torch, which packs two F4 into one.
  var size: Int { max(8, bits) / 8 }
}

/// The arguments of `_rebuild_tensor`, `_rebuild_tensor_v2` and `_rebuild_tensor_v3`.
struct PickledTensor {
  let storage: PickledStorage
  let dtype: DType
  /// Elements from the start of the storage's visible part.
  let offset: Int
  /// torch's, in which two F4 are one element.
  let shape: [Int]
  let stride: [Int]
  /// A lazy change of the numbers that the file does not have: "conj" or "neg".
  let change: String?

  /// - Parameter hasDType: whether the function is the third version.
  init(_ arguments: [PickleValue], hasDType: Bool, _ machine: PickleMachine) throws(TorchFault) {
    guard (4...8).contains(arguments.count), case .storage(let storage) = arguments[0],
      case .int(let offset) = arguments[1]
    else { throw machine.unexpected(arguments.first ?? .none, expected: "a storage, its offset, size and stride") }
    self.storage = machine.storages[storage]
    self.offset = offset
    shape = try Self.sizes(arguments[2], machine)
    stride = try Self.sizes(arguments[3], machine)
    let named: PickleValue? = hasDType && arguments.count > 6 ? arguments[6] : nil
    if case .global(.dtype(let dtype))? = named {
      self.dtype = dtype
    } else if let dtype = self.storage.dtype, named == nil {
      self.dtype = dtype
    } else {
      throw machine.unexpected(named ?? .none, expected: "the dtype of a tensor of bytes")
    }
    change = try arguments.dropFirst(hasDType ? 7 : 6).first.flatMap { (value) throws(TorchFault) in
      try Self.change(value, machine)
    }
  }

  private static func sizes(_ value: PickleValue, _ machine: PickleMachine) throws(TorchFault) -> [Int] {
    let elements = try machine.elements(value)
    guard elements.count <= 64 else { throw machine.unexpected(value, expected: "at most 64 sizes") }
    var sizes: [Int] = []
    for element in elements {
      guard case .int(let size) = element, size >= 0 else {
        throw machine.unexpected(element, expected: "a size or stride from 0")
      }
      sizes.append(size)
    }
    return sizes
  }

  private static func change(_ metadata: PickleValue, _ machine: PickleMachine) throws(TorchFault) -> String? {
    guard case .dict(let dict) = metadata else { return nil }
    let items = machine.containers[dict]
    for (key, value) in zip(items, items.dropFirst()) where value == .bool(true) {
      if case .string(let name) = key { return name }
    }
    return nil
  }
}
