/// DoRA's forward, backward and merge against loops in Double.
import Autograd
import Encoders
import Kernels
import TestSupport
import Testing

@testable import Adapters

private let scale = 1.5

/// W [o, i], b [o], A [r, i], B [o, r], m [o].
private func setting() -> Setting {
  let (n, input, out, rank) = (5, 7, 6, 3)
  return Setting(
    inputs: [.random(n, input, seed: 1)],
    parameters: [
      .random(out, input, seed: 2), .random(1, out, seed: 3), .random(rank, input, seed: 4),
      .random(out, rank, seed: 5), .random(1, out, seed: 6, around: 2),
    ])
}

private func op(dropout: Double, isBF16: Bool = false) -> Op {
  { x, p, pass in
    var weight = p[0]
    if isBF16 {
      weight = Parameter("w", shape: p[0].shape)
      _ = weight.values.update(fromContentsOf: p[0].values)
      Parameter.convertToBF16([weight])
    }
    let lora = LoRA(a: p[2], b: p[3], scale: scale, dropout: 0)
    let dora = DoRA(lora, magnitude: p[4], dropout: dropout)
    return linear(x[0], [LinearWeights(weight: weight, bias: p[1])], adapters: [[AdaptedRows(dora)]], pass)
  }
}

/// W + s·B·A
private func updatedWeight(_ all: [Grid]) -> Grid {
  var sum = all[1]
  for row in 0..<sum.rows {
    for column in 0..<sum.columns {
      for k in 0..<all[3].rows { sum[row, column] += scale * all[4][row, k] * all[3][k, column] }
    }
  }
  return sum
}

private func norms(_ all: [Grid]) -> [Double] {
  let weight = updatedWeight(all)
  return (0..<weight.rows).map { row in
    (0..<weight.columns).reduce(0) { $0 + weight[row, $1] * weight[row, $1] }.squareRoot()
  }
}

/// x·Wᵀ + b + (g - 1) ⊙ (D·Wᵀ) + g ⊙ s·(D·Aᵀ)·Bᵀ with D = mask ⊙ x, and given norms in g.
private func oracle(_ all: [Grid], _ norms: [Double], mask: Grid) -> Grid {
  let (x, weight, updated) = (all[0], all[1], updatedWeight(all))
  var y = Grid(x.rows, weight.rows)
  for row in 0..<x.rows {
    for out in 0..<weight.rows {
      let gain = all[5][0, out] / norms[out]
      y[row, out] = all[2][0, out]
      for k in 0..<x.columns {
        let dropped = mask[row, k] * x[row, k]
        y[row, out] += (x[row, k] - dropped) * weight[out, k] + gain * dropped * updated[out, k]
      }
    }
  }
  return y
}

/// The factors of the first dropout of a pass on the first input.
func dropoutMask(_ setting: Setting, _ dropout: Double) -> Grid {
  let x = setting.inputs[0], table = ParameterTable(training: [])
  let pass = Pass(Workspace(), gradients: Gradients(table), randomKey: setting.randomKey)
  let ones = pass.make(x.rows, x.columns)
  fill(ones, Array(repeating: 1, count: ones.count))
  return Grid(x.rows, x.columns, floats: Autograd.dropout(ones, dropout, pass).array)
}

@Test(arguments: [0, 0.4], [[], [0], [0, 1]] as [Set<Int>])
func `DoRA computes its formula, with and without dropout, and its norms get no gradient`(
  _ dropout: Double, _ frozen: Set<Int>
) throws {
  try Processor.initialize()
  var s = setting()
  s.frozen = frozen.union([0])
  let mask = dropoutMask(s, dropout)
  #expect(mask.values.contains(0) == (dropout > 0))
  let d = distance(
    s, op(dropout: dropout), oracle: { oracle($0, norms($0), mask: mask) },
    gradient: { all, dy in
      let norms = norms(all)
      return numericalGradients({ oracle($0, norms, mask: mask) }, at: all, dy)
    })
  #expect(d.forward < 1e-6)
  #expect(d.gradient < 2e-6)
}

@Test func `DoRA on a bfloat16 weight uses the norms of the rounded weight`() throws {
  try Processor.initialize()
  var s = setting()
  s.frozen = [0]
  var rounded = s
  let weight = makeParameters([s.parameters[0]])[0]
  weight.roundToBF16()
  rounded.parameters[0] = Grid(6, 7, floats: Array(weight.values))
  let ones = dropoutMask(s, 0)
  let expected = oracle(rounded.inputs + rounded.parameters, norms(rounded.inputs + rounded.parameters), mask: ones)
  let found = run(s, dy: .random(5, 6, seed: 9), op(dropout: 0, isBF16: true))
  #expect(relativeError(found.y, expected.values) < 1e-6)
}

@Test func `a merged DoRA gives the output of the adapted projection`() throws {
  try Processor.initialize()
  let s = setting(), p = makeParameters(s.parameters), pass = Pass(Workspace())
  let x = pass.make(5, 7)
  fill(x, s.inputs[0].floats)
  let dora = DoRA(
    LoRA(a: p[2], b: p[3], scale: scale, dropout: 0), magnitude: p[4], dropout: 0.3)
  let part = LinearWeights(weight: p[0], bias: p[1])
  let unmerged = linear(x, [part], adapters: [[AdaptedRows(dora)]], pass).array
  dora.merge(into: p[0].pointer, bias: p[1].pointer)
  #expect(relativeError(linear(x, [part], pass).array, unmerged) < 1e-6)
}
