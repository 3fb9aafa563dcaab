/// Divergence from a teacher of which only the top-k log-probabilities are known.
internal import CKernels

/// The k largest log-probabilities of each row at one temperature, to store a teacher's output compactly.
package struct TopLogProbabilities: Sendable, Equatable {
  /// Classes per row.
  package let k: Int
  /// [rows, k], in descending order of probability; among equals the lower class comes first.
  package let classes: [Int32]
  /// [rows, k], log softmax(logits/T).
  package let logProbabilities: [Float]

  package var rows: Int { classes.count / k }

  package init(k: Int, classes: [Int32], logProbabilities: [Float]) {
    precondition(
      k > 0 && classes.count % k == 0 && classes.count == logProbabilities.count,
      "\(classes.count) classes and \(logProbabilities.count) log-probabilities; expected \(k) of each per row")
    self.k = k
    self.classes = classes
    self.logProbabilities = logProbabilities
  }

  /// The top k of `logits` [n, c] at temperature T; all c classes where k > c.
  package init(of logits: Tensor, k: Int, temperature: Float) {
    let k = min(k, logits.columns), count = logits.rows * k
    var classes: [Int32] = []
    let logProbabilities = [Float](unsafeUninitializedCapacity: count) { values, initialized in
      classes = [Int32](unsafeUninitializedCapacity: count) { classes, initialized in
        if let classes = classes.baseAddress, let values = values.baseAddress {
          tune_top_k(logits.pointer, classes, values, logits.rows, logits.columns, k, 1 / temperature)
        }
        initialized = count
      }
      initialized = count
    }
    self.init(k: k, classes: classes, logProbabilities: logProbabilities)
  }
}

/// loss = scale·T²·Σᵢ KL(teacherᵢ ‖ softmax(xᵢ/T)) over k + 1 outcomes: each known class, and all others together
/// logits x [n, c]   teacher: k classes per row at the same T; the other classes share the remaining probability.
/// With k = c this is `divergence` from the teacher's logits. The logits are not changed.
package func divergence(
  _ logits: Tensor, from teacher: TopLogProbabilities, temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  let (n, c) = (logits.rows, logits.columns)
  precondition(
    teacher.rows == n && teacher.classes.allSatisfy { 0..<c ~= Int($0) },
    "divergence: \(teacher.rows) rows of classes for logits [\(n), \(c)], or a class out of range")
  let gradient = pass.make(logits.isTracked ? n : 1, c)
  let sum = tune_top_divergence(
    logits.pointer, teacher.classes, teacher.logProbabilities, gradient.pointer, logits.isTracked ? c : 0, n, c,
    teacher.k, 1 / temperature, scale * temperature)
  pass.addGradient(gradient, to: logits.slot)
  return Double(scale * temperature * temperature) * sum
}
