/// Rotary position embeddings against plain loops, and against transformers.
import Autograd
import Checkpoints
import Glibc
import Kernels
import TestSupport
import Testing

/// Rotates the pairs (i, i + w/2) of q and k by their definition, in Double.
private func oracle(_ qkv: Grid, headSize w: Int, theta: Double, positions: [Int32]) -> Grid {
  var y = qkv
  for row in 0..<qkv.rows {
    for head in stride(from: 0, to: qkv.columns / 3 * 2, by: w) {
      for i in 0..<w / 2 {
        let angle = Double(positions[row]) * pow(theta, -2 * Double(i) / Double(w))
        let (a, b) = (qkv[row, head + i], qkv[row, head + i + w / 2])
        y[row, head + i] = a * cos(angle) - b * sin(angle)
        y[row, head + i + w / 2] = b * cos(angle) + a * sin(angle)
      }
    }
  }
  return y
}

@Suite struct RotaryTests {
  // Small positions: the angles of large ones are rounded to Float32 on purpose.
  @Test(arguments: [(1, 2), (2, 8), (3, 16), (1, 64), (2, 66)])
  func `rotary embeddings agree with plain loops; positions start again in every sequence`(_ shape: (Int, Int)) {
    let (heads, w) = shape, positions: [Int32] = [0, 1, 2, 3, 0, 1, 0, 5]
    let rotary = RotaryEmbedding(theta: 10000, headSize: w)
    let d = distance(
      Setting(inputs: [.random(positions.count, 3 * heads * w, seed: 7)]),
      { x, _, pass in rotate(stack([x[0]], pass), by: rotary, positionIDs: positions, pass) },
      oracle: { oracle($0[0], headSize: w, theta: 10000, positions: positions) })
    #expect(d.forward < 5e-7)
    #expect(d.gradient < 5e-7)
    #expect(d.allocations == 0)
  }

  @Test func `the gradient is added where qkv is read elsewhere too`() {
    let rotary = RotaryEmbedding(theta: 100, headSize: 4), positions: [Int32] = [2, 0, 1]
    let d = distance(
      Setting(inputs: [.random(3, 24, seed: 7)]),
      { x, _, pass in
        let copy = stack([x[0]], pass)
        return stack([x[0], rotate(copy, by: rotary, positionIDs: positions, pass), x[0]], pass)
      },
      oracle: {
        let y = oracle($0[0], headSize: 4, theta: 100, positions: positions)
        return Grid(9, 24, $0[0].values + y.values + $0[0].values)
      })
    #expect(d.forward < 5e-7)
    #expect(d.gradient < 5e-7)
  }

  @Test(arguments: [10000, 160000], [16, 64])
  func `rotary embeddings agree with transformers up to position 8191`(_ theta: Int, _ w: Int) throws {
    let golden = try Checkpoint(file: fixture("pre-norm-ops/golden.safetensors"))
    let expected = try golden.array("rotary.\(theta).\(w)").map(Double.init)
    let positions: [Int32] = [0, 1, 2, 3, 0, 1, 5, 127, 1000, 4095, 8191]
    let pass = Pass(Workspace()), qkv = pass.make(positions.count, 6 * w)
    fill(qkv, goldenNumbers(qkv.count, seed: 3, scale: 2))
    let rotary = RotaryEmbedding(theta: Double(theta), headSize: w)
    #expect(relativeError(rotate(qkv, by: rotary, positionIDs: positions, pass).array, expected) < 3e-7)
  }

  @Test func `a table that grew gives the same bits as one made at once`() {
    let (grown, whole) = (RotaryEmbedding(theta: 10000, headSize: 16), RotaryEmbedding(theta: 10000, headSize: 16))
    func rotated(_ rotary: RotaryEmbedding, _ positions: [Int32]) -> [Float] {
      let pass = Pass(Workspace()), qkv = pass.make(positions.count, 48)
      fill(qkv, goldenNumbers(qkv.count, seed: 1, scale: 1))
      return rotate(qkv, by: rotary, positionIDs: positions, pass).array
    }
    _ = rotated(grown, [3])
    _ = rotated(grown, [5])
    #expect(rotated(grown, [2, 900, 4]) == rotated(whole, [2, 900, 4]))
  }
}
