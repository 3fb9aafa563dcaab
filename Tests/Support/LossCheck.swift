/// Runs a loss that seeds its gradient, in the ways a step may meet it. Does not know any loss.
public import Autograd
internal import Kernels

public typealias Loss = @Sendable (_ student: Tensor, _ teacher: Tensor, _ pass: Pass) -> Double

public struct LossOutcome {
  public var loss: Double
  public var gradient: [Float]
  /// What is wrong with it, in words.
  public var faults: [String] = []
}

/// The loss of `student` [n, d] from `teacher` and its gradient. Faults: it reads memory that it did not write, makes
/// buffers once the shapes repeat, writes to the student, writes where it should add, or differs where nobody wants
/// its gradient.
public func run(_ student: Grid, from teacher: Grid, _ loss: Loss) -> LossOutcome {
  let workspace = Workspace()
  func once(_ x: Grid, _ t: Grid, tracked: Bool = true, besides: Float? = nil) -> LossOutcome {
    let pass = Pass(workspace, gradients: Gradients(ParameterTable(training: [])))
    let student = pass.make(x.rows, x.columns, tracked: tracked), teacher = pass.make(t.rows, t.columns)
    fill(student, x.floats)
    fill(teacher, t.floats)
    var outcome = LossOutcome(loss: 0, gradient: [])
    pass.record(student) { outcome.gradient = $0.array }
    if let besides {
      let other = pass.make(x.rows, x.columns)
      fill(other, x.values.map { _ in besides })
      pass.pass(other, to: student.slot)
    }
    outcome.loss = loss(student, teacher, pass)
    if !x.values.contains(where: \.isNaN) && student.array != x.floats {
      outcome.faults.append("writes to the student")
    }
    pass.backward()
    return outcome
  }
  func unknown(_ grid: Grid) -> Grid { Grid(grid.rows, grid.columns, grid.values.map { _ in .nan }) }

  _ = once(unknown(student), unknown(teacher))
  let before = workspace.allocations
  var outcome = once(student, teacher)
  if workspace.allocations > before { outcome.faults.append("makes buffers again") }
  let size = outcome.gradient.reduce(1e-3) { max($0, abs($1)) }
  let more = once(student, teacher, besides: size)
  let gap = zip(more.gradient, outcome.gradient).map { abs($0 - size - $1) }.max() ?? 0
  if !(gap <= size * 1e-6) { outcome.faults.append("does not add: off by \(gap)") }
  let alone = once(student, teacher, tracked: false)
  if alone.loss != outcome.loss || more.loss != outcome.loss { outcome.faults.append("loses \(alone.loss) alone") }
  if !alone.gradient.isEmpty { outcome.faults.append("seeds what is not tracked") }
  return outcome
}

/// How far a loss is from its oracle: the loss itself relative to its size, or to 1, and the gradient against finite
/// differences of the oracle.
public func distance(
  _ student: Grid, from teacher: Grid, _ loss: Loss, oracle: (_ student: Grid, _ teacher: Grid) -> Double
) -> (loss: Double, gradient: Double, faults: [String]) {
  let found = run(student, from: teacher, loss), wanted = oracle(student, teacher)
  let slope = finiteDifferences(at: student.values) { oracle(Grid(student.rows, student.columns, $0), teacher) }
  return (
    abs(found.loss - wanted) / max(1, abs(wanted)), relativeError(found.gradient, slope), found.faults
  )
}
