/// Adafactor (Shazeer & Stern 2018) with a given learning rate, as transformers.optimization.Adafactor with
/// scale_parameter, relative_step and warmup_init off and its other defaults. The state of a matrix [n, d] is n + d
/// numbers: the running means of squared gradients per row and column. A vector is a matrix with one row.
package import Autograd
import CKernels
import Glibc

/// Has no hyperparameters of its own.
package struct AdafactorSettings: OptimizerAlgorithm {
  package init() {}

  package func makeOptimizer(_ table: ParameterTable) -> any Optimizer { Adafactor(table) }
}

private struct Adafactor: Optimizer {
  /// Some rows of one parameter: few enough that Float32 sums over them are accurate, and the same on every machine.
  private struct RowChunk {
    let parameterIndex, firstRow, rows: Int
  }
  /// A parameter, and its offsets in the row and column statistics.
  private struct Factored {
    let parameter: Parameter
    let rowOffset, columnOffset: Int
    let chunks: Range<Int>
  }

  private let matrices: [Factored]
  private let rowChunks: [RowChunk]
  private let expAvgSqRow, expAvgSqCol: StateBuffer
  /// Not kept between steps: the column sums of each chunk, and 1/√ of `expAvgSqCol`.
  private let columnSums, columnFactors: StateBuffer
  /// The offset of each chunk in `columnSums`.
  private let sumOffsets: [Int]

  init(_ table: ParameterTable) {
    var matrices: [Factored] = [], chunks: [RowChunk] = [], sumOffsets = [0]
    var row = 0, column = 0
    for (index, parameter) in table.parameters.enumerated() {
      let first = chunks.count, height = max(1, min(256, (1 << 18) / parameter.columns))
      for start in stride(from: 0, to: parameter.rows, by: height) {
        chunks.append(RowChunk(parameterIndex: index, firstRow: start, rows: min(height, parameter.rows - start)))
        sumOffsets.append((sumOffsets.last ?? 0) + parameter.columns)
      }
      matrices.append(
        Factored(parameter: parameter, rowOffset: row, columnOffset: column, chunks: first..<chunks.count))
      (row, column) = (row + parameter.rows, column + parameter.columns)
    }
    (self.matrices, self.rowChunks, self.sumOffsets) = (matrices, chunks, sumOffsets)
    expAvgSqRow = StateBuffer("row_means", count: row)
    expAvgSqCol = StateBuffer("column_means", count: column)
    columnSums = StateBuffer("column_sums", count: sumOffsets.last ?? 0)
    columnFactors = StateBuffer("column_factors", count: column)
  }

  var state: [StateBuffer] { [expAvgSqRow, expAvgSqCol] }

  func update(_ step: UpdateContext) {
    // 1 − beta2t, the weight of the new squares: 1 at the first step, then falling.
    let newWeight = Float(pow(Double(step.number), -0.8)), clip = Float(step.clipFactor)
    step.replicas.forEach(rowChunks.count) { index, _ in
      let chunk = rowChunks[index], matrix = matrices[chunk.parameterIndex]
      guard step.updates(chunk.parameterIndex) else { return }
      tune_adafactor_means(
        gradients(chunk, step), chunk.rows, matrix.parameter.columns, clip, newWeight,
        expAvgSqRow.pointer + matrix.rowOffset + chunk.firstRow, columnSums.pointer + sumOffsets[index])
    }
    let rowMeans = step.replicas.map(matrices.count) {
      step.updates($0) ? updateColumns(matrices[$0], newWeight) : 0
    }
    let squares = step.replicas.map(rowChunks.count) { index in
      let chunk = rowChunks[index], matrix = matrices[chunk.parameterIndex]
      guard step.updates(chunk.parameterIndex) else { return 0 }
      return tune_adafactor_squares(
        gradients(chunk, step), expAvgSqRow.pointer + matrix.rowOffset + chunk.firstRow,
        columnFactors.pointer + matrix.columnOffset, chunk.rows, matrix.parameter.columns, clip,
        Float(rowMeans[chunk.parameterIndex]))
    }
    // Limits the root mean square of the update to 1 (clip_threshold).
    let scales = matrices.map { matrix in
      1 / max(1, (squares[matrix.chunks].reduce(0, +) / Double(matrix.parameter.count)).squareRoot())
    }
    step.replicas.forEach(rowChunks.count) { index, _ in
      let chunk = rowChunks[index], matrix = matrices[chunk.parameterIndex], rule = step.rules[chunk.parameterIndex]
      guard step.updates(chunk.parameterIndex) else { return }
      let offset = chunk.firstRow * matrix.parameter.columns, learningRate = step.learningRate * rule.learningRateFactor
      tune_adafactor(
        matrix.parameter.pointer + offset, gradients(chunk, step),
        expAvgSqRow.pointer + matrix.rowOffset + chunk.firstRow, columnFactors.pointer + matrix.columnOffset,
        chunk.rows, matrix.parameter.columns, clip, Float(rowMeans[chunk.parameterIndex]),
        Float(learningRate * scales[chunk.parameterIndex]), Float(1 - learningRate * rule.weightDecay))
    }
  }

  private func gradients(_ chunk: RowChunk, _ step: UpdateContext) -> UnsafeMutablePointer<Float> {
    let parameter = matrices[chunk.parameterIndex].parameter
    return step.gradients.pointer + (parameter.offset ?? 0) + chunk.firstRow * parameter.columns
  }

  /// Updates the column means from the chunks' sums, and the column factors.
  /// - Returns: the mean of the row means.
  private func updateColumns(_ matrix: Factored, _ newWeight: Float) -> Double {
    let (n, d) = (matrix.parameter.rows, matrix.parameter.columns)
    for column in 0..<d {
      let sum = matrix.chunks.reduce(0.0) { $0 + Double(columnSums.pointer[sumOffsets[$1] + column]) }
      let index = matrix.columnOffset + column
      let mean = (1 - newWeight) * expAvgSqCol.pointer[index] + newWeight * Float(sum / Double(n))
      expAvgSqCol.pointer[index] = mean
      columnFactors.pointer[index] = 1 / mean.squareRoot()
    }
    return (0..<n).reduce(0.0) { $0 + Double(expAvgSqRow.pointer[matrix.rowOffset + $1]) } / Double(n)
  }
}
