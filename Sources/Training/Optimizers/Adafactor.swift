/// Adafactor (Shazeer & Stern 2018) at a given rate, as transformers.optimization.Adafactor with scale_parameter,
/// relative_step and warmup_init off and its other defaults: of a matrix [n, d] it keeps n + d numbers, the running means
/// of its rows' and columns' squared gradients. A vector is a matrix of one row, whose columns are its elements.
import Autograd
import CKernels
import Glibc

struct Adafactor: Optimizer {
  /// Rows of one parameter, few enough that Float32 sums over them are good; the same on every machine.
  private struct RowChunk {
    let matrix, firstRow, rows: Int
  }
  /// A parameter, and where its numbers lie in the memories.
  private struct Factored {
    let parameter: Parameter
    let row, column: Int
    let strips: Range<Int>
  }

  private let matrices: [Factored]
  private let rowChunks: [RowChunk]
  private let rows, columns: OptimizerState
  /// Of this step: each strip's column sums, one strip after the other, and 1/√ of the columns' means.
  private let sums, factors: OptimizerState
  /// Where a strip's sums lie in `sums`.
  private let sumStarts: [Int]

  init(_ table: ParameterTable) {
    var matrices: [Factored] = [], strips: [RowChunk] = [], sumStarts = [0]
    var row = 0, column = 0
    for (index, parameter) in table.parameters.enumerated() {
      let first = strips.count, height = max(1, min(256, (1 << 18) / parameter.columns))
      for start in stride(from: 0, to: parameter.rows, by: height) {
        strips.append(RowChunk(matrix: index, firstRow: start, rows: min(height, parameter.rows - start)))
        sumStarts.append((sumStarts.last ?? 0) + parameter.columns)
      }
      matrices.append(Factored(parameter: parameter, row: row, column: column, strips: first..<strips.count))
      (row, column) = (row + parameter.rows, column + parameter.columns)
    }
    (self.matrices, self.rowChunks, self.sumStarts) = (matrices, strips, sumStarts)
    rows = OptimizerState("row_means", count: row)
    columns = OptimizerState("column_means", count: column)
    sums = OptimizerState("column_sums", count: sumStarts.last ?? 0)
    factors = OptimizerState("column_factors", count: column)
  }

  var state: [OptimizerState] { [rows, columns] }

  func update(_ step: UpdateContext) {
    // The new squares' share in the running means: 1 at first, then less and less.
    let share = Float(pow(Double(step.number), -0.8)), clip = Float(step.clip)
    step.replicas.forEach(rowChunks.count) { index, _ in
      let strip = rowChunks[index], matrix = matrices[strip.matrix]
      tune_adafactor_means(
        gradients(strip, step), strip.rows, matrix.parameter.columns, clip, share,
        rows.pointer + matrix.row + strip.firstRow, sums.pointer + sumStarts[index])
    }
    let rowMeans = step.replicas.map(matrices.count) { foldColumns(matrices[$0], share) }
    let squares = step.replicas.map(rowChunks.count) { index in
      let strip = rowChunks[index], matrix = matrices[strip.matrix]
      return tune_adafactor_squares(
        gradients(strip, step), rows.pointer + matrix.row + strip.firstRow, factors.pointer + matrix.column,
        strip.rows, matrix.parameter.columns, clip, Float(rowMeans[strip.matrix]))
    }
    // The update's root mean square is at most 1.
    let scales = matrices.map { matrix in
      1 / max(1, (squares[matrix.strips].reduce(0, +) / Double(matrix.parameter.count)).squareRoot())
    }
    step.replicas.forEach(rowChunks.count) { index, _ in
      let strip = rowChunks[index], matrix = matrices[strip.matrix], rule = step.rules[strip.matrix]
      let start = strip.firstRow * matrix.parameter.columns, rate = step.learningRate * rule.learningRateFactor
      tune_adafactor(
        matrix.parameter.pointer + start, gradients(strip, step), rows.pointer + matrix.row + strip.firstRow,
        factors.pointer + matrix.column, strip.rows, matrix.parameter.columns, clip, Float(rowMeans[strip.matrix]),
        Float(rate * scales[strip.matrix]), Float(1 - rate * rule.weightDecay))
    }
  }

  private func gradients(_ strip: RowChunk, _ step: UpdateContext) -> UnsafeMutablePointer<Float> {
    let parameter = matrices[strip.matrix].parameter
    return step.gradients.pointer + (parameter.offset ?? 0) + strip.firstRow * parameter.columns
  }

  /// Takes the strips' sums into the columns' means, makes the factors, and returns the mean of the rows' means.
  private func foldColumns(_ matrix: Factored, _ share: Float) -> Double {
    let (n, d) = (matrix.parameter.rows, matrix.parameter.columns)
    for column in 0..<d {
      let sum = matrix.strips.reduce(0.0) { $0 + Double(sums.pointer[sumStarts[$1] + column]) }
      let place = matrix.column + column
      let mean = (1 - share) * columns.pointer[place] + share * Float(sum / Double(n))
      columns.pointer[place] = mean
      factors.pointer[place] = 1 / mean.squareRoot()
    }
    return (0..<n).reduce(0.0) { $0 + Double(rows.pointer[matrix.row + $1]) } / Double(n)
  }
}
