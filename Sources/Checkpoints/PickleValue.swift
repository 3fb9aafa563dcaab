/// What the opcodes of a state dict's pickle push: plain values, and the few Python names that it needs.

/// Tuples, lists and dictionaries are indices into the machine's containers, so that no value contains another: a file
/// can nest them without end.
enum PickleValue: Equatable {
  case none
  case bool(Bool)
  case int(Int)
  /// A float, or an integer of more than 64 bits. No tensor is made of it.
  case number
  case string(String)
  case tuple(Int)
  case list(Int)
  /// Keys and values alternate.
  case dict(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)

  /// For faults.
  var typeName: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int: "an int"
    case .number: "a number"
    case .string: "a string"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dict: "a dictionary"
    case .global: "a function or class"
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// The Python names that may occur. None of them is called: the machine knows what each one makes.
enum PickleGlobal: Equatable {
  case orderedDict
  case size
  case rebuildTensor
  case rebuildTensorV3
  case rebuildParameter
  /// nil: bytes, whose type the tensor names.
  case storage(DType?)
  case dtype(DType)

  /// nil: another name.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDict
    case ("torch", "Size"): self = .size
    case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTensorV3
    case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
      self = .rebuildParameter
    case ("torch.storage", "UntypedStorage"): self = .storage(nil)
    case ("torch", _), ("torch.cuda", _):
      if let type = torchTypes.first(where: { $0.storage.map { $0 + "Storage" } == name }) {
        self = .storage(type.dtype)
      } else if module == "torch", let type = torchTypes.first(where: { $0.name == name }) {
        self = .dtype(type.dtype)
      } else {
        return nil
      }
    default: return nil
    }
  }
}

/// torch's names of the dtypes, and of the typed storages of the older ones.
private let torchTypes: [(name: String, storage: String?, dtype: DType)] = [
  ("float64", "Double", .f64), ("float32", "Float", .f32), ("float16", "Half", .f16), ("bfloat16", "BFloat16", .bf16),
  ("int64", "Long", .i64), ("int32", "Int", .i32), ("int16", "Short", .i16), ("int8", "Char", .i8),
  ("uint8", "Byte", .u8), ("bool", "Bool", .bool), ("complex64", "ComplexFloat", .c64),
  ("complex128", "ComplexDouble", .c128), ("complex32", nil, .c32), ("uint16", nil, .u16), ("uint32", nil, .u32),
  ("uint64", nil, .u64), ("float8_e4m3fn", nil, .f8E4M3), ("float8_e5m2", nil, .f8E5M2),
  ("float8_e4m3fnuz", nil, .f8E4M3FNUZ), ("float8_e5m2fnuz", nil, .f8E5M2FNUZ), ("float8_e8m0fnu", nil, .f8E8M0),
  ("float4_e2m1fn_x2", nil, .f4),
]
