/// Activation functions against Glibc's functions in Double.
import Autograd
import Glibc
import Kernels
import TestSupport
import Testing

/// The functions by their definitions.
private func value(_ x: Double, _ activation: Activation) -> Double {
  switch activation {
  case .gelu: x * 0.5 * (1 + erf(x / 2.0.squareRoot()))
  case .geluTanh: 0.5 * x * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case .relu: max(x, 0)
  case .silu: x / (1 + exp(-x))
  case .tanh: Glibc.tanh(x)
  }
}

private func oracle(_ all: [Grid], _ f: (Double) -> Double) -> Grid {
  Grid(all[0].rows, all[0].columns, all[0].values.map(f))
}

@Suite struct ActivationTests {
  // Sizes around the 16 vector lanes and the loops' unrolling. No sample is at 0, where ReLU has no derivative.
  @Test(arguments: [Activation.gelu, .geluTanh, .relu, .silu, .tanh], [(1, 1), (3, 5), (2, 16), (7, 19), (5, 67)])
  func `activations agree with their definitions`(_ activation: Activation, _ shape: (Int, Int)) {
    var x = Grid.random(shape.0, shape.1, seed: 3, scale: 5)
    x.values[0] = 1.25
    for i in x.values.indices where abs(x.values[i]) < 1e-3 { x.values[i] = 0.5 }
    let s = Setting(inputs: [x])
    let d = distance(
      s, { x, _, pass in activate(x[0], activation, pass) }, oracle: { oracle($0) { value($0, activation) } })
    #expect(d.forward < 5e-7)
    #expect(d.gradient < 1e-6)
    #expect(d.allocations == 0)
  }

  // The saved derivative is rounded to 8 bits; the values are not.
  @Test(arguments: [Activation.gelu, .geluTanh, .relu, .silu, .tanh], [(1, 1), (7, 19), (9, 119)])
  func `in bf16 only the derivative is rounded`(_ activation: Activation, _ shape: (Int, Int)) {
    var x = Grid.random(shape.0, shape.1, seed: 3, scale: 5)
    x.values[0] = 1.25
    for i in x.values.indices where abs(x.values[i]) < 1e-3 { x.values[i] = 0.5 }
    let s = Setting(inputs: [x])
    let d = distance(
      s,
      { x, _, pass in
        let h = stack([x[0], x[0]], pass)  // a copy, because the activation overwrites its input
        return stack([activate(h, activation, precision: .bf16, pass)], pass)
      },
      oracle: {
        let y = oracle($0) { value($0, activation) }
        return Grid(2 * y.rows, y.columns, y.values + y.values)
      })
    #expect(d.forward < 5e-7)
    #expect(d.gradient < 4e-3)
    #expect(d.allocations == 0)
  }

  @Test(arguments: [Activation.gelu, .geluTanh, .relu, .silu, .tanh])
  func `an activation gives the same values whether or not it saves its derivative`(_ activation: Activation) {
    let values = Grid.random(3, 77, seed: 5, scale: 6).floats
    let workspace = Workspace()
    let training = Pass(workspace, gradients: Gradients(ParameterTable(training: [])))
    let inference = Pass(workspace)
    let outputs = [training, inference].map { pass in
      let x = pass.make(3, 77, tracked: true)
      fill(x, values)
      return activate(x, activation, pass).array
    }
    #expect(relativeError(outputs[0], outputs[1].map(Double.init)) < 2e-7)
  }

  @Test(arguments: [(1, 1), (4, 4), (3, 33)]) func `tanh agrees with its definition`(_ shape: (Int, Int)) {
    let s = Setting(inputs: [.random(shape.0, shape.1, seed: 7, scale: 3)])
    let once = distance(s, { x, _, pass in tanh(x[0], pass) }, oracle: { oracle($0, Glibc.tanh) })
    #expect(once.forward < 5e-7)
    #expect(once.gradient < 1e-6)
    let twice = distance(
      s, { x, _, pass in stack([tanh(x[0], pass), tanh(x[0], pass)], pass) },
      oracle: {
        let y = oracle($0, Glibc.tanh)
        return Grid(2 * y.rows, y.columns, y.values + y.values)
      })
    #expect(twice.gradient < 1e-6)
  }

  @Test func `a wrong activation is detected`() {
    let s = Setting(inputs: [.random(4, 9, seed: 3, scale: 3)])
    let d = distance(
      s, { x, _, pass in activate(x[0], .gelu, pass) }, oracle: { oracle($0) { value($0, .geluTanh) } })
    #expect(d.forward > 1e-5)
    #expect(d.gradient > 1e-5)
  }
}
