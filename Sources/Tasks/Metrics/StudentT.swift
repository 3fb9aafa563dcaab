/// Student's t and the normal distribution, as intervals from few units need them.
import Glibc

/// The t with P(|T| < t) = 0.95 at `degrees` degrees of freedom.
func studentT95(_ degrees: Int) -> Double {
  let z = 1.959963984540054
  // Abramowitz and Stegun 26.7.5.
  if degrees > 10_000 { return z + (z * z * z + z) / (4 * Double(degrees)) }
  var low = 0.0, high = 100.0
  for _ in 0..<100 {
    let middle = (low + high) / 2
    if probability(within: middle, degrees) < 0.95 { low = middle } else { high = middle }
  }
  return low
}

/// P(|T| < t): Abramowitz and Stegun 26.7.3 and 26.7.4.
private func probability(within t: Double, _ degrees: Int) -> Double {
  let angle = atan(t / Double(degrees).squareRoot()), cosine = cos(angle), isOdd = degrees % 2 == 1
  if degrees == 1 { return 2 * angle / .pi }
  var term = isOdd ? cosine : 1, sum = term
  for power in stride(from: isOdd ? 3 : 2, through: degrees - 2, by: 2) {
    term *= cosine * cosine * Double(power - 1) / Double(power)
    sum += term
  }
  return isOdd ? 2 / .pi * (angle + sin(angle) * sum) : sin(angle) * sum
}

/// P(Z < z) of the standard normal distribution.
func normalProbability(below z: Double) -> Double { erfc(-z / 2.0.squareRoot()) / 2 }
