/// The opcodes of Python's pickle that state dicts have, and the names of the others for faults. Does not run them:
/// see `PickleMachine`. Source: `pickletools` of Python 3.13.

enum PickleOpcode: UInt8 {
  case proto = 0x80
  case stop = 0x2E
  case mark = 0x28
  case global = 0x63
  case reduce = 0x52
  case build = 0x62
  case persistentID = 0x51
  case put = 0x71
  case longPut = 0x72
  case get = 0x68
  case longGet = 0x6A
  case none = 0x4E
  case newTrue = 0x88
  case newFalse = 0x89
  case int = 0x4A
  case int1 = 0x4B
  case int2 = 0x4D
  case long1 = 0x8A
  case float = 0x47
  case unicode = 0x58
  /// Python 2's byte strings.
  case shortString = 0x55
  case string = 0x54
  case emptyTuple = 0x29
  case emptyList = 0x5D
  case emptyDict = 0x7D
  case tuple = 0x74
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case append = 0x61
  case appends = 0x65
  case setItem = 0x73
  case setItems = 0x75

  /// The name of an opcode that is not read: Python's, or its byte.
  static func name(_ code: UInt8) -> String { others[code] ?? "0x" + String(code, radix: 16) }

  private static let others: [UInt8: String] = [
    0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP", 0x42: "BINBYTES", 0x43: "SHORT_BINBYTES", 0x46: "FLOAT", 0x49: "INT",
    0x4C: "LONG", 0x50: "PERSID", 0x53: "STRING", 0x56: "UNICODE", 0x64: "DICT", 0x67: "GET", 0x69: "INST",
    0x6C: "LIST", 0x6F: "OBJ", 0x70: "PUT", 0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8B: "LONG4",
    0x8C: "SHORT_BINUNICODE", 0x8D: "BINUNICODE8", 0x8E: "BINBYTES8", 0x8F: "EMPTY_SET", 0x90: "ADDITEMS",
    0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME", 0x96: "BYTEARRAY8",
    0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
  ]
}
