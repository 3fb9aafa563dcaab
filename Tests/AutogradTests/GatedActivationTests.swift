/// Gated activations against Glibc's functions in Double.
import Autograd
import Glibc
import Kernels
import TestSupport
import Testing

/// f(a)⊙b by definition.
private func oracle(_ all: [Grid], _ activation: Activation) -> Grid {
  let x = all[0], m = x.columns / 2
  var y = Grid(x.rows, m)
  for i in 0..<x.rows {
    for j in 0..<m {
      let a = x[i, j]
      let f = activation == .silu ? a / (1 + exp(-a)) : a * 0.5 * (1 + erf(a / 2.0.squareRoot()))
      y[i, j] = f * x[i, m + j]
    }
  }
  return y
}

@Suite struct GatedActivationTests {
  // Sizes around the 16 vector lanes and the kernel's chunks of 512.
  @Test(arguments: [(1, 1), (3, 5), (2, 16), (4, 67), (2, 515)], [Precision.fp32, .bf16])
  func `gated activations agree with their definitions`(_ shape: (Int, Int), _ precision: Precision) {
    var x = Grid.random(shape.0, 2 * shape.1, seed: 3, scale: 3)
    x.values[0] = 1.25  // the only value where m is 1; gelu's tail has fewer digits
    for activation in [Activation.gelu, .silu] {
      let d = distance(
        Setting(inputs: [x]),
        { x, _, pass in activateGated(stack([x[0]], pass), activation, precision: precision, pass) },
        oracle: { oracle($0, activation) })
      #expect(d.forward < 1e-6)
      #expect(d.gradient < (precision == .bf16 ? 4e-3 : 2e-6))
      #expect(d.allocations == 0)
    }
  }

  @Test(arguments: [Precision.fp32, .bf16]) func `its gradient is added where x is read twice`(_ precision: Precision) {
    let d = distance(
      Setting(inputs: [.random(3, 34, seed: 3, scale: 3)]),
      { x, _, pass in
        let parts = (0..<2).map { _ in activateGated(stack([x[0]], pass), .gelu, precision: precision, pass) }
        return stack(parts, pass)
      },
      oracle: {
        let y = oracle($0, .gelu)
        return Grid(6, 17, y.values + y.values)
      })
    #expect(d.gradient < (precision == .bf16 ? 4e-3 : 2e-6))
  }

  @Test(arguments: [1, 17, 600]) func `training and inference give the same values`(_ m: Int) {
    let values = Grid.random(5, 2 * m, seed: 5, scale: 4).floats, workspace = Workspace()
    let outputs = [nil, Gradients(ParameterTable(training: []))].map { gradients in
      let pass = Pass(workspace, gradients: gradients), x = pass.make(5, 2 * m, tracked: true)
      fill(x, values)
      return activateGated(x, .gelu, pass).array
    }
    #expect(relativeError(outputs[0], outputs[1].map(Double.init)) < 2e-7)
  }
}
