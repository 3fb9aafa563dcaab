/// Losses of label sets and numbers against plain loops in Double.
import Autograd
import Glibc
import TestSupport
import Testing

private let nan = Float.nan

/// A loss and its gradient, and the oracle's loss of the same logits.
private func compare(
  _ logits: Grid, _ loss: (Tensor, Pass) -> Double, oracle: (Grid) -> Double,
  _ location: SourceLocation = #_sourceLocation
) {
  let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
  let x = pass.make(logits.rows, logits.columns, tracked: true)
  fill(x, logits.floats)
  var gradient: [Float] = []
  pass.record(x) { gradient = $0.array }
  let found = loss(x, pass)
  pass.backward()
  #expect(abs(found - oracle(logits)) < 1e-6 * max(1, abs(found)), sourceLocation: location)
  for index in logits.values.indices {
    var (above, below) = (logits, logits)
    above.values[index] += 1e-5
    below.values[index] -= 1e-5
    let expected = (oracle(above) - oracle(below)) / 2e-5
    #expect(abs(Double(gradient[index]) - expected) < 1e-5 * max(1, abs(expected)), sourceLocation: location)
  }
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

@Suite struct BinaryLossTests {
  @Test(arguments: [nil, [0.5, 1, 3]] as [[Float]?], [2.0, 60]) func `binary cross-entropy agrees with plain loops`(
    _ weights: [Float]?, _ scale: Double
  ) {
    let targets: [Float] = [1, 0, 1, nan, nan, nan, 0, 0, 0, 1, 0.25, 1]
    compare(
      .random(4, 3, seed: 3, scale: scale),
      { binaryCrossEntropy($0, targets: targets, positiveWeights: weights, norm: 3, $1) },
      oracle: { logits in
        var sum = 0.0
        for (index, y) in targets.enumerated() where !y.isNaN {
          let x = logits.values[index], weight = Double(weights?[index % 3] ?? 1)
          func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
          sum += weight * Double(y) * softplus(-x) + Double(1 - y) * softplus(x)
        }
        return sum / 9
      })
  }

  @Test func `the divergence of probabilities agrees with plain loops, and is 0 for an equal teacher`() {
    let teacher = Grid.random(3, 4, seed: 5, scale: 2)
    func loss(_ x: Tensor, _ pass: Pass) -> Double {
      let t = pass.make(3, 4)
      fill(t, teacher.floats)
      return binaryDivergence(x, from: t, temperature: 2, scale: 0.5, pass)
    }
    compare(.random(3, 4, seed: 4, scale: 2), loss) { logits in
      zip(logits.values, teacher.values).reduce(0) { sum, pair in
        let p = sigmoid(pair.0 / 2), q = sigmoid(pair.1 / 2)
        return sum + 0.5 * 4 * (q * log(q / p) + (1 - q) * log((1 - q) / (1 - p))) / 4
      }
    }
    let pass = Pass(Workspace()), equal = pass.make(3, 4)
    fill(equal, teacher.floats)
    #expect(loss(equal, pass) == 0)
  }

  @Test func `the mean squared error agrees with plain loops`() {
    let targets: [Float] = [1, nan, -2, 0]
    compare(.random(4, 1, seed: 8, scale: 3), { meanSquaredError($0, targets: targets, norm: 3, $1) }) { logits in
      zip(logits.values, targets).reduce(0) { $1.1.isNaN ? $0 : $0 + pow($1.0 - Double($1.1), 2) } / 3
    }
  }
}
