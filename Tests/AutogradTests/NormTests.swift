/// Layer normalization fused with dropout and residual, against plain loops in Double.
import Autograd
import TestSupport
import Testing

/// y = gain·(z - mean)/√(var + eps) + bias with z = residual + mask∘x. `all` is x, (residual,) gain, bias.
private func oracle(_ all: [Grid], eps: Double, mask: Grid? = nil) -> Grid {
  let x = all[0], residual = all.count == 4 ? all[1] : nil
  let gain = all[all.count - 2].values, bias = all[all.count - 1].values
  var y = Grid(x.rows, x.columns)
  for i in 0..<x.rows {
    let z = (0..<x.columns).map { j in x[i, j] * (mask?[i, j] ?? 1) + (residual?[i, j] ?? 0) }
    let mean = z.reduce(0, +) / Double(z.count)
    let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(z.count)
    for j in z.indices { y[i, j] = gain[j] * (z[j] - mean) / (variance + eps).squareRoot() + bias[j] }
  }
  return y
}

/// residual + mask∘x
private func sum(_ x: Grid, _ residual: Grid, _ mask: Grid?) -> Grid {
  Grid(
    x.rows, x.columns,
    x.values.indices.map { x.values[$0] * (mask?.values[$0] ?? 1) + residual.values[$0] })
}

private func setting(_ n: Int, _ d: Int, residual: Bool) -> Setting {
  var inputs = [Grid.random(n, d, seed: 1, scale: 2, around: 0.7)]
  if residual { inputs.append(.random(n, d, seed: 2)) }
  return Setting(inputs: inputs, parameters: [.random(1, d, seed: 3, around: 1), .random(1, d, seed: 4)])
}

private func op(eps: Float, dropout: Double = 0) -> Op {
  { x, p, pass in
    addNorm(x[0], residual: x.count > 1 ? x[1] : nil, gain: p[0], bias: p[1], eps: eps, dropout: dropout, pass)
  }
}

/// The mask of a pass's first dropout site, made with the dropout op.
private func mask(_ n: Int, _ d: Int, _ probability: Double, _ randomKey: RandomKey) -> Grid {
  let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])), randomKey: randomKey)
  let ones = pass.make(n, d)
  fill(ones, Array(repeating: 1, count: n * d))
  return Grid(n, d, floats: dropout(ones, probability, pass).array)
}

@Suite struct NormTests {
  // Sizes around the 16 vector lanes and the 64 random numbers of a call. Two columns are not tested: they are always
  // ±1 after a norm, so their gradient is rounding error only.
  @Test(arguments: [(3, 3), (2, 16), (4, 31), (3, 64), (2, 67), (2, 130)], [true, false])
  func `layer norm agrees with plain loops, with and without a residual`(_ shape: (Int, Int), _ residual: Bool) {
    let d = distance(
      setting(shape.0, shape.1, residual: residual), op(eps: 1e-5), oracle: { oracle($0, eps: Double(Float(1e-5))) })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 5e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: [(3, 3), (4, 31), (3, 64), (2, 130)], [true, false])
  func `layer norm with dropout agrees with plain loops under the same mask`(_ shape: (Int, Int), _ residual: Bool) {
    let s = setting(shape.0, shape.1, residual: residual)
    let mask = mask(shape.0, shape.1, 0.3, s.randomKey)
    let d = distance(
      s, op(eps: 1e-5, dropout: 0.3), oracle: { oracle($0, eps: Double(Float(1e-5)), mask: mask) })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 5e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: 0..<15) func `gradients agree for any choice of frozen parameters and untracked inputs`(_ mix: Int) {
    var s = setting(3, 20, residual: true)
    s.untracked = Set((0..<2).filter { mix >> $0 & 1 == 1 })
    s.frozen = Set((0..<2).filter { mix >> ($0 + 2) & 1 == 1 })
    for probability in [0, 0.25] {
      let mask = probability > 0 ? mask(3, 20, probability, s.randomKey) : nil
      let d = distance(
        s, op(eps: 1e-5, dropout: probability), oracle: { oracle($0, eps: Double(Float(1e-5)), mask: mask) })
      #expect(d.forward < 1e-6)
      #expect(d.gradient < 5e-6)
    }
  }

