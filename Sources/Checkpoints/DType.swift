/// The element types of safetensors files, by the format's names, and those that only PyTorch has. Does not convert: see
/// `Float16.swift`. Source: `Dtype` of the safetensors library 0.8.

/// In the order of the library, which lays out a file's tensors from the last type to the first.
package enum DType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"
  /// PyTorch's complex32 and complex128.
  case c32 = "C32"
  case c128 = "C128"

  /// Whether safetensors files can have it.
  package var isInSafetensors: Bool { self != .c32 && self != .c128 }

  /// Bits per element: elements of fewer than 8 bits are packed.
  package var bits: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32, .c32: 32
    case .c64, .f64, .i64, .u64: 64
    case .c128: 128
    }
  }

  /// Whether `TensorFile.floats` can read it.
  package var isFloat: Bool { [.f64, .f32, .f16, .bf16].contains(self) }
}

/// The type, the shape and the place of one tensor's values, checked against the file.
package struct TensorInfo: Sendable, Equatable {
  package let dtype: DType
  /// Sizes of the axes, outermost first; empty for a scalar.
  package let shape: [Int]
  /// The byte range of the values in the file, or in the copy `copy`: little-endian, row-major.
  package let bytes: Range<Int>
  /// The file's copy that has the values, because they are compressed or in another order in the file; nil: the file.
  var copy: Int?

  /// Number of elements: the product of the shape, 1 for a scalar.
  package var count: Int { bytes.count * 8 / dtype.bits }
}
