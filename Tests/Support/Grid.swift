/// A matrix of Doubles for oracles, which are plain and slow. Does not know tensors.
import Hashing

package struct Grid: Sendable {
  package let rows, columns: Int
  package var values: [Double]

  /// Zeros, or `values` row by row.
  package init(_ rows: Int, _ columns: Int, _ values: [Double]? = nil) {
    self.rows = rows
    self.columns = columns
    self.values = values ?? Array(repeating: 0, count: rows * columns)
    precondition(self.values.count == rows * columns, "\(self.values.count) values for [\(rows), \(columns)]")
  }

  package init(_ rows: Int, _ columns: Int, floats: [Float]) { self.init(rows, columns, floats.map(Double.init)) }

  package subscript(_ i: Int, _ j: Int) -> Double {
    get { values[i * columns + j] }
    set { values[i * columns + j] = newValue }
  }

  package var floats: [Float] { values.map(Float.init) }

  /// Random numbers within `scale` of `center` that Float32 represents exactly, so that op and oracle read the same.
  package static func random(_ rows: Int, _ columns: Int, seed: UInt64, scale: Double = 1, around center: Double = 0)
    -> Grid
  {
    var generator = SplitMix64(seed: seed)
    let values = (0..<rows * columns).map { _ in
      Double(Float(center + Double.random(in: -scale...scale, using: &generator)))
    }
    return Grid(rows, columns, values)
  }
}

/// The largest difference, relative to the largest entry of `expected`. Infinite if anything found is not finite.
package func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
  precondition(found.count == expected.count, "found \(found.count) numbers; expected \(expected.count)")
  var worst = 0.0, largest = 0.0
  for (a, b) in zip(found, expected) {
    guard a.isFinite else { return .infinity }
    worst = max(worst, abs(Double(a) - b))
    largest = max(largest, abs(b))
  }
  return worst / max(largest, 1e-30)
}

/// The gradient of `f` at `x` by central differences. With this step it has about nine correct digits.
package func finiteDifferences(at x: [Double], step: Double = 1e-4, of f: ([Double]) -> Double) -> [Double] {
  var probe = x
  return x.indices.map { i in
    probe[i] = x[i] + step
    let above = f(probe)
    probe[i] = x[i] - step
    let below = f(probe)
    probe[i] = x[i]
    return (above - below) / (2 * step)
  }
}
