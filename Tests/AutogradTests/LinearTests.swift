/// Linear layers against plain loops in Double: joined layers, frozen parameters, adapters.
import Autograd
import Kernels
import TestSupport
import Testing

/// y = x·Wᵀ + b for each part, side by side. `all` is x, the weights, then the biases (as many as weights, or none).
private func oracle(_ all: [Grid], parts: Int) -> Grid {
  let x = all[0], weights = all[1...parts], biases = all[(parts + 1)...]
  var y = Grid(x.rows, weights.reduce(0) { $0 + $1.rows })
  var first = 0
  for (part, w) in weights.enumerated() {
    for i in 0..<x.rows {
      for o in 0..<w.rows {
        var sum = biases.isEmpty ? 0 : biases[biases.startIndex + part].values[o]
        for k in 0..<x.columns { sum += x[i, k] * w[o, k] }
        y[i, first + o] = sum
      }
    }
    first += w.rows
  }
  return y
}

private func setting(n: Int, input: Int, outputs: [Int], biased: Bool = true) -> Setting {
  let weights = outputs.enumerated().map { Grid.random($1, input, seed: UInt64(10 + $0)) }
  let biases = outputs.enumerated().map { Grid.random(1, $1, seed: UInt64(20 + $0)) }
  return Setting(inputs: [.random(n, input, seed: 1)], parameters: weights + (biased ? biases : []))
}

private func op(_ parts: Int) -> Op {
  { x, p, pass in
    let all = (0..<parts).map { LinearWeights(weight: p[$0], bias: p.count > parts ? p[parts + $0] : nil) }
    return linear(x[0], all, pass)
  }
}

@Suite struct LinearTests {
  init() throws { try Processor.initialize() }

  // 1e-6 of the largest: the rounding error of sums of a few dozen products in Float32.
  @Test(arguments: [(1, 1, [1]), (7, 5, [3]), (9, 33, [17]), (5, 8, [4, 4, 4]), (6, 7, [2, 9, 5])], [true, false])
  func `linear layers agree with plain loops, however many are joined`(_ s: (Int, Int, [Int]), _ biased: Bool) {
    let d = distance(
      setting(n: s.0, input: s.1, outputs: s.2, biased: biased), op(s.2.count), oracle: { oracle($0, parts: s.2.count) }
    )
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: 0..<64) func `gradients agree for any choice of frozen weights and biases`(_ mix: Int) {
    var s = setting(n: 5, input: 6, outputs: [3, 4, 2])
    s.frozen = Set((0..<6).filter { mix >> $0 & 1 == 1 })
    for untracked in [[], [0]] as [Set<Int>] {
      s.untracked = untracked
      if s.frozen.count == 6 && untracked == [0] { continue }
      let d = distance(s, op(3), oracle: { oracle($0, parts: 3) })
      #expect(d.forward < 1e-6)
      #expect(d.gradient < 1e-6)
    }
  }

  @Test func `a weight and an input that are read twice get both gradients`() {
    let d = distance(
      setting(n: 4, input: 5, outputs: [3]), { x, p, pass in stack([op(1)(x, p, pass), op(1)(x, p, pass)], pass) },
      oracle: { all in
        let y = oracle(all, parts: 1)
        return Grid(2 * y.rows, y.columns, y.values + y.values)
      })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
  }

  // bfloat16 has a relative error of 2^-9; the error of a sum of a few dozen is smaller, relative to the largest sum.
  @Test(arguments: [true, false])
  func `with bf16 GEMM operands are rounded, and frozen weights may be bfloat16`(_ isBF16: Bool) {
    var s = setting(n: 21, input: 40, outputs: [32, 5])
    s.frozen = isBF16 ? [0, 1, 2, 3] : []
    let d = distance(
      s,
      { x, p, pass in
        if isBF16 {
          let copies = (0..<2).map { copy(p[$0]) }
          Parameter.convertToBF16(copies)
          let parts = (0..<2).map { LinearWeights(weight: copies[$0], bias: p[2 + $0]) }
          return linear(x[0], parts, precision: .bf16, pass)
        }
        let parts = (0..<2).map { LinearWeights(weight: p[$0], bias: p[2 + $0]) }
        return linear(x[0], parts, precision: .bf16, pass)
      }, oracle: { oracle($0, parts: 2) })
    #expect(d.forward < 5e-3)
    #expect(d.gradient < 5e-3)
    // Without AVX512-BF16 only weights that are stored as bfloat16 are rounded.
    if isBF16 || GEMMBackend.selected == .avx512bf16 { #expect(d.forward > 1e-5, "nothing was rounded") }
  }

  @Test func `an adapter adds to its layer's columns and to the input's gradient`() {
    var s = setting(n: 4, input: 5, outputs: [3, 6])
    s.parameters.append(.random(6, 5, seed: 31))
    for frozen in [[], [0, 1, 2, 3]] as [Set<Int>] {
      s.frozen = frozen
      let d = distance(
        s,
        { x, p, pass in
          let parts = (0..<2).map { LinearWeights(weight: p[$0], bias: p[2 + $0]) }
          return linear(x[0], parts, adapters: [[], [AdaptedRows(DoubledWeight(p[4]))]], pass)
        },
        oracle: { all in
          var all = all
          let extra = all.removeLast()
          for i in extra.values.indices { all[2].values[i] += 2 * extra.values[i] }
          return oracle(all, parts: 2)
        })
      #expect(d.forward < 1e-6)
      #expect(d.gradient < 1e-6)
    }
  }

  @Test func `a wrong gradient is detected`() {
    let s = setting(n: 5, input: 6, outputs: [4])
    let wrongBiasGradient = distance(
      s, op(1), oracle: { oracle($0, parts: 1) },
      gradient: { all, dy in
        var gradients = numericalGradients({ oracle($0, parts: 1) }, at: all, dy)
        gradients[2].values[0] *= 1.001
        return gradients
      })
    #expect(wrongBiasGradient.forward < 1e-6)
    #expect(wrongBiasGradient.gradient > 1e-5)
    let scaled = distance(s, op(1), oracle: { Grid($0[0].rows, 4, oracle($0, parts: 1).values.map { $0 * 1.0001 }) })
    #expect(scaled.forward > 1e-5)
    #expect(scaled.gradient > 1e-5)
  }
}

/// A copy in separate memory, which may be converted to bfloat16.
private func copy(_ w: Parameter) -> Parameter {
  let copy = Parameter(w.name, shape: w.shape)
  _ = copy.values.update(fromContentsOf: w.values)
  return copy
}

/// y += 2·x·Aᵀ
private final class DoubledWeight: ProjectionAdapter {
  let weight: Parameter

  init(_ weight: Parameter) { self.weight = weight }

  var isTrainable: Bool { weight.isTrainable }

  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let w = weight
    gemm(x.matrix, w.matrix.transposed, into: y.matrix.columns(columns), alpha: 2, beta: 1)
    return { [unowned pass] dy in
      let slice = dy.matrix.columns(columns)
      pass.accumulate(w) { dw, beta in
        gemm(
          slice.transposed, x.matrix, into: Matrix(dw, rows: w.rows, columns: w.columns), alpha: 2, beta: beta)
      }
      pass.accumulate(x.slot) { dx, beta in gemm(slice, w.matrix, into: dx, alpha: 2, beta: beta) }
    }
  }
}
