/// The logits of a model outside of a pass, and what is computed from them.
import Autograd
import Glibc

/// The logits of some rows: [rows, classes].
package struct Logits: Sendable, Equatable {
  package let classes: Int
  /// Row by row.
  package let values: [Float]
  /// The scores of adjacent classes; nil: the rows are independent.
  package let transitions: TransitionScores?

  package init(classes: Int, values: [Float], transitions: TransitionScores? = nil) {
    (self.classes, self.values, self.transitions) = (classes, values, transitions)
  }

  package var rows: Int { values.count / max(classes, 1) }
  package subscript(row: Int) -> ArraySlice<Float> { values[row * classes..<(row + 1) * classes] }
}

extension Logits {
  /// Some rows of a tensor.
  init(_ logits: Tensor, rows: some Sequence<Int>, transitions: TransitionScores? = nil) {
    self.init(
      classes: logits.columns,
      values: rows.flatMap { UnsafeBufferPointer(start: logits.pointer + $0 * logits.columns, count: logits.columns) },
      transitions: transitions)
  }
}

/// The scores of a CRF besides its emissions, the logits.
package struct TransitionScores: Sendable, Equatable {
  /// Of the first class, and of the last.
  package let start, end: [Float]
  /// Of a class (row) and the one after it (column), row by row.
  package let transitions: [Float]

  package init(start: [Float], transitions: [Float], end: [Float]) {
    (self.start, self.transitions, self.end) = (start, transitions, end)
  }

  init(_ weights: ChainWeights) {
    self.init(
      start: Array(weights.start.values), transitions: Array(weights.transitions.values),
      end: Array(weights.end.values))
  }
}

/// The index of the largest of a row of logits, and its softmax probability.
package func argmax(
  _ logits: some RandomAccessCollection<Float>, temperature: Float = 1
) -> (label: Int, probability: Float) {
  var best = logits.startIndex
  for index in logits.indices where logits[index] > logits[best] { best = index }
  let sum = logits.reduce(0) { $0 + exp(($1 - logits[best]) / temperature) }
  return (logits.distance(from: logits.startIndex, to: best), 1 / sum)
}

/// `argmax` of each row.
func argmaxRows(_ logits: Tensor) -> [(label: Int, probability: Float)] {
  (0..<logits.rows).map {
    argmax(UnsafeBufferPointer(start: logits.pointer + $0 * logits.columns, count: logits.columns))
  }
}

/// The probabilities of a row of logits, in Double.
package func softmax(_ logits: some Collection<Float>, temperature: Double = 1) -> [Double] {
  let largest = Double(logits.max() ?? 0), exponentials = logits.map { exp((Double($0) - largest) / temperature) }
  let sum = exponentials.reduce(0, +)
  return exponentials.map { $0 / sum }
}

/// 1/(1 + e^-x)
func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

/// The model's outputs are NaN or infinite. Without this error they would look like bad predictions.
package struct NotFinite: Error, CustomStringConvertible {
  package init() {}

  package var description: String {
    "The model's outputs are not finite numbers: its weights, or the adapter's, contain NaN or infinity. "
      + "Are the files damaged?"
  }
}