  @Test(arguments: [0, 0.25]) func `one tensor may be both input and residual, and be read by further ops`(_ p: Double)
  {
    var s = setting(3, 20, residual: false)
    s.parameters += [.random(1, 20, seed: 8, around: 1), .random(1, 20, seed: 9)]
    let mask = p > 0 ? mask(3, 20, p, s.randomKey) : nil
    let d = distance(
      s,
      { x, w, pass in
        let first = addNorm(x[0], residual: x[0], gain: w[0], bias: w[1], eps: 1e-5, dropout: p, pass)
        return stack([first, addNorm(first, residual: x[0], gain: w[2], bias: w[3], eps: 1e-5, pass)], pass)
      },
      oracle: { all in
        let first = oracle([all[0], all[0], all[1], all[2]], eps: Double(Float(1e-5)), mask: mask)
        let second = oracle([first, all[0], all[3], all[4]], eps: Double(Float(1e-5)))
        return Grid(6, 20, first.values + second.values)
      })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 5e-6)
  }

  @Test func `layer norm gives the same values in training and inference`() {
    let s = setting(5, 67, residual: true)
    let p = makeParameters(s.parameters)
    let outputs = [nil, Gradients(ParameterTable(training: p))].map { gradients in
      let pass = Pass(Workspace(), gradients: gradients)
      let x = s.inputs.map { grid in
        let x = pass.make(grid.rows, grid.columns)
        fill(x, grid.floats)
        return x
      }
      return op(eps: 1e-12)(x, p, pass).array
    }
    #expect(outputs[0] == outputs[1])
  }

  @Test func `a wrong eps is detected`() {
    let s = setting(3, 20, residual: true)
    let d = distance(s, op(eps: 1e-2), oracle: { oracle($0, eps: 1.1e-2) })
    #expect(d.forward > 1e-5)
    #expect(d.gradient > 1e-5)
  }

  @Test(arguments: [(3, 3), (4, 31), (3, 64), (2, 130)], [true, false])
  func `a norm without bias agrees with plain loops`(_ shape: (Int, Int), _ residual: Bool) {
    var s = setting(shape.0, shape.1, residual: residual)
    s.parameters.removeLast()
    let d = distance(
      s,
      { x, p, pass in
        addNorm(x[0], residual: x.count > 1 ? x[1] : nil, gain: p[0], bias: nil, eps: 1e-5, pass)
      }, oracle: { oracle($0 + [Grid(1, shape.1)], eps: Double(Float(1e-5))) })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 5e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: 0..<15, [0, 0.3])
  func `a sum and its norm, both read, agree with plain loops for any choice of what is trained`(
    _ mix: Int, _ p: Double
  ) {
    var s = setting(3, 20, residual: true)
    s.untracked = Set((0..<2).filter { mix >> $0 & 1 == 1 })
    s.frozen = Set((0..<2).filter { mix >> ($0 + 2) & 1 == 1 })
    let mask = p > 0 ? mask(3, 20, p, s.randomKey) : nil
    let d = distance(
      s,
      { x, w, pass in
        let (sum, norm) = sumAndNorm(x[0], residual: x[1], gain: w[0], bias: w[1], eps: 1e-5, dropout: p, pass)
        return stack([sum, norm, sum], pass)
      },
      oracle: { all in
        let sum = sum(all[0], all[1], mask), norm = oracle(all, eps: Double(Float(1e-5)), mask: mask)
        return Grid(9, 20, sum.values + norm.values + sum.values)
      })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 5e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: [0, 0.3], [(1, 1), (3, 20), (2, 130)])
  func `a residual sum agrees with plain loops, and may be read twice`(_ p: Double, _ shape: (Int, Int)) {
    let s = Setting(inputs: [.random(shape.0, shape.1, seed: 1), .random(shape.0, shape.1, seed: 2)])
    let mask = p > 0 ? mask(shape.0, shape.1, p, s.randomKey) : nil
    let d = distance(
      s,
      { x, _, pass in
        let z = add(x[0], to: x[1], dropout: p, pass)
        return add(z, to: z, pass)
      },
      oracle: { all in
        let z = sum(all[0], all[1], mask)
        return sum(z, z, nil)
      })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-6)
    #expect(d.allocations == 0)
  }
}
