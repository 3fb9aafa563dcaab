/// Means of sequences against plain loops.
import Autograd
import TestSupport
import Testing

private func oracle(_ x: Grid, _ sequenceOffsets: [Int]) -> Grid {
  var y = Grid(sequenceOffsets.count - 1, x.columns)
  for (s, (first, end)) in zip(sequenceOffsets, sequenceOffsets.dropFirst()).enumerated() {
    for j in 0..<x.columns { for i in first..<end { y[s, j] += x[i, j] / Double(end - first) } }
  }
  return y
}

@Suite struct SequenceMeanTests {
  @Test(arguments: [[0, 1], [0, 3, 3, 10], [0, 40, 41]], [1, 16, 67])
  func `means of sequences agree with plain loops, where x is read twice too`(_ offsets: [Int], _ columns: Int) {
    let d = distance(
      Setting(inputs: [.random(offsets[offsets.count - 1], columns, seed: 3)]),
      { x, _, pass in
        stack([x[0], sequenceMeans(x[0], sequenceOffsets: offsets, pass)], pass)
      },
      oracle: {
        Grid(
          $0[0].rows + offsets.count - 1, columns, $0[0].values + oracle($0[0], offsets).values)
      })
    #expect(d.forward < 1e-7)
    #expect(d.gradient < 1e-6)
    #expect(d.allocations == 0)
  }

  @Test func `the mean of 8,192 rows has all digits of Float32`() {
    let x = Grid.random(8192, 3, seed: 3, around: 100), pass = Pass(Workspace()), input = pass.make(8192, 3)
    fill(input, x.floats)
    #expect(
      relativeError(sequenceMeans(input, sequenceOffsets: [0, 8192], pass).array, oracle(x, [0, 8192]).values) < 6e-8)
  }
}
