/// Dropout: the fraction kept, the independence of elements, and that backward uses forward's mask.
import Autograd
import TestSupport
import Testing

/// The masks of the first `sites` dropout sites of a pass, [n, d].
private func masks(_ n: Int, _ d: Int, _ probability: Double, _ randomKey: RandomKey, sites: Int = 1) -> [[Float]] {
  let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])), randomKey: randomKey)
  let ones = pass.make(n, d)
  fill(ones, Array(repeating: 1, count: n * d))
  return (0..<sites).map { _ in dropout(ones, probability, pass).array }
}

/// The deviation of two masks from independence, in standard errors of the number of elements that both keep.
private func dependence(_ a: [Float], _ b: [Float], _ probability: Double) -> Double {
  let both = zip(a, b).count { $0 > 0 && $1 > 0 }
  let fraction = (1 - probability) * (1 - probability), n = Double(a.count)
  return abs(Double(both) - n * fraction) / (n * fraction * (1 - fraction)).squareRoot()
}

@Suite struct DropoutTests {
  @Test(arguments: [0.05, 0.1, 0.3, 0.5, 0.9]) func `the fraction of elements that are kept matches the probability`(
    _ p: Double
  ) {
    let mask = masks(256, 384, p, RandomKey(seed: 5))[0]
    let n = Double(mask.count), kept = Double(mask.count { $0 > 0 })
    #expect(abs(kept - n * (1 - p)) < 4 * (n * p * (1 - p)).squareRoot())
    let rounded = (p * 65536).rounded() / 65536
    #expect(mask.allSatisfy { $0 == 0 || $0 == Float(1 / (1 - rounded)) })
    for column in [0, 1, 63, 64, 383] {
      let kept = Double((0..<256).count { mask[$0 * 384 + column] > 0 })
      #expect(abs(kept - 256 * (1 - p)) < 4 * (256 * p * (1 - p)).squareRoot())
    }
  }

  @Test func `masks differ by site, step, shard and each half of the seed, and repeat for the same key and site`() {
    let base = RandomKey(seed: 5, step: 3, shard: 2)
    let sites = masks(64, 384, 0.5, base, sites: 3)
    #expect(masks(64, 384, 0.5, base, sites: 3) == sites)
    let allMasks =
      sites
      + [
        RandomKey(seed: 6, step: 3, shard: 2), RandomKey(seed: 5 + 1 << 32, step: 3, shard: 2),
        RandomKey(seed: 5, step: 4, shard: 2), RandomKey(seed: 5, step: 2, shard: 3),
        RandomKey(seed: 5, step: 3, shard: 0),
      ].map { masks(64, 384, 0.5, $0)[0] }
    for i in allMasks.indices {
      for j in allMasks.indices where i < j { #expect(dependence(allMasks[i], allMasks[j], 0.5) < 4) }
    }
  }

  @Test func `rows, and the blocks of a row, are independent`() {
    let mask = masks(64, 256, 0.5, RandomKey(seed: 9))[0]
    let rows = (0..<64).map { Array(mask[$0 * 256..<($0 + 1) * 256]) }
    #expect(Set(rows).count == 64)
    for shift in [1, 2, 3] { #expect(dependence(Array(mask.dropFirst(256 * shift)), mask, 0.5) < 4) }
    for shift in [1, 16, 32, 64] { #expect(dependence(Array(mask.dropFirst(shift)), mask, 0.5) < 4) }
  }

  @Test(arguments: [(1, 1), (5, 16), (4, 63), (3, 65), (2, 200)])
  func `dropout and its gradient multiply by the same mask`(_ shape: (Int, Int)) {
    let s = Setting(inputs: [.random(shape.0, shape.1, seed: 4)])
    let mask = masks(shape.0, shape.1, 0.3, s.randomKey, sites: 2).map { $0.map(Double.init) }
    func oracle(_ x: Grid, _ site: Int) -> [Double] { zip(x.values, mask[site]).map { $0 * $1 } }
    let twice = distance(
      s, { x, _, pass in stack([dropout(x[0], 0.3, pass), dropout(x[0], 0.3, pass)], pass) },
      oracle: { Grid(2 * shape.0, shape.1, oracle($0[0], 0) + oracle($0[0], 1)) })
    #expect(twice.forward < 1e-6)
    #expect(twice.gradient < 1e-6)
    #expect(twice.allocations == 0)
  }

  @Test func `nothing is dropped in inference or with probability 0`() {
    let values = Grid.random(3, 20, seed: 1).floats
    for pass in [Pass(Workspace()), Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))] {
      let x = pass.make(3, 20)
      fill(x, values)
      #expect(dropout(x, pass.isTraining ? 0 : 0.9, pass).array == values)
    }
  }

  @Test func `a wrong mask is detected`() {
    let s = Setting(inputs: [.random(4, 40, seed: 4)])
    let mask = masks(4, 40, 0.3, RandomKey(seed: 77))[0]
    let d = distance(
      s, { x, _, pass in dropout(x[0], 0.3, pass) },
      oracle: { Grid(4, 40, zip($0[0].values, mask).map { $0 * Double($1) }) })
    #expect(d.forward > 1e-2)
    #expect(d.gradient > 1e-2)
  }
}
