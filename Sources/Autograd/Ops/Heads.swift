/// The layout of qkv [n, 3d]: queries, keys and values side by side, each head's columns together.
internal import Kernels

/// One of the three parts of qkv, in memory order.
enum QKVPart: Int, CaseIterable {
  case query, key, value
}

extension Matrix {
  /// The queries, keys or values of one head and one sequence, [rows, d/heads]. `self` is qkv [n, 3d].
  func head(_ head: Int, of heads: Int, _ part: QKVPart, rows range: Range<Int>) -> Matrix {
    let headSize = columns / 3 / heads
    return Matrix(
      base + range.lowerBound * stride + (part.rawValue * heads + head) * headSize, rows: range.count,
      columns: headSize, stride: stride)
  }

  /// 1/√w, the scale of attention scores, where `self` is one head's matrix [rows, w].
  var scoreScale: Float { 1 / Float(columns).squareRoot() }

  /// Sets all numbers to 0.
  func clear() { for row in 0..<rows { (base + row * stride).update(repeating: 0, count: columns) } }
}

/// Sums the results of `body` over the non-empty sequences. `body` gets two scratch matrices [t, t] for one head's
/// scores, the student's and the teacher's, and the matrix for qkv's gradient, or nil where qkv is not tracked.
/// `sequenceOffsets` as for `attention`.
func compareScores(
  _ op: String, _ qkv: Tensor, _ teacher: Tensor, sequenceOffsets: [Int], heads: Int, _ pass: Pass,
  _ body: (_ rows: Range<Int>, _ student: Matrix, _ teacher: Matrix, _ dqkv: Matrix?, _ beta: Float) -> Double
) -> Double {
  precondition(
    qkv.rows == teacher.rows && sequenceOffsets.last == qkv.rows,
    "\(op): the student has \(qkv.rows) rows, the teacher \(teacher.rows), the sequences \(sequenceOffsets.last ?? 0)")
  precondition(
    qkv.columns % (3 * heads) == 0 && teacher.columns % (3 * heads) == 0,
    "\(op): \(qkv.columns) and \(teacher.columns) columns for \(heads) heads")
  let sequences = zip(sequenceOffsets, sequenceOffsets.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }
  let longest = sequences.map(\.count).max() ?? 0
  let (studentScores, teacherScores) = (
    pass.workspace.take(longest * longest), pass.workspace.take(longest * longest)
  )
  var sum = 0.0
  pass.accumulateLossGradient(qkv.slot) { dqkv, beta in
    for rows in sequences {
      let t = rows.count
      sum += body(
        rows, Matrix(studentScores.pointer, rows: t, columns: t), Matrix(teacherScores.pointer, rows: t, columns: t),
        dqkv, beta)
    }
  }
  return sum
}
