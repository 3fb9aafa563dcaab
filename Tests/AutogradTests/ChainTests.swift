/// A CRF's loss against the enumeration of all tags.
import Autograd
import Glibc
import TestSupport
import Testing

private struct ChainCase: Sendable, CustomTestStringConvertible {
  var targets: [[Int32]]
  var tags: Int
  var norm: Float = 1
  var scale = 2.0
  var testDescription: String { "\(targets), \(tags) tags, ±\(scale)" }

  var rows: Int { targets.reduce(0) { $0 + $1.count } }
  /// Emissions, start, transitions, end.
  var grids: [Grid] {
    [(rows, tags), (1, tags), (tags, tags), (1, tags)].enumerated().map {
      .random($1.0, $1.1, seed: UInt64($0 + 3), scale: scale)
    }
  }

  /// Every sequence of `count` tags.
  private func all(_ count: Int) -> [[Int]] {
    (0..<count).reduce([[]]) { paths, _ in paths.flatMap { path in (0..<tags).map { path + [$0] } } }
  }

  func oracle(_ x: [Grid]) -> Double {
    var loss = 0.0, first = 0
    for tags in targets {
      func score(_ path: [Int]) -> Double {
        var score = x[1][0, path[0]] + x[3][0, path[path.count - 1]]
        for (t, tag) in path.enumerated() {
          score += x[0][first + t, tag] + (t > 0 ? x[2][path[t - 1], tag] : 0)
        }
        return score
      }
      if !tags.isEmpty, tags.allSatisfy({ $0 >= 0 }) {
        let scores = all(tags.count).map(score), top = scores.max() ?? 0
        loss += top + log(scores.reduce(0) { $0 + exp($1 - top) }) - score(tags.map(Int.init))
      }
      first += tags.count
    }
    return loss / Double(norm)
  }

  /// The loss, and the gradients of the emissions, start, transitions and end.
  func run() -> (loss: Double, gradients: [[Float]]) {
    let weights = grids.dropFirst().enumerated().map { index, grid in
      let weight = Parameter("p\(index)", shape: index == 1 ? [tags, tags] : [tags])
      _ = weight.values.update(fromContentsOf: grid.floats)
      return weight
    }
    let gradients = Gradients(ParameterTable(training: weights))
    gradients.reset()
    let pass = Pass(Workspace(), gradients: gradients), x = pass.make(rows, tags, tracked: true)
    fill(x, grids[0].floats)
    var dx: [Float] = []
    pass.record(x) { dx = $0.array }
    let loss = chainLoss(
      x, targets: targets, ChainWeights(start: weights[0], transitions: weights[1], end: weights[2]), norm: norm, pass)
    pass.backward()
    gradients.finish()
    return (
      loss,
      [dx]
        + weights.map {
          Array(UnsafeBufferPointer(start: gradients.pointer + ($0.offset ?? 0), count: $0.count))
        }
    )
  }
}

private let cases: [ChainCase] = [
  ChainCase(targets: [[1]], tags: 2),
  ChainCase(targets: [[0, 1, 1, 0]], tags: 2, norm: 4),
  ChainCase(targets: [[5, 0, 3, 3, 1, 2]], tags: 6, norm: 6),
  ChainCase(targets: [[2, 1], [0], [], [2, 2, 0]], tags: 3, norm: 6),
  ChainCase(targets: [[2, -1, 1], [0, 1]], tags: 3, norm: 2),
  ChainCase(targets: [[0, 2, 1, 2]], tags: 3, scale: 60),
]

@Suite struct ChainTests {
  @Test(arguments: cases) fileprivate func `loss and gradients are those of the enumeration`(_ c: ChainCase) {
    let found = c.run(), expected = c.oracle(c.grids)
    #expect(abs(found.loss - expected) <= 1e-6 * max(1, abs(expected)))
    for (index, gradient) in found.gradients.enumerated() {
      let expected = finiteDifferences(at: c.grids[index].values) { values in
        var probe = c.grids
        probe[index].values = values
        return c.oracle(probe)
      }
      // Where all is certain the gradients are 0 up to rounding.
      let worst = zip(gradient, expected).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(worst < 1e-6, "\(index): \(worst)")
    }
  }

  @Test func `with one tag the loss and its gradients are exactly 0`() {
    let found = ChainCase(targets: [[0, 0, 0]], tags: 1).run()
    #expect(found.loss == 0 && found.gradients.joined().allSatisfy { $0 == 0 })
  }

  @Test func `a sequence without a target has no gradient`() {
    let found = ChainCase(targets: [[1, -1], [0]], tags: 3).run()
    #expect(found.gradients[0][..<6].allSatisfy { $0 == 0 } && found.gradients[0][6...].contains { $0 != 0 })
  }

}
