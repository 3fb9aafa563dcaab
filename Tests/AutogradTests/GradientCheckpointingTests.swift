/// Gradient checkpointing: the same bits, also with dropout, and less memory.
import Autograd
import Kernels
import TestSupport
import Testing

/// Dropout, linear, GELU, linear, dropout, residual and norm. One op overwrites its input, and x is read twice.
private func segment(_ x: Tensor, _ w: [Parameter], _ pass: Pass) -> Tensor {
  let h = linear(dropout(x, 0.2, pass), [LinearWeights(weight: w[0], bias: w[1])], pass)
  let y = linear(activate(h, .gelu, pass), [LinearWeights(weight: w[2], bias: w[3])], pass)
  return addNorm(y, residual: x, gain: w[4], bias: w[5], eps: 1e-6, dropout: 0.3, pass)
}

private var setting: Setting {
  Setting(
    inputs: [.random(9, 16, seed: 1)],
    parameters: [
      .random(24, 16, seed: 2), .random(1, 24, seed: 3), .random(16, 24, seed: 4), .random(1, 16, seed: 5),
      .random(1, 16, seed: 6, around: 1), .random(1, 16, seed: 7),
    ])
}

private enum Checkpointing: CaseIterable { case one, two, nested }

/// Two segments between dropouts; nil: without checkpointing.
private func op(_ checkpointing: Checkpointing?) -> Op {
  { x, w, pass in
    let x = dropout(x[0], 0.1, pass)
    let y =
      switch checkpointing {
      case nil: segment(segment(x, w, pass), w, pass)
      case .one: segment(pass.checkpointed(x) { segment($0, w, $1) }, w, pass)
      case .two: pass.checkpointed(pass.checkpointed(x) { segment($0, w, $1) }) { segment($0, w, $1) }
      case .nested:
        pass.checkpointed(x) { x, pass in segment(pass.checkpointed(x) { segment($0, w, $1) }, w, pass) }
      }
    return dropout(y, 0.1, pass)
  }
}

@Suite struct GradientCheckpointingTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: Checkpointing.allCases, [[], [0, 1, 4], [0, 1, 2, 3, 4, 5]] as [Set<Int>])
  fileprivate func `checkpointing gives the same bits`(
    _ checkpointing: Checkpointing, _ frozen: Set<Int>
  ) {
    for untracked in [[], [0]] as [Set<Int>] where frozen.count < 6 || untracked.isEmpty {
      var s = setting
      (s.frozen, s.untracked) = (frozen, untracked)
      let dy = Grid.random(9, 16, seed: 8)
      let (expected, found) = (run(s, dy: dy, op(nil)), run(s, dy: dy, op(checkpointing)))
      #expect(found.y == expected.y && !expected.y.contains { $0.isNaN })
      #expect(found.inputs == expected.inputs && found.parameters == expected.parameters)
      #expect(found.allocations == 0)
    }
  }

  @Test func `without trainable parameters nothing is tracked, saved or recomputed`() {
    let w = makeParameters(setting.parameters)
    let gradients = Gradients(ParameterTable(training: [], freezing: w))
    let workspace = Workspace(), pass = Pass(workspace, gradients: gradients)
    var runs = 0
    func forward() -> Bool {
      let x = pass.make(9, 16)
      fill(x, setting.inputs[0].floats)
      return pass.checkpointed(x) { x, pass in
        runs += 1
        return segment(x, w, pass)
      }.isTracked
    }
    #expect(!forward())
    let allocations = workspace.allocations
    #expect(!forward() && workspace.allocations == allocations && runs == 2)
  }

  @Test func `a chain of checkpointed segments needs one more buffer per segment`() {
    let w = makeParameters(setting.parameters), table = ParameterTable(training: w)
    func buffers(_ length: Int, checkpointed: Bool) -> Int {
      let workspace = Workspace(), pass = Pass(workspace, gradients: Gradients(table))
      var x = pass.make(9, 16)
      fill(x, setting.inputs[0].floats)
      for _ in 0..<length {
        x = checkpointed ? pass.checkpointed(x) { segment($0, w, $1) } : segment(x, w, pass)
      }
      pass.backward(from: x, gradient: x)
      return workspace.allocations
    }
    #expect(buffers(20, checkpointed: true) - buffers(10, checkpointed: true) == 10, "one per segment: its input")
    #expect(buffers(20, checkpointed: false) - buffers(10, checkpointed: false) >= 40)
  }
}
