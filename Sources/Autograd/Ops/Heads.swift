/// Where queries, keys and values lie in qkv [n, 3d] = q, k, v side by side, each head's columns together.
internal import Kernels

enum QKVPart: Int, CaseIterable {
  case query, key, value
}

extension Matrix {
  /// One part of one head over the rows of one sequence, [rows, d/heads]. This matrix is a qkv [n, 3d].
  func head(_ head: Int, of heads: Int, _ part: QKVPart, rows range: Range<Int>) -> Matrix {
    let width = columns / 3 / heads
    return Matrix(
      base + range.lowerBound * stride + (part.rawValue * heads + head) * width, rows: range.count, columns: width,
      stride: stride)
  }

  /// 1/√w for heads this wide: what their products are scaled by.
  var scoreScale: Float { 1 / Float(columns).squareRoot() }

  /// All its numbers 0.
  func clear() { for row in 0..<rows { (base + row * stride).update(repeating: 0, count: columns) } }
}

/// Sums what `body` says of every sequence that has rows. It gets two scratch matrices [t, t] for a head's scores, its own
/// and the teacher's, and where qkv's gradient goes, if anybody asks for it. `starts` as for `attention`.
func compareScores(
  _ op: String, _ qkv: Tensor, _ teacher: Tensor, starts: [Int], heads: Int, _ pass: Pass,
  _ body: (_ rows: Range<Int>, _ ours: Matrix, _ theirs: Matrix, _ dqkv: Matrix?, _ beta: Float) -> Double
) -> Double {
  precondition(
    qkv.rows == teacher.rows && starts.last == qkv.rows,
    "\(op): \(qkv.rows) rows, \(teacher.rows) of the teacher's, \(starts.last ?? 0) in sequences")
  precondition(
    qkv.columns % (3 * heads) == 0 && teacher.columns % (3 * heads) == 0,
    "\(op): \(qkv.columns) and \(teacher.columns) columns for \(heads) heads")
  let sequences = zip(starts, starts.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }
  let longest = sequences.map(\.count).max() ?? 0
  let (ours, theirs) = (pass.workspace.take(longest * longest), pass.workspace.take(longest * longest))
  var sum = 0.0
  pass.seed(qkv.slot) { dqkv, beta in
    for rows in sequences {
      let t = rows.count
      sum += body(
        rows, Matrix(ours.pointer, rows: t, columns: t), Matrix(theirs.pointer, rows: t, columns: t), dqkv, beta)
    }
  }
  return sum
}
