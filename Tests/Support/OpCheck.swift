/// Compares an op with an oracle: its output, and the gradients of all inputs and parameters. Does not know any op.
package import Autograd
internal import Kernels

/// An op's inputs (tensors) and parameters (weights).
package struct Setting: Sendable {
  package var inputs: [Grid]
  package var parameters: [Grid]
  /// Indices of parameters that are frozen, and of inputs that are not tracked.
  package var frozen: Set<Int> = []
  package var untracked: Set<Int> = []
  package var randomKey = RandomKey(seed: 1)

  package init(inputs: [Grid], parameters: [Grid] = []) {
    self.inputs = inputs
    self.parameters = parameters
  }
}

/// An op's output and the gradients of Σ y·dy; nil for frozen parameters and untracked inputs.
package struct Outcome: Sendable {
  package var y: [Float]
  package var inputs: [[Float]?]
  package var parameters: [[Float]?]
  /// Buffers that the second run with the same shapes allocated.
  package var allocations: Int
}

package typealias Op = (_ inputs: [Tensor], _ parameters: [Parameter], _ pass: Pass) -> Tensor

/// Runs `op` and its backward from `dy`, twice in the same memory, first on NaN. If the op reads memory that it did not
/// write, or adds where it should write, the second run has NaN in its results.
package func run(_ setting: Setting, dy: Grid, on workspace: Workspace = Workspace(), _ op: Op) -> Outcome {
  let parameters = makeParameters(setting.parameters)
  let trainable = parameters.indices.filter { !setting.frozen.contains($0) }.map { parameters[$0] }
  let gradients = Gradients(
    ParameterTable(training: trainable, freezing: setting.frozen.sorted().map { parameters[$0] }))
  var result = Outcome(y: [], inputs: [], parameters: [], allocations: 0)
  for isNaNRun in [true, false] {
    let before = workspace.allocations
    for (parameter, grid) in zip(parameters, setting.parameters) {
      _ = parameter.values.update(fromContentsOf: isNaNRun ? grid.values.map { _ in Float.nan } : grid.floats)
    }
    gradients.reset()
    let pass = Pass(workspace, gradients: gradients, randomKey: setting.randomKey)
    var found: [[Float]?] = setting.inputs.map { _ in nil }
    let inputs = setting.inputs.enumerated().map { index, grid in
      let x = pass.make(grid.rows, grid.columns, tracked: !setting.untracked.contains(index))
      fill(x, isNaNRun ? grid.values.map { _ in .nan } : grid.floats)
      pass.record(x) { found[index] = $0.array }
      return x
    }
    let y = op(inputs, parameters, pass)
    result.y = y.array
    let outputGradient = pass.make(dy.rows, dy.columns)
    fill(outputGradient, isNaNRun ? dy.values.map { _ in .nan } : dy.floats)
    pass.backward(from: y, gradient: outputGradient)
    gradients.finish()
    result.inputs = found
    result.allocations = workspace.allocations - before
  }
  result.parameters = parameters.map { parameter in
    parameter.offset.map { Array(UnsafeBufferPointer(start: gradients.pointer + $0, count: parameter.count)) }
  }
  return result
}

/// Parameters that are contiguous in memory, as `linear` requires for several layers.
package func makeParameters(_ grids: [Grid]) -> [Parameter] {
  let storage = OwnedStorage(count: grids.reduce(0) { $0 + $1.values.count })
  var next = storage.pointer
  return grids.enumerated().map { index, grid in
    let shape = grid.rows == 1 ? [grid.columns] : [grid.rows, grid.columns]
    let parameter = Parameter("p\(index)", shape: shape, pointer: next, storage: storage)
    _ = parameter.values.update(fromContentsOf: grid.floats)
    next += grid.values.count
    return parameter
  }
}

package func fill(_ x: Tensor, _ values: [Float]) {
  precondition(values.count == x.count, "\(values.count) values for [\(x.rows), \(x.columns)]")
  x.pointer.update(from: values, count: values.count)
}

/// Errors of an op against its oracle, each relative to the largest number of its tensor.
package struct Distance {
  package var forward: Double
  /// Of tracked inputs, then of trainable parameters.
  package var gradients: [Double]
  package var allocations: Int

  package var gradient: Double { gradients.max() ?? 0 }
}

/// Runs `op` on `setting` and compares it with `oracle` (inputs, then parameters → y), and its gradients of Σ y·dy with
/// finite differences of the oracle, or, where these would take too long, with `gradient` (inputs and parameters, dy →
/// all gradients).
package func distance(
  _ setting: Setting, _ op: Op, oracle: ([Grid]) -> Grid, gradient: (([Grid], Grid) -> [Grid])? = nil
) -> Distance {
  let all = setting.inputs + setting.parameters
  let expected = oracle(all)
  let dy = Grid.random(expected.rows, expected.columns, seed: 4711)
  let found = run(setting, dy: dy, op)
  let expectedGradients = gradient?(all, dy) ?? numericalGradients(oracle, at: all, dy)
  let gradients = zip(found.inputs + found.parameters, expectedGradients).compactMap { found, expected in
    found.map { relativeError($0, expected.values) }
  }
  let count = all.count - setting.frozen.count - setting.untracked.count
  precondition(gradients.count == count, "found \(gradients.count) gradients; expected \(count)")
  return Distance(
    forward: relativeError(found.y, expected.values), gradients: gradients, allocations: found.allocations)
}

/// The gradients of Σ y·dy by finite differences of the oracle.
package func numericalGradients(_ oracle: ([Grid]) -> Grid, at all: [Grid], _ dy: Grid) -> [Grid] {
  all.indices.map { index in
    var probe = all
    let gradient = finiteDifferences(at: all[index].values) { values in
      probe[index].values = values
      return zip(oracle(probe).values, dy.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return Grid(all[index].rows, all[index].columns, gradient)
  }
}

/// Concatenates the rows of all tensors. For tests in which several ops read one tensor.
package func stack(_ parts: [Tensor], _ pass: Pass) -> Tensor {
  let columns = parts[0].columns
  let y = pass.make(parts.reduce(0) { $0 + $1.rows }, columns, tracked: parts.contains { $0.isTracked })
  var next = y.pointer
  for part in parts {
    next.update(from: part.pointer, count: part.count)
    next += part.count
  }
  let slots = parts.map { ($0.slot, $0.count) }
  pass.record(y) { [unowned pass] dy in
    var next = dy.pointer
    for (slot, count) in slots {
      pass.accumulate(slot) { dx, beta in
        for i in 0..<count { dx.base[i] = (beta == 0 ? 0 : dx.base[i]) + next[i] }
      }
      next += count
    }
  }
  return y
}
