/// Runs the pickle of a state dict, by the few opcodes and names that one needs, into plain values. Nothing that the file
/// names is ever called; every other opcode or name is a fault. Does not read storages.

struct PickleMachine {
  /// The elements of tuples and lists; the keys and values of dictionaries.
  private(set) var containers: [[PickleValue]] = []
  private(set) var storages: [PickledStorage] = []
  private(set) var tensors: [PickledTensor] = []
  private var reader: ByteReader
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var steps = 0

  /// Opcodes of a pickle; twenty make a tensor. Bounds the memory that a damaged file can take.
  private static let maxSteps = 400_000

  init(_ reader: ByteReader) { self.reader = reader }

  /// The position after the pickle that was run.
  var offset: Int { reader.offset }

  /// Runs the pickle to its end.
  mutating func run() throws(TorchFault) -> PickleValue {
    while true {
      let start = reader.offset, code: UInt8 = try reader.next(UInt8.self)
      guard let opcode = PickleOpcode(rawValue: code) else { throw .opcode(PickleOpcode.name(code), at: start) }
      steps += 1
      guard steps <= Self.maxSteps else {
        throw .pickle(at: start, found: "more than \(Self.maxSteps) opcodes", expected: "the weights of one model")
      }
      if opcode == .stop { return try pop() }
      if let value = try constant(opcode) {
        stack.append(value)
      } else {
        try combine(opcode)
      }
    }
  }

  /// The value that an opcode pushes without taking any from the stack; nil: it takes some.
  private mutating func constant(_ opcode: PickleOpcode) throws(TorchFault) -> PickleValue? {
    switch opcode {
    case .none: return PickleValue.none
    case .newTrue: return .bool(true)
    case .newFalse: return .bool(false)
    case .int: return .int(Int(try reader.next(Int32.self) as Int32))
    case .int1: return .int(Int(try reader.next(UInt8.self) as UInt8))
    case .int2: return .int(try reader.next(UInt16.self))
    case .long1: return try long()
    case .float:
      _ = try reader.take(8)
      return .number
    case .unicode, .string: return .string(try reader.text(try reader.next(UInt32.self)))
    case .shortString: return .string(try reader.text(Int(try reader.next(UInt8.self) as UInt8)))
    case .emptyTuple: return .tuple(add([]))
    case .emptyList: return .list(add([]))
    case .emptyDict: return .dict(add([]))
    case .global:
      let module = try reader.line(), name = try reader.line()
      guard let global = PickleGlobal(module: module, name: name) else { throw .global("\(module).\(name)") }
      return .global(global)
    case .get: return try recall(Int(try reader.next(UInt8.self) as UInt8))
    case .longGet: return try recall(try reader.next(UInt32.self))
    default: return nil
    }
  }

  private mutating func combine(_ opcode: PickleOpcode) throws(TorchFault) {
    switch opcode {
    case .proto:
      let version: UInt8 = try reader.next(UInt8.self)
      guard version == 2 || version == 3 else { throw .protocolVersion(Int(version)) }
    case .mark: marks.append(stack.count)
    case .put: memo[Int(try reader.next(UInt8.self) as UInt8)] = try top()
    case .longPut: memo[try reader.next(UInt32.self)] = try top()
    case .tuple: stack.append(.tuple(add(try popToMark())))
    case .tuple1: stack.append(.tuple(add(try pop(1))))
    case .tuple2: stack.append(.tuple(add(try pop(2))))
    case .tuple3: stack.append(.tuple(add(try pop(3))))
    case .append: try extend(with: try pop(1))
    case .appends: try extend(with: try popToMark())
    case .setItem: try update(with: try pop(2))
    case .setItems: try update(with: try popToMark())
    case .reduce:
      let call = try pop(2)
      stack.append(try make(call[0], try elements(call[1])))
    case .build:
      // The attributes of an OrderedDict: `_metadata`, the versions of the modules.
      _ = try pop()
      guard case .dict = try top() else { throw unexpected(try top(), expected: "attributes of an OrderedDict only") }
    case .persistentID: stack.append(.storage(try addStorage(try elements(try pop()))))
    default: preconditionFailure("PickleMachine: \(opcode) is a constant")
    }
  }

