/// How far a student is from a teacher of whom only the likeliest classes are known.
internal import CKernels

/// The k largest log-probabilities of each row, at one temperature: a teacher's word in little space.
public struct TopLogProbabilities: Sendable, Equatable {
  /// Classes a row.
  public let k: Int
  /// [rows, k], the likeliest first; among equals the lower class.
  public let classes: [Int32]
  /// [rows, k], log softmax(logits/T).
  public let logProbabilities: [Float]

  public var rows: Int { classes.count / k }

  public init(k: Int, classes: [Int32], logs: [Float]) {
    precondition(
      k > 0 && classes.count % k == 0 && classes.count == logs.count,
      "\(classes.count) classes and \(logs.count) logarithms, \(k) a row")
    self.k = k
    self.classes = classes
    self.logProbabilities = logs
  }

  /// Those of `logits` [n, c] at temperature T; all c where k is more.
  public init(of logits: Tensor, k wanted: Int, temperature: Float) {
    let k = min(wanted, logits.columns), count = logits.rows * k
    var classes: [Int32] = []
    let logs = [Float](unsafeUninitializedCapacity: count) { logs, initialized in
      classes = [Int32](unsafeUninitializedCapacity: count) { classes, initialized in
        if let top = classes.baseAddress, let logs = logs.baseAddress {
          tune_top_k(logits.pointer, top, logs, logits.rows, logits.columns, k, 1 / temperature)
        }
        initialized = count
      }
      initialized = count
    }
    self.init(k: k, classes: classes, logs: logs)
  }
}

/// loss = scale·T²·Σᵢ KL(teacherᵢ ‖ softmax(xᵢ/T)) over k + 1 outcomes: each known class, and all others together
/// logits x [n, c]   teacher: k classes a row, their probabilities at the same T; the others have what is left of 1.
/// With all classes known, the `divergence` from the whole teacher. Logits stay as they are.
public func divergence(
  _ logits: Tensor, from teacher: TopLogProbabilities, temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  let (n, c) = (logits.rows, logits.columns)
  precondition(
    teacher.rows == n && teacher.classes.allSatisfy { 0..<c ~= Int($0) },
    "divergence: \(teacher.rows) rows of classes for [\(n), \(c)], or a class that is not there")
  let gradient = pass.make(logits.isTracked ? n : 1, c)
  let sum = tune_top_divergence(
    logits.pointer, teacher.classes, teacher.logProbabilities, gradient.pointer, logits.isTracked ? c : 0, n, c,
    teacher.k,
    1 / temperature, scale * temperature)
  pass.pass(gradient, to: logits.slot)
  return Double(scale * temperature * temperature) * sum
}
