/// The scalar mix against plain loops.
import Autograd
import Glibc
import TestSupport
import Testing

private func oracle(_ all: [Grid]) -> Grid {
  let states = all.dropLast(2), scalars = all[all.count - 2].values, gamma = all[all.count - 1].values[0]
  let sum = scalars.reduce(0) { $0 + exp($1) }
  var y = Grid(states[0].rows, states[0].columns)
  for (x, scalar) in zip(states, scalars) {
    for i in y.values.indices { y.values[i] += gamma * exp(scalar) / sum * x.values[i] }
  }
  return y
}

@Suite struct ScalarMixTests {
  @Test(arguments: [1, 2, 7], [Set<Int>(), [0], [1], [0, 1]])
  func `a mix of states agrees with plain loops`(_ count: Int, _ frozen: Set<Int>) {
    var setting = Setting(
      inputs: (0..<count).map { .random(5, 19, seed: UInt64($0 + 1)) },
      parameters: [.random(1, count, seed: 20), .random(1, 1, seed: 21, around: 1.5)])
    setting.frozen = frozen
    let d = distance(
      setting, { x, p, pass in scalarMix(x, MixWeights(scalars: p[0], gamma: p[1]), pass) }, oracle: oracle)
    #expect(d.forward < 1e-6)
    // The gradient of a single scalar is 0.
    #expect(d.gradients.indices.allSatisfy { count == 1 && $0 == 1 || d.gradients[$0] < 2e-6 }, "\(d.gradients)")
    #expect(d.allocations == 0)
  }
}
