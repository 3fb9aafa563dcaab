/// Products with weights of 8 bits, for inference: weights are packed once, activations are quantized row by row as they are
/// used, and sums are exact.
internal import CKernels
import Glibc

/// What computes products with int8 weights, in ascending order of speed. All give the same sums.
package enum Int8Kernel: Int32, CaseIterable, Comparable, Sendable {
  /// C that runs on every CPU.
  case plain
  /// AVX2's VPMADDWD, after bytes are widened to 16 bits.
  case avx2
  /// VPDPBUSD over 256 bits.
  case avxvnni
  /// VPDPBUSD over 512 bits.
  case avx512vnni

  package var isSupported: Bool { tune_int8_supported(rawValue) != 0 }

  /// The best one that this CPU supports; without AVX-512 in floating point, too, if `TUNE_GEMM` says so.
  package static let selected =
    allCases.last { $0.isSupported && ($0 < .avx512vnni || GEMMBackend.selected >= .avx512) } ?? .plain

  package static func < (a: Int8Kernel, b: Int8Kernel) -> Bool { a.rawValue < b.rawValue }
}

/// Weights [out, in], each output with its own scale: W[j, i] ≈ scale[j]·q[j, i], |q| ≤ 127.
/// Sendable: nothing writes to it after `init`.
package final class Int8Weights: PackedWeights, @unchecked Sendable {
  private let panels: tune_int8_panels
  package var rows: Int { panels.outputs }
  package var columns: Int { panels.inputs }

  /// - Parameter weights: [out, in], not transposed.
  package init(_ weights: Matrix) {
    let (rows, columns) = ((weights.rows + 31) / 32 * 32, (weights.columns + 3) / 4 * 4)
    panels = tune_int8_panels(
      values: allocateAligned(rows * columns), scale: allocateAligned(rows), sums: allocateAligned(rows),
      outputs: weights.rows, inputs: weights.columns)
    weights.withFloat32 { weights in
      precondition(weights.stride == weights.columns && !weights.isTransposed, "int8 weights of a part of a matrix")
      withUnsafePointer(to: panels) { tune_int8_pack(weights.base, $0) }
    }
  }

  deinit {
    [panels.values.map(UnsafeMutableRawPointer.init), .init(panels.scale), .init(panels.sums)].forEach { free($0) }
  }

  package func unpack(into weights: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: panels) { tune_int8_unpack($0, weights) }
  }

  package func inputSize(_ rows: Int) -> Int { Int8Rows.size(rows, columns) }

  package func packInput(_ x: Matrix, _ rows: Range<Int>, into memory: UnsafeMutablePointer<Float>) {
    Int8Rows(memory, rows: x.rows, columns: columns).quantize(x, rows)
  }

  package func multiply(
    _ x: UnsafeMutablePointer<Float>, outputs: Range<Int>, into c: Matrix, bias: UnsafePointer<Float>?
  ) {
    Int8Rows(x, rows: c.rows, columns: columns).multiply(self, outputs: outputs, into: c, bias: bias)
  }

  fileprivate func withPanels(_ body: (UnsafePointer<tune_int8_panels>) -> Void) { withUnsafePointer(to: panels, body) }
}

/// Rows of activations of 8 bits, each with its own scale and minimum, in memory that it does not own.
package struct Int8Rows {
  private let memory: tune_int8_rows
  package let columns: Int

  /// - Parameter memory: `size(rows, columns)` numbers, aligned to 64 bytes.
  package init(_ memory: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
    let scales = memory + rowStride(columns) / 4 * rows
    self.memory = tune_int8_rows(
      values: UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UInt8.self), scale: scales,
      minimum: scales + rows,
      rows: rows, stride: rowStride(columns))
    self.columns = columns
  }

  /// The memory of `rows` rows, in Float32 numbers.
  package static func size(_ rows: Int, _ columns: Int) -> Int { rows * (rowStride(columns) / 4 + 2) }

  /// Quantizes these rows of x [rows, columns].
  package func quantize(_ x: Matrix, _ rows: Range<Int>) {
    withUnsafePointer(to: memory) { tune_int8_quantize(x.base, x.stride, columns, $0, rows.lowerBound, rows.count) }
  }

  /// c = x·Wᵀ + bias for the outputs in `outputs`, which begins at a multiple of 32      x [n, in]   c [n, outputs]   bias [out]
  package func multiply(
    _ weights: Int8Weights, outputs: Range<Int>, into c: Matrix, bias: UnsafePointer<Float>?,
    kernel: Int8Kernel = .selected
  ) {
    precondition(
      weights.columns == columns && c.rows == memory.rows && c.columns == outputs.count,
      "int8: [\(memory.rows), \(columns)]·[\(weights.columns), \(outputs.count)] into [\(c.rows), \(c.columns)]")
    precondition(outputs.lowerBound % 32 == 0 && outputs.upperBound <= weights.rows, "int8: outputs \(outputs)")
    withUnsafePointer(to: memory) { x in
      weights.withPanels {
        tune_int8_gemm(kernel.rawValue, x, $0, outputs.lowerBound, outputs.upperBound, bias, c.base, c.stride)
      }
    }
  }
}
