/// Products that threads share: the same bytes however the rows and columns are divided among them.
import Kernels
import TestSupport
import Testing

@Test(arguments: [Precision.fp32, .bf16])
func `the rounding of a product does not depend on how its rows and columns are divided`(_ precision: Precision) throws
{
  try Processor.initialize()
  guard GEMMBackend.selected > .blas else { return }
  let a = DenseMatrix(rows: 45, columns: 12, Grid.random(45, 12, seed: 1).floats)
  let b = DenseMatrix(rows: 80, columns: 12, Grid.random(80, 12, seed: 2).floats),
    initial = Grid.random(45, 80, seed: 3).floats
  let bias = Grid.random(1, 80, seed: 4).floats
  for (columns, beta) in [80, 64, 12].flatMap({ columns in [Float(0), 1, 0.3].map { (columns, $0) } }) {
    func product(rows: [Range<Int>], columns parts: [Range<Int>]) -> [Float] {
      var c = initial
      c.withUnsafeMutableBufferPointer { c in
        a.withMatrix { a in
          b.withMatrix { b in
            let whole = Matrix(c.baseAddress!, rows: 45, columns: 80)
            for range in rows {
              for part in parts {
                bias.withUnsafeBufferPointer { bias in
                  gemm(
                    a.rows(range), b.transposed.columns(part), into: whole.rows(range).columns(part), alpha: 0.7,
                    beta: beta, bias: bias.baseAddress! + part.lowerBound, precision: precision)
                }
              }
            }
          }
        }
      }
      return c
    }
    let whole = product(rows: [0..<45], columns: [0..<columns])
    for row in 1..<45 { #expect(product(rows: [0..<row, row..<45], columns: [0..<columns]) == whole, "\(row)") }
    guard columns > 32 else { continue }
    #expect(product(rows: [0..<45], columns: [0..<32, 32..<columns]) == whole)
  }
}
