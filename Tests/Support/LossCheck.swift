/// Runs a loss in the situations of a training step and checks its gradient. Does not know any loss.
package import Autograd
internal import Kernels

package typealias Loss = @Sendable (_ student: Tensor, _ teacher: Tensor, _ pass: Pass) -> Double

package struct LossOutcome {
  package var loss: Double
  package var gradient: [Float]
  /// Violations of the rules for losses, as text.
  package var faults: [String] = []
}

/// The loss of `student` [n, d] from `teacher` and its gradient. Faults: it reads memory that it did not write,
/// allocates buffers when the shapes repeat, writes to the student, overwrites the gradient where it should add, or has
/// another value when the student is not tracked.
package func run(_ student: Grid, from teacher: Grid, _ loss: Loss) -> LossOutcome {
  let workspace = Workspace()
  func once(_ x: Grid, _ t: Grid, tracked: Bool = true, existingGradient: Float? = nil) -> LossOutcome {
    let pass = Pass(workspace, gradients: Gradients(ParameterTable(training: [])))
    let student = pass.make(x.rows, x.columns, tracked: tracked), teacher = pass.make(t.rows, t.columns)
    fill(student, x.floats)
    fill(teacher, t.floats)
    var outcome = LossOutcome(loss: 0, gradient: [])
    pass.record(student) { outcome.gradient = $0.array }
    if let existingGradient {
      let other = pass.make(x.rows, x.columns)
      fill(other, x.values.map { _ in existingGradient })
      pass.addGradient(other, to: student.slot)
    }
    outcome.loss = loss(student, teacher, pass)
    if !x.values.contains(where: \.isNaN) && student.array != x.floats {
      outcome.faults.append("overwrites the student")
    }
    pass.backward()
    return outcome
  }
  func nan(_ grid: Grid) -> Grid { Grid(grid.rows, grid.columns, grid.values.map { _ in .nan }) }

  _ = once(nan(student), nan(teacher))
  let before = workspace.allocations
  var outcome = once(student, teacher)
  if workspace.allocations > before { outcome.faults.append("allocates buffers when shapes repeat") }
  let size = outcome.gradient.reduce(1e-3) { max($0, abs($1)) }
  let added = once(student, teacher, existingGradient: size)
  let gap = zip(added.gradient, outcome.gradient).map { abs($0 - size - $1) }.max() ?? 0
  if !(gap <= size * 1e-6) { outcome.faults.append("does not add to the existing gradient: off by \(gap)") }
  let untracked = once(student, teacher, tracked: false)
  if untracked.loss != outcome.loss || added.loss != outcome.loss {
    outcome.faults.append("the loss is \(untracked.loss) where the student is not tracked")
  }
  if !untracked.gradient.isEmpty { outcome.faults.append("writes a gradient of an untracked student") }
  return outcome
}

/// Errors against the oracle: of the loss, relative to its size or to 1, and of the gradient, relative to finite
/// differences of the oracle.
package func distance(
  _ student: Grid, from teacher: Grid, _ loss: Loss, oracle: (_ student: Grid, _ teacher: Grid) -> Double
) -> (loss: Double, gradient: Double, faults: [String]) {
  let found = run(student, from: teacher, loss), expected = oracle(student, teacher)
  let expectedGradient = finiteDifferences(at: student.values) {
    oracle(Grid(student.rows, student.columns, $0), teacher)
  }
  return (
    abs(found.loss - expected) / max(1, abs(expected)), relativeError(found.gradient, expectedGradient), found.faults
  )
}
