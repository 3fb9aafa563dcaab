/// A stretch that is computed again in backward: same bits, same chance, less memory.
import Autograd
import Kernels
import TestSupport
import Testing

/// dropout, product, GELU, product, dropout, and x itself added: an op overwrites its input, and x has two readers.
private func stretch(_ x: Tensor, _ w: [Parameter], _ pass: Pass) -> Tensor {
  let h = linear(dropout(x, 0.2, pass), [LinearPart(weight: w[0], bias: w[1])], pass)
  let y = linear(activate(h, .gelu, pass), [LinearPart(weight: w[2], bias: w[3])], pass)
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

private enum Stretches: CaseIterable { case one, two, nested }

/// Two stretches between dropouts, as they are or recomputed.
private func op(_ kind: Stretches?) -> Op {
  { x, w, pass in
    let x = dropout(x[0], 0.1, pass)
    let y =
      switch kind {
      case nil: stretch(stretch(x, w, pass), w, pass)
      case .one: stretch(pass.checkpointed(x) { stretch($0, w, $1) }, w, pass)
      case .two: pass.checkpointed(pass.checkpointed(x) { stretch($0, w, $1) }) { stretch($0, w, $1) }
      case .nested:
        pass.checkpointed(x) { x, pass in stretch(pass.checkpointed(x) { stretch($0, w, $1) }, w, pass) }
      }
    return dropout(y, 0.1, pass)
  }
}

@Suite struct RecomputeTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: Stretches.allCases, [[], [0, 1, 4], [0, 1, 2, 3, 4, 5]] as [Set<Int>])
  fileprivate func `recomputed stretches have the bits of kept ones`(_ kind: Stretches, _ frozen: Set<Int>) {
    for untracked in [[], [0]] as [Set<Int>] where frozen.count < 6 || untracked.isEmpty {
      var s = setting
      (s.frozen, s.untracked) = (frozen, untracked)
      let dy = Grid.random(9, 16, seed: 8)
      let (kept, again) = (run(s, dy: dy, op(nil)), run(s, dy: dy, op(kind)))
      #expect(again.y == kept.y && !kept.y.contains { $0.isNaN })
      #expect(again.inputs == kept.inputs && again.parameters == kept.parameters)
      #expect(again.allocations == 0)
    }
  }

  @Test func `where nothing learns nothing is tracked, kept or run again`() {
    let w = makeParameters(setting.parameters)
    let gradients = Gradients(ParameterTable(training: [], freezing: w))
    let workspace = Workspace(), pass = Pass(workspace, gradients: gradients)
    var runs = 0
    func forward() -> Bool {
      let x = pass.make(9, 16)
      fill(x, setting.inputs[0].floats)
      return pass.checkpointed(x) { x, pass in
        runs += 1
        return stretch(x, w, pass)
      }.isTracked
    }
    #expect(!forward())
    let made = workspace.allocations
    #expect(!forward() && workspace.allocations == made && runs == 2)
  }

  @Test func `a chain of stretches needs hardly more buffers than one of them`() {
    let w = makeParameters(setting.parameters), table = ParameterTable(training: w)
    func buffers(_ length: Int, recompute: Bool) -> Int {
      let workspace = Workspace(), pass = Pass(workspace, gradients: Gradients(table))
      var x = pass.make(9, 16)
      fill(x, setting.inputs[0].floats)
      for _ in 0..<length {
        x = recompute ? pass.checkpointed(x) { stretch($0, w, $1) } : stretch(x, w, pass)
      }
      pass.backward(from: x, gradient: x)
      return workspace.allocations
    }
    #expect(buffers(20, recompute: true) - buffers(10, recompute: true) == 10, "one more a stretch: its input")
    #expect(buffers(20, recompute: false) - buffers(10, recompute: false) >= 40)
  }
}
