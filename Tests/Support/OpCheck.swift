/// Holds an op against an oracle: outputs, and the gradients of every input and parameter. Does not know any op.
public import Autograd
internal import Kernels

/// What an op reads: inputs are tensors, parameters are weights; those named here are left out of learning.
public struct Setting {
  public var inputs: [Grid]
  public var parameters: [Grid]
  public var frozen: Set<Int> = []
  public var untracked: Set<Int> = []
  public var chance = RandomKey(seed: 1)

  public init(inputs: [Grid], parameters: [Grid] = []) {
    self.inputs = inputs
    self.parameters = parameters
  }
}

/// What an op made: its output, and the gradients of Σ y·dy; nil for whatever does not learn.
public struct Outcome {
  public var y: [Float]
  public var inputs: [[Float]?]
  public var parameters: [[Float]?]
  /// Buffers that the second run of the same shapes had to make.
  public var allocations: Int
}

public typealias Op = (_ inputs: [Tensor], _ parameters: [Parameter], _ pass: Pass) -> Tensor

/// Runs `op` and its backward from `dy`. All of it runs twice in the same memory, first on NaN: whatever reads memory
/// that it did not write, or adds where it should write, shows up as NaN in the second run.
public func run(_ setting: Setting, dy: Grid, _ op: Op) -> Outcome {
  let parameters = makeParameters(setting.parameters)
  let trainable = parameters.indices.filter { !setting.frozen.contains($0) }.map { parameters[$0] }
  let gradients = Gradients(
    ParameterTable(training: trainable, freezing: setting.frozen.sorted().map { parameters[$0] }))
  let workspace = Workspace()
  var result = Outcome(y: [], inputs: [], parameters: [], allocations: 0)
  for isRehearsal in [true, false] {
    let before = workspace.allocations
    for (parameter, grid) in zip(parameters, setting.parameters) {
      _ = parameter.values.update(fromContentsOf: isRehearsal ? grid.values.map { _ in Float.nan } : grid.floats)
    }
    gradients.reset()
    let pass = Pass(workspace, gradients: gradients, randomKey: setting.chance)
    var found: [[Float]?] = setting.inputs.map { _ in nil }
    let inputs = setting.inputs.enumerated().map { index, grid in
      let x = pass.make(grid.rows, grid.columns, tracked: !setting.untracked.contains(index))
      fill(x, isRehearsal ? grid.values.map { _ in .nan } : grid.floats)
      pass.record(x) { found[index] = $0.array }
      return x
    }
    let y = op(inputs, parameters, pass)
    result.y = y.array
    let seed = pass.make(dy.rows, dy.columns)
    fill(seed, isRehearsal ? dy.values.map { _ in .nan } : dy.floats)
    pass.backward(from: y, gradient: seed)
    gradients.finish()
    result.inputs = found
    result.allocations = workspace.allocations - before
  }
  result.parameters = parameters.map { parameter in
    parameter.offset.map { Array(UnsafeBufferPointer(start: gradients.pointer + $0, count: parameter.count)) }
  }
  return result
}

/// Parameters side by side in one piece of memory, as a joined product wants them.
public func makeParameters(_ grids: [Grid]) -> [Parameter] {
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

public func fill(_ x: Tensor, _ values: [Float]) {
  precondition(values.count == x.count, "\(values.count) numbers for [\(x.rows), \(x.columns)]")
  x.pointer.update(from: values, count: values.count)
}

/// How far an op is from its oracle, relative to the largest number of each piece.
public struct Distance {
  public var forward: Double
  /// Of inputs, then parameters; those that do not learn are left out.
  public var gradients: [Double]
  public var allocations: Int

  public var gradient: Double { gradients.max() ?? 0 }
}

/// Runs `op` on `setting` and holds it against `oracle` (inputs, then parameters → y) and against the gradient of
/// Σ y·dy: finite differences of the oracle, or where these would take too long `slope` ((inputs, parameters), dy → all).
public func distance(
  _ setting: Setting, _ op: Op, oracle: ([Grid]) -> Grid, slope: (([Grid], Grid) -> [Grid])? = nil
) -> Distance {
  let all = setting.inputs + setting.parameters
  let wanted = oracle(all)
  let dy = Grid.random(wanted.rows, wanted.columns, seed: 4711)
  let found = run(setting, dy: dy, op)
  let slopes = slope?(all, dy) ?? differentiate(oracle, at: all, dy)
  let gradients = zip(found.inputs + found.parameters, slopes).compactMap { found, wanted in
    found.map { relativeError($0, wanted.values) }
  }
  let learning = all.count - setting.frozen.count - setting.untracked.count
  precondition(gradients.count == learning, "\(gradients.count) gradients came back; \(learning) were due")
  return Distance(
    forward: relativeError(found.y, wanted.values), gradients: gradients, allocations: found.allocations)
}

/// The gradient of Σ y·dy by finite differences of the oracle.
public func differentiate(_ oracle: ([Grid]) -> Grid, at all: [Grid], _ dy: Grid) -> [Grid] {
  all.indices.map { index in
    var probe = all
    let slope = finiteDifferences(at: all[index].values) { values in
      probe[index].values = values
      return zip(oracle(probe).values, dy.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return Grid(all[index].rows, all[index].columns, slope)
  }
}

/// The rows of all tensors, one below the other: an op for tests that gives one tensor two readers.
public func stack(_ parts: [Tensor], _ pass: Pass) -> Tensor {
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
