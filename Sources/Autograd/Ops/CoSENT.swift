/// The loss of similarities that should have the order of their targets.
import Glibc

/// loss = log(1 + Σ exp(s[i] - s[j])) over the pairs of rows in which j has the larger target        similarities s [n, 1]
/// ds[i] = (exp(s[i])·Σⱼ exp(-s[j]) - exp(-s[i])·Σₖ exp(s[k]))/exp(loss), where i has a smaller target than j, and a larger
/// one than k. Sums run in Double, in which s is at most 300.        source: Su 2022, "CoSENT"; Huang et al. 2024
/// - Returns: the loss. Its gradient overwrites the similarities and becomes theirs, for `Pass.backward`.
package func coSENT(_ similarities: Tensor, targets: [Float], _ pass: Pass) -> Double {
  precondition(
    targets.count == similarities.rows && similarities.columns == 1,
    "coSENT: \(targets.count) targets for \(similarities.rows) × \(similarities.columns) similarities")
  let s = similarities.pointer, order = targets.indices.sorted { (targets[$0], $0) < (targets[$1], $1) }
  /// For each row, the sum of `value` over the rows that come before those with its target.
  func sums(_ order: [Int], _ value: (Int) -> Double) -> [Double] {
    var sums = [Double](repeating: 0, count: order.count), sum = 0.0, start = 0
    for position in order.indices {
      if targets[order[position]] != targets[order[start]] {
        for row in order[start..<position] { sum += value(row) }
        start = position
      }
      sums[order[position]] = sum
    }
    return sums
  }
  let smaller = sums(order) { exp(Double(s[$0])) }, larger = sums(order.reversed()) { exp(-Double(s[$0])) }
  let total = targets.indices.reduce(1) { $0 + exp(Double(s[$1])) * larger[$1] }
  for row in targets.indices {
    let value = Double(s[row])
    s[row] = Float((exp(value) * larger[row] - exp(-value) * smaller[row]) / total)
  }
  pass.addGradient(similarities, to: similarities.slot)
  return log(total)
}
