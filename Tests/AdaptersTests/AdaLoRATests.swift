/// AdaLoRA's forward, backward, orthogonality loss and merge against loops in Double.
import Autograd
import Kernels
import TestSupport
import Testing

@testable import Adapters

private let scale = 1.5

/// W [o, i], b [o], A [r, i], E [r, 1], B [o, r].
private func setting() -> Setting {
  let (n, input, out, rank) = (5, 7, 6, 3)
  return Setting(
    inputs: [.random(n, input, seed: 1)],
    parameters: [
      .random(out, input, seed: 2), .random(1, out, seed: 3), .random(rank, input, seed: 4),
      .random(rank, 1, seed: 5), .random(out, rank, seed: 6),
    ])
}

private func adapter(_ p: [Parameter], dropout: Double) -> AdaLoRA {
  AdaLoRA(a: p[2], e: p[3], b: p[4], scale: scale, dropout: dropout)
}

private func oracle(_ all: [Grid], mask: Grid) -> Grid {
  let (x, a, e, b) = (all[0], all[3], all[4], all[5])
  var y = Grid(x.rows, b.rows)
  for row in 0..<x.rows {
    for out in 0..<b.rows {
      y[row, out] = all[2][0, out]
      for k in 0..<x.columns {
        y[row, out] += x[row, k] * all[1][out, k]
        for r in 0..<a.rows {
          y[row, out] += scale * mask[row, k] * x[row, k] * a[r, k] * e[r, 0] * b[out, r]
        }
      }
    }
  }
  return y
}

@Test(arguments: [0, 0.4], [[0, 1], [0, 1, 2], [0, 1, 3, 4]] as [Set<Int>])
func `AdaLoRA computes its formula, with and without dropout`(_ dropout: Double, _ frozen: Set<Int>) throws {
  try Processor.initialize()
  var s = setting()
  s.frozen = frozen
  let mask = dropoutMask(s, dropout)
  let d = distance(
    s,
    { x, p, pass in
      linear(
        x[0], [LinearWeights(weight: p[0], bias: p[1])], adapters: [[AdaptedRows(adapter(p, dropout: dropout))]], pass)
    }, oracle: { oracle($0, mask: mask) })
  #expect(d.forward < 1e-6)
  #expect(d.gradient < 2e-6)
}

@Test func `the gradient of the orthogonality loss matches finite differences`() throws {
  try Processor.initialize()
  let s = setting(), p = makeParameters(s.parameters)
  var config = AdaLoRAConfig()
  config.orthRegWeight = 0.7
  let allocator = RankAllocator([adapter(p, dropout: 0)], config)
  let gradients = Gradients(ParameterTable(training: Array(p[2...])))
  gradients.finish()
  let loss = allocator.addLoss(to: gradients)
  func oracle(_ all: [Grid]) -> Grid {
    func deviation(_ p: Grid, _ rows: Int, _ at: (Grid, Int, Int) -> Double, _ length: Int) -> Double {
      var sum = 0.0
      for i in 0..<rows {
        for j in 0..<rows {
          let product = (0..<length).reduce(0) { $0 + at(p, i, $1) * at(p, j, $1) }
          sum += (product - (i == j ? 1 : 0)) * (product - (i == j ? 1 : 0))
        }
      }
      return sum.squareRoot()
    }
    let rows = deviation(all[0], all[0].rows, { $0[$1, $2] }, all[0].columns)
    let columns = deviation(all[1], all[1].columns, { $0[$2, $1] }, all[1].rows)
    return Grid(1, 1, [0.7 / 2 * (rows + columns)])
  }
  let all = [s.parameters[2], s.parameters[4]]
  #expect(abs(loss - oracle(all).values[0]) < 1e-6)
  for (parameter, expected) in zip([p[2], p[4]], numericalGradients(oracle, at: all, Grid(1, 1, [1]))) {
    let gradient = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
    #expect(relativeError(Array(gradient), expected.values) < 1e-5)
  }
}

@Test func `a merged AdaLoRA gives the output of the adapted projection`() throws {
  try Processor.initialize()
  let s = setting(), p = makeParameters(s.parameters), pass = Pass(Workspace())
  let x = pass.make(5, 7)
  fill(x, s.inputs[0].floats)
  let part = LinearWeights(weight: p[0], bias: p[1]), adaLoRA = adapter(p, dropout: 0)
  let unmerged = linear(x, [part], adapters: [[AdaptedRows(adaLoRA)]], pass).array
  adaLoRA.merge(into: p[0].pointer, bias: p[1].pointer)
  #expect(relativeError(linear(x, [part], pass).array, unmerged) < 1e-6)
}
