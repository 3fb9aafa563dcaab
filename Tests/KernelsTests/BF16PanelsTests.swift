/// Products with packed bfloat16 weights against the same products with the weights row by row.
import Kernels
import TestSupport
import Testing

@Suite(.enabled(if: GEMMBackend.selected == .avx512bf16)) struct BF16PanelsTests {
  // Rows around tiles of 14 and blocks of 588 of them, inputs around blocks of 1,536.
  @Test(
    arguments: [1, 2, 7, 14, 15, 16, 29, 57, 128, 588, 600],
    [(32, 32), (96, 64), (64, 1536), (64, 1568), (32, 4096)])
  func `every sum has the bits of the product that packs as it multiplies`(_ n: Int, _ size: (out: Int, columns: Int))
    throws
  {
    let (out, columns) = size
    let x = Storage(.random(n, columns, seed: 1)), w = Storage(.random(out, columns, seed: 2))
    let bias = Grid.random(1, out, seed: 3).floats
    let panels = try #require(BF16Panels(w.matrix))
    let rounded = Storage(Grid(out, columns)), expected = Storage(Grid(n, out)), found = Storage(Grid(n, out))
    panels.unpack(into: rounded.matrix.base)
    let largest = zip(rounded.floats, w.floats).map { abs($0 - $1) }.max() ?? 1
    #expect(largest > 0 && largest <= 1 / 512)
    let input = Storage(Grid(1, panels.inputSize(n)))
    panels.packInput(x.matrix, 0..<n / 2, into: input.matrix.base)
    panels.packInput(x.matrix, n / 2..<n, into: input.matrix.base)
    for hasBias in [false, true] {
      bias.withUnsafeBufferPointer { bias in
        let bias = hasBias ? bias.baseAddress : nil
        gemm(x.matrix, w.matrix.transposed, into: expected.matrix, bias: bias, precision: .bf16)
        for first in stride(from: 0, to: out, by: 64) {
          let outputs = first..<min(first + 64, out)
          panels.multiply(input.matrix.base, outputs: outputs, into: found.matrix.columns(outputs), bias: bias)
        }
      }
      #expect(found.floats == expected.floats)
    }
  }

  @Test func `sizes that are no multiples of 32 are not packed`() {
    #expect(BF16Panels(Storage(Grid(33, 32)).matrix) == nil && BF16Panels(Storage(Grid(32, 48)).matrix) == nil)
  }
}

/// A Float32 matrix in memory aligned to 64 bytes.
private final class Storage {
  let matrix: Matrix
  private let memory: UnsafeMutableRawPointer

  init(_ grid: Grid) {
    memory = .allocate(byteCount: 4 * grid.values.count, alignment: 64)
    let base = memory.bindMemory(to: Float.self, capacity: grid.values.count)
    for (index, value) in grid.values.enumerated() { base[index] = Float(value) }
    matrix = Matrix(base, rows: grid.rows, columns: grid.columns)
  }

  deinit { memory.deallocate() }

  var floats: [Float] { Array(UnsafeBufferPointer(start: matrix.base, count: matrix.rows * matrix.columns)) }
}
