/// Ops whose work several threads share: the same bytes, and all threads take part.
import Dispatch
import Kernels
import Synchronization
import TestSupport
import Testing

@testable import Autograd

/// Calls `body` with a workspace whose work two other threads help with.
private func helped<Result: Sendable>(_ body: @Sendable (Workspace) -> Result) -> Result {
  let workspaces = Workspaces(Workspace.team(of: 3)), isDone = Atomic<Bool>(false)
  let result = Mutex<Result?>(nil)
  DispatchQueue.concurrentPerform(iterations: 3) { thread in
    let workspace = workspaces.all[thread]
    guard thread == 0 else { return workspace.help { isDone.load(ordering: .acquiring) } }
    let found = body(workspace)
    result.withLock { $0 = found }
    isDone.store(true, ordering: .releasing)
  }
  return result.withLock { $0! }
}

/// Sendable: each thread uses its own workspace.
private struct Workspaces: @unchecked Sendable {
  let all: [Workspace]
  init(_ all: [Workspace]) { self.all = all }
}

@Suite struct TeamTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: [1, 2, 7, 1000], [1, 32]) func `parts together are the whole, each once`(_ count: Int, _ unit: Int) {
    let seen = helped { workspace in
      (0..<200).allSatisfy { _ in
        let calls = Mutex([Range<Int>]())
        workspace.divide(count, unit: unit, cost: 1 << 30) { range, _ in calls.withLock { $0.append(range) } }
        let ranges = calls.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
        return ranges.allSatisfy { $0.lowerBound % unit == 0 }
          && ranges.reduce(into: 0) { $0 = $0 == $1.lowerBound ? $1.upperBound : -1 } == count
      }
    }
    #expect(seen)
  }

  @Test func `an idle thread takes a part, and works in its own workspace`() {
    let used = helped { workspace in
      var used: Set<ObjectIdentifier> = []
      while used.count < 2 {  // the other threads may be late
        let seen = Mutex(Set<ObjectIdentifier>())
        workspace.divide(64, cost: 1 << 30) { _, workspace in
          _ = seen.withLock { $0.insert(ObjectIdentifier(workspace)) }
        }
        used.formUnion(seen.withLock { $0 })
      }
      return used.count
    }
    #expect(used >= 2)
  }

  @Test(arguments: Precision.allCases, [nil, 40] as [Int?])
  func `a block computes the same bytes with and without help`(_ precision: Precision, _ window: Int?) {
    let (n, d) = (500, 64)
    let rotary = RotaryEmbedding(theta: 10_000, headSize: 16)
    let op: @Sendable ([Tensor], [Parameter], Pass) -> Tensor = { x, w, pass in
      func layer(_ x: Tensor, _ index: Int) -> Tensor {
        linear(x, [LinearWeights(weight: w[index], bias: nil)], precision: precision, pass)
      }
      let y = addNorm(x[0], gain: w[0], bias: w[1], eps: 1e-6, dropout: 0.1, pass)
      let qkv = rotate(layer(y, 2), by: rotary, positionIDs: (0..<Int32(n)).map { $0 }, pass)
      let context = attention(
        qkv, sequenceOffsets: [0, 300, n], heads: 4, window: window, dropout: 0.1, precision: precision, pass)
      let (z, normed) = sumAndNorm(context, residual: y, gain: w[0], bias: w[1], eps: 1e-6, dropout: 0.1, pass)
      let gated = activateGated(layer(normed, 3), .gelu, precision: precision, pass)
      let update = dropout(activate(gated, .silu, precision: precision, pass), 0.1, pass)
      return add(update, to: z, dropout: 0.1, pass)
    }
    var s = Setting(
      inputs: [.random(n, d, seed: 1)],
      parameters: [
        .random(1, d, seed: 2, around: 1), .random(1, d, seed: 3), .random(3 * d, d, seed: 4, scale: 0.3),
        .random(2 * d, d, seed: 5, scale: 0.3),
      ])
    s.frozen = [0, 1]
    let setting = s, dy = Grid.random(n, d, seed: 6)
    let alone = run(setting, dy: dy, op)
    for _ in 0..<10 {
      let shared = helped { run(setting, dy: dy, on: $0, op) }
      #expect(shared.y == alone.y)
      #expect(shared.inputs == alone.inputs && shared.parameters == alone.parameters)
    }
  }
}
