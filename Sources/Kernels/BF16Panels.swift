/// bfloat16 weights packed once, so that no product packs them again: the same memory and the same sums as row by row.
internal import CKernels
import Glibc

/// Sendable: nothing writes to it after `init`.
package final class BF16Panels: PackedWeights, @unchecked Sendable {
  private let panels: UnsafeMutablePointer<UInt16>
  package let rows, columns: Int

  /// nil: this CPU has no bfloat16 products, or the sizes are not multiples of 32.
  /// - Parameter weights: Float32, [out, in], contiguous.
  package init?(_ weights: Matrix) {
    guard GEMMBackend.selected == .avx512bf16 && weights.rows % 32 == 0 && weights.columns % 32 == 0 else { return nil }
    precondition(weights.stride == weights.columns && !weights.isTransposed, "panels of a part of a matrix")
    (rows, columns) = (weights.rows, weights.columns)
    panels = allocateAligned(rows * columns)
    tune_pack_panels(weights.base, panels, rows, columns)
  }

  deinit { free(panels) }

  package func unpack(into weights: UnsafeMutablePointer<Float>) { tune_unpack_panels(panels, weights, rows, columns) }

  /// The numbers from one row of the input to the next.
  private var inputStride: Int { rowStride(2 * columns) / 2 }

  package func inputSize(_ rows: Int) -> Int { rows * inputStride / 2 }

  package func packInput(_ x: Matrix, _ rows: Range<Int>, into memory: UnsafeMutablePointer<Float>) {
    tune_round_rows(
      x.base + rows.lowerBound * x.stride, x.stride, rounded(memory) + rows.lowerBound * inputStride, inputStride,
      rows.count, columns)
  }

  package func multiply(
    _ x: UnsafeMutablePointer<Float>, outputs: Range<Int>, into c: Matrix, bias: UnsafePointer<Float>?
  ) {
    precondition(
      outputs.lowerBound % 32 == 0 && outputs.count % 32 == 0 && outputs.upperBound <= rows
        && c.columns == outputs.count, "outputs \(outputs) of \(rows) into \(c.columns) columns")
    tune_gemm_panels(
      rounded(x), inputStride, panels + outputs.lowerBound * columns, bias.map { $0 + outputs.lowerBound }, c.base,
      c.stride, c.rows, outputs.count, columns)
  }

  private func rounded(_ memory: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UInt16.self)
  }
}
