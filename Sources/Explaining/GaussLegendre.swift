/// Gauss-Legendre quadrature on [0, 1].
import Foundation

/// - Returns: the nodes, increasing, and their weights, whose sum is 1. With n nodes polynomials up to degree 2n - 1 are
///   integrated exactly.
func gaussLegendre(_ n: Int) -> [(node: Double, weight: Double)] {
  precondition(n > 0, "a quadrature without nodes")
  /// The Legendre polynomial of degree n and its derivative.
  func legendre(_ x: Double) -> (value: Double, derivative: Double) {
    var previous = 1.0, value = x
    for k in stride(from: 2, through: n, by: 1) {
      (previous, value) = (value, (Double(2 * k - 1) * x * value - Double(k - 1) * previous) / Double(k))
    }
    if n == 1 { previous = 1 }
    return (value, Double(n) * (x * value - previous) / (x * x - 1))
  }
  return (0..<n).map { i in
    // The roots, from -1 on, by Newton's method from a close start (Abramowitz & Stegun 22.16.6).
    var x = -cos(.pi * (Double(i) + 0.75) / (Double(n) + 0.5))
    for _ in 0..<100 {
      let (value, derivative) = legendre(x), step = value / derivative
      x -= step
      if abs(step) < 1e-15 { break }
    }
    let derivative = legendre(x).derivative
    return ((1 + x) / 2, 1 / ((1 - x * x) * derivative * derivative))
  }
}
