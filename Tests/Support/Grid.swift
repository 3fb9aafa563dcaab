/// A matrix of Doubles in which oracles are written: plain, slow and obvious. Does not know tensors.
import Hashing

public struct Grid: Sendable {
  public let rows, columns: Int
  public var values: [Double]

  /// Zeros, or `values` row by row.
  public init(_ rows: Int, _ columns: Int, _ values: [Double]? = nil) {
    self.rows = rows
    self.columns = columns
    self.values = values ?? Array(repeating: 0, count: rows * columns)
    precondition(self.values.count == rows * columns, "\(self.values.count) values for [\(rows), \(columns)]")
  }

  public init(_ rows: Int, _ columns: Int, floats: [Float]) { self.init(rows, columns, floats.map(Double.init)) }

  public subscript(_ i: Int, _ j: Int) -> Double {
    get { values[i * columns + j] }
    set { values[i * columns + j] = newValue }
  }

  public var floats: [Float] { values.map(Float.init) }

  /// Numbers in ±`scale` that Float32 holds exactly, so that an op and its oracle see the same.
  public static func random(_ rows: Int, _ columns: Int, seed: UInt64, scale: Double = 1, around center: Double = 0)
    -> Grid
  {
    var source = SplitMix64(seed: seed)
    let values = (0..<rows * columns).map { _ in
      Double(Float(center + Double.random(in: -scale...scale, using: &source)))
    }
    return Grid(rows, columns, values)
  }
}

/// The largest difference, relative to the largest number wanted. Infinite where anything found is not finite.
public func relativeError(_ found: [Float], _ wanted: [Double]) -> Double {
  precondition(found.count == wanted.count, "\(found.count) numbers against \(wanted.count)")
  var worst = 0.0, largest = 0.0
  for (a, b) in zip(found, wanted) {
    guard a.isFinite else { return .infinity }
    worst = max(worst, abs(Double(a) - b))
    largest = max(largest, abs(b))
  }
  return worst / max(largest, 1e-30)
}

/// Central differences of `f` at `x`, a number at a time. In Double, with this step, good to about nine digits.
public func finiteDifferences(at x: [Double], step: Double = 1e-4, of f: ([Double]) -> Double) -> [Double] {
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
