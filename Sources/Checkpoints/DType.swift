/// The element types of safetensors files, by the format's names. Does not convert: see `Float16.swift`.
public enum DType: String, Sendable, CaseIterable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u8 = "U8"
  case bool = "BOOL"

  /// Bytes per element.
  public var size: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// Whether `SafetensorsFile.floats` can read it.
  public var isFloat: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    case .i64, .i32, .i16, .i8, .u8, .bool: false
    }
  }
}

/// The header entry of one tensor, checked against the file.
public struct TensorInfo: Sendable, Equatable {
  public let dtype: DType
  /// Sizes of the axes, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The byte range of the values in the file: little-endian, row-major.
  public let bytes: Range<Int>

  /// Number of elements: the product of the shape, 1 for a scalar.
  public var count: Int { bytes.count / dtype.size }
}