  private mutating func long() throws(TorchFault) -> PickleValue {
    let bytes = try reader.take(Int(try reader.next(UInt8.self) as UInt8))
    guard bytes.count <= 8 else { return .number }
    let isNegative = (bytes.last ?? 0) >= 0x80
    return .int(bytes.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) })
  }

  private func recall(_ index: Int) throws(TorchFault) -> PickleValue {
    guard let value = memo[index] else {
      throw .pickle(at: reader.offset, found: "a reference to object \(index)", expected: "one that was stored before")
    }
    return value
  }
}

// The stack.
extension PickleMachine {
  private mutating func add(_ elements: [PickleValue]) -> Int {
    containers.append(elements)
    return containers.count - 1
  }

  private func top() throws(TorchFault) -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else { throw missing }
    return value
  }

  private mutating func pop() throws(TorchFault) -> PickleValue { try pop(1)[0] }

  private mutating func pop(_ count: Int) throws(TorchFault) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else { throw missing }
    return take(from: stack.count - count)
  }

  private mutating func popToMark() throws(TorchFault) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw missing }
    return take(from: mark)
  }

  private mutating func take(from start: Int) -> [PickleValue] {
    // Not Array(stack[start...]), which may keep the stack's whole memory.
    let values = stack[start...].map { $0 }
    stack.removeSubrange(start...)
    return values
  }

  private mutating func extend(with elements: [PickleValue]) throws(TorchFault) {
    guard case .list(let list) = try top() else { throw unexpected(try top(), expected: "a list") }
    containers[list] += elements
  }

  private mutating func update(with items: [PickleValue]) throws(TorchFault) {
    guard case .dict(let dict) = try top(), items.count % 2 == 0 else {
      throw unexpected(try top(), expected: "a dictionary, with pairs of keys and values")
    }
    containers[dict] += items
  }

  private var missing: TorchFault {
    .pickle(at: reader.offset, found: "too few values", expected: "those that the opcode takes")
  }

  func unexpected(_ value: PickleValue, expected: String) -> TorchFault {
    .pickle(at: reader.offset, found: value.typeName, expected: expected)
  }

  func elements(_ value: PickleValue) throws(TorchFault) -> [PickleValue] {
    guard case .tuple(let index) = value else { throw unexpected(value, expected: "a tuple") }
    return containers[index]
  }
}

// What the names make.
extension PickleMachine {
  /// What a call of `function` would return.
  private mutating func make(_ function: PickleValue, _ arguments: [PickleValue]) throws(TorchFault) -> PickleValue {
    guard case .global(let global) = function else { throw unexpected(function, expected: "a function or class") }
    switch global {
    case .orderedDict: return .dict(add(try orderedItems(arguments)))
    case .size where arguments.count == 1: return .tuple(add(try elements(arguments[0])))
    case .rebuildParameter:
      guard case .tensor? = arguments.first else { break }
      return arguments[0]
    case .rebuildTensor, .rebuildTensorV3:
      tensors.append(try PickledTensor(arguments, hasDType: global == .rebuildTensorV3, self))
      return .tensor(tensors.count - 1)
    default: break
    }
    throw unexpected(function, expected: "arguments that fit it")
  }

  /// The items of an OrderedDict: none, or a list of pairs, as Python 2 has it.
  private mutating func orderedItems(_ arguments: [PickleValue]) throws(TorchFault) -> [PickleValue] {
    guard let first = arguments.first else { return [] }
    guard case .list(let list) = first else { throw unexpected(first, expected: "a list of pairs") }
    // Many calls may have the same list.
    steps += containers[list].count
    var items: [PickleValue] = []
    for pair in containers[list] {
      guard case .list(let index) = pair, containers[index].count == 2 else {
        throw unexpected(pair, expected: "a pair of key and value")
      }
      items += containers[index]
    }
    return items
  }

  private mutating func addStorage(_ id: [PickleValue]) throws(TorchFault) -> Int {
    storages.append(try PickledStorage(id, self))
    return storages.count - 1
  }
}
