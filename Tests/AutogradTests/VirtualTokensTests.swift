/// Sums and virtual tokens against plain loops in Double.
import Autograd
import Glibc
import TestSupport
import Testing

@Suite struct VirtualTokensTests {
  @Test(arguments: [1, -0.75] as [Float], 0..<4)
  func `both terms of a scaled sum get their gradients`(_ scale: Float, _ mix: Int) {
    var s = Setting(inputs: [.random(3, 19, seed: 1), .random(3, 19, seed: 2)])
    s.untracked = Set((0..<2).filter { mix >> $0 & 1 == 1 })
    func oracle(_ all: [Grid]) -> Grid {
      Grid(3, 19, zip(all[0].values, all[1].values).map { $0 + Double(scale) * $1 })
    }
    let once = distance(
      s, { x, _, pass in addScaled(x[0], stack([x[1]], pass), by: scale, pass) }, oracle: oracle)
    #expect(once.forward < 1e-6 && once.gradient < 1e-6 && once.allocations == 0)
    let twice = distance(
      s,
      { x, _, pass in
        stack((0..<2).map { _ in addScaled(x[0], stack([x[1]], pass), by: scale, pass) }, pass)
      }, oracle: { Grid(6, 19, oracle($0).values + oracle($0).values) })
    #expect(twice.gradient < 1e-6)
  }

  @Test func `a parameter that two ops read as a tensor gets both gradients`() {
    let s = Setting(inputs: [], parameters: [.random(3, 7, seed: 1)])
    let d = distance(
      s,
      { _, p, pass in
        let w = tensor(p[0], pass)
        return stack([w, Autograd.tanh(w, pass)], pass)
      }, oracle: { Grid(6, 7, $0[0].values + $0[0].values.map { Glibc.tanh($0) }) })
    #expect(d.forward < 1e-6 && d.gradient < 1e-6 && d.allocations == 0)
  }

  static let sequenceOffsets = [0, 3, 5, 9]

  @Test(arguments: 0..<4) func `rows are added at the start of every sequence`(_ mix: Int) {
    var s = Setting(inputs: [.random(9, 5, seed: 1), .random(2, 5, seed: 2)])
    s.untracked = Set((0..<2).filter { mix >> $0 & 1 == 1 })
    let d = distance(
      s, { x, _, pass in addToSequenceStarts(stack([x[0]], pass), x[1], sequenceOffsets: Self.sequenceOffsets, pass) },
      oracle: { all in
        var y = all[0]
        for offset in Self.sequenceOffsets.dropLast() {
          for i in 0..<2 { for j in 0..<5 { y[offset + i, j] += all[1][i, j] } }
        }
        return y
      })
    #expect(d.forward < 1e-6 && d.gradient < 1e-6 && d.allocations == 0)
  }

  /// p [2, 16] has the keys and values of two blocks of hidden size 4; those of the second begin at column 8.
  @Test(arguments: 0..<4, [0, 8]) func `past keys and values are inserted before every sequence's`(
    _ mix: Int, _ column: Int
  ) {
    var s = Setting(inputs: [.random(9, 12, seed: 1), .random(2, 16, seed: 2)])
    s.untracked = Set((0..<2).filter { mix >> $0 & 1 == 1 })
    func oracle(_ all: [Grid]) -> Grid {
      var values: [Double] = []
      for (start, end) in zip(Self.sequenceOffsets, Self.sequenceOffsets.dropFirst()) {
        for i in 0..<2 { values += [0, 0, 0, 0] + (0..<8).map { all[1][i, column + $0] } }
        values += all[0].values[start * 12..<end * 12]
      }
      return Grid(15, 12, values)
    }
    func op(_ x: [Tensor], _ pass: Pass) -> Tensor {
      prepend(keysAndValues: x[1], from: column, to: x[0], sequenceOffsets: Self.sequenceOffsets, pass)
    }
    let once = distance(s, { x, _, pass in op(x, pass) }, oracle: oracle)
    #expect(once.forward == 0 && once.gradient < 1e-6 && once.allocations == 0)
    let twice = distance(
      s, { x, _, pass in stack([op(x, pass), op(x, pass)], pass) },
      oracle: { Grid(30, 12, oracle($0).values + oracle($0).values) })
    #expect(twice.gradient < 1e-6)
  }
}
