/// Attention over packed sequences against plain loops.
import Autograd
import Kernels
import TestSupport
import Testing

struct PackedShape: Sendable, CustomTestStringConvertible {
  var lengths: [Int]
  var heads: Int
  var headSize: Int
  var window: Int?
  var precision = Precision.fp32
  var testDescription: String {
    "\(lengths) tokens, \(heads) heads of size \(headSize)" + (window.map { ", window \($0)" } ?? "") + ", \(precision)"
  }

  var sequenceOffsets: [Int] { lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }
  var n: Int { lengths.reduce(0, +) }
  var setting: Setting { Setting(inputs: [.random(n, 3 * heads * headSize, seed: 5, scale: 1.5)]) }
  var oracle: AttentionOracle { AttentionOracle(sequenceOffsets: sequenceOffsets, heads: heads, window: window) }

  func op(_ dropout: Double = 0) -> Op {
    { x, _, pass in
      attention(
        x[0], sequenceOffsets: sequenceOffsets, heads: heads, window: window, dropout: dropout, precision: precision,
        pass)
    }
  }

  /// The factor by which dropout multiplies each probability, measured with the op: with equal scores all
  /// probabilities of a row are equal, and values that are columns of the identity matrix show `headSize` factors at a
  /// time.
  func mask(_ probability: Double, _ randomKey: RandomKey) -> Grid {
    let longest = oracle.longest
    var mask = Grid(n, heads * longest)
    for block in stride(from: 0, to: longest, by: headSize) {
      let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])), randomKey: randomKey)
      var qkv = Grid(n, 3 * heads * headSize)
      for (first, t) in zip(sequenceOffsets, lengths) {
        for j in block..<max(block, min(t, block + headSize)) {
          for head in 0..<heads { qkv[first + j, 2 * heads * headSize + head * headSize + j - block] = 1 }
        }
      }
      let x = pass.make(qkv.rows, qkv.columns)
      fill(x, qkv.floats)
      let y = Grid(n, heads * headSize, floats: op(probability)([x], [], pass).array)
      for (first, t) in zip(sequenceOffsets, lengths) {
        for row in first..<first + t {
          let keys = oracle.keys(of: row, in: first..<first + t).count
          for head in 0..<heads {
            for j in block..<max(block, min(t, block + headSize)) {
              mask[row, head * longest + j] = Double(keys) * y[row, head * headSize + j - block]
            }
          }
        }
      }
    }
    return mask
  }
}

private let small: [PackedShape] = [
  PackedShape(lengths: [1], heads: 1, headSize: 1),
  PackedShape(lengths: [5, 0, 1, 3], heads: 2, headSize: 3),
  PackedShape(lengths: [17, 2], heads: 1, headSize: 8),
  PackedShape(lengths: [5, 0, 9, 1], heads: 2, headSize: 3, window: 0),
  PackedShape(lengths: [19, 2], heads: 1, headSize: 8, window: 3),
]

private let large: [PackedShape] = [
  PackedShape(lengths: [1, 70, 13, 32, 33], heads: 2, headSize: 8),
  PackedShape(lengths: [16, 31, 48], heads: 3, headSize: 16),
  PackedShape(lengths: [64, 1, 65], heads: 1, headSize: 32),
  PackedShape(lengths: [19, 0, 7], heads: 12, headSize: 32),
  PackedShape(lengths: [2, 67, 15], heads: 1, headSize: 64),
  PackedShape(lengths: [9, 4], heads: 12, headSize: 64),
  PackedShape(lengths: [34], heads: 5, headSize: 24),
  PackedShape(lengths: [200], heads: 1, headSize: 32),
  // With a window: shorter and longer than it, and around the kernel's tiles of 32 rows and 256 keys.
  PackedShape(lengths: [31, 32, 33], heads: 2, headSize: 16, window: 0),
  PackedShape(lengths: [7, 0, 150, 64, 65], heads: 2, headSize: 16, window: 7),
  PackedShape(lengths: [200, 1, 129], heads: 2, headSize: 32, window: 64),
  PackedShape(lengths: [90], heads: 1, headSize: 24, window: 1000),
  PackedShape(lengths: [420], heads: 1, headSize: 8, window: 150),
]

/// The shapes that the bfloat16 kernel computes, and some around its blocks of 28 and 112 rows, tiles of 64 and 224 keys,
/// and panels of 16 and 32 columns.
private let bf16: [PackedShape] = {
  let others = [
    PackedShape(lengths: [27, 28, 29, 113], heads: 1, headSize: 48),
    PackedShape(lengths: [223, 0, 224, 225], heads: 1, headSize: 32),
    PackedShape(lengths: [300], heads: 2, headSize: 64, window: 64),
    PackedShape(lengths: [57, 260], heads: 1, headSize: 16, window: 150),
    // Saves qkv as bfloat16; the first sequence alone does not.
    PackedShape(lengths: [12, 1025], heads: 1, headSize: 16, window: 40),
  ]
  return (large.filter { $0.headSize % 16 == 0 } + others).map { shape in
    var shape = shape
    shape.precision = .bf16
    return shape
  }
}()

@Suite struct AttentionTests {
  @Test(arguments: small) func `the oracle's gradient agrees with finite differences`(_ s: PackedShape) {
    var oracle = s.oracle
    for probability in [0, 0.4] {
      if probability > 0 { oracle.mask = s.mask(probability, RandomKey(seed: 3)) }
      let qkv = s.setting.inputs[0], dy = Grid.random(s.n, s.heads * s.headSize, seed: 9)
      let numerical = numericalGradients({ oracle.forward($0[0]) }, at: [qkv], dy)[0]
      let exact = oracle.backward(qkv, dy)
      let worst = zip(numerical.values, exact.values).map { abs($0 - $1) }.max() ?? 0
      #expect(worst < 1e-7)
    }
  }

  // 3e-6: the rounding error of a score, up to |s|·2⁻²⁴, is the relative error of its probability.
  @Test(arguments: small + large) func `attention agrees with plain loops`(_ s: PackedShape) {
    let oracle = s.oracle
    let d = distance(s.setting, s.op(), oracle: { oracle.forward($0[0]) }, gradient: { [oracle.backward($0[0], $1)] })
    #expect(d.forward < 2e-6)
    #expect(s.n == 1 || d.gradient < 3e-6)
    #expect(d.allocations == 0)
  }

  @Test(arguments: small.dropFirst() + large)
  func `attention with dropout agrees with plain loops under the op's mask, in forward and in backward`(
    _ s: PackedShape
  ) {
    var oracle = s.oracle
    oracle.mask = s.mask(0.3, s.setting.randomKey)
    let d = distance(
      s.setting, s.op(0.3), oracle: { oracle.forward($0[0]) }, gradient: { [oracle.backward($0[0], $1)] })
    #expect(d.forward < 2e-6)
    #expect(d.gradient < 3e-6)
    #expect(d.allocations == 0)
  }

  // Each operand is rounded by up to 2⁻⁹ of itself.
  @Test(arguments: bf16, [0, 0.3])
  func `attention in bf16 agrees with plain loops`(_ s: PackedShape, _ probability: Double) {
    var oracle = s.oracle
    if probability > 0 { oracle.mask = s.mask(probability, s.setting.randomKey) }
    let d = distance(
      s.setting, s.op(probability), oracle: { oracle.forward($0[0]) }, gradient: { [oracle.backward($0[0], $1)] })
    #expect(d.forward < 6e-3)
    #expect(d.gradient < 6e-3)
    #expect(d.allocations == 0)
  }

  @Test(arguments: large + bf16) func `a packed sequence gives the same bits as the sequence alone`(_ s: PackedShape) {
    let setting = s.setting
    let packed = run(setting, dy: .random(s.n, s.heads * s.headSize, seed: 9), s.op())
    let dy = Grid.random(s.n, s.heads * s.headSize, seed: 9)
    func slice(_ grid: Grid, _ rows: Range<Int>) -> Grid {
      Grid(
        rows.count, grid.columns, Array(grid.values[rows.lowerBound * grid.columns..<rows.upperBound * grid.columns]))
    }
    for (first, t) in zip(s.sequenceOffsets, s.lengths) {
      let rows = first..<first + t
      var single = s
      single.lengths = [t]
      let alone = run(Setting(inputs: [slice(setting.inputs[0], rows)]), dy: slice(dy, rows), single.op())
      let d = s.heads * s.headSize
      #expect(alone.y == Array(packed.y[first * d..<(first + t) * d]))
      #expect(alone.inputs[0] == packed.inputs[0].map { Array($0[first * 3 * d..<(first + t) * 3 * d]) })
    }
  }

  @Test func `scores in the hundreds neither overflow nor lose precision`() {
    var s = PackedShape(lengths: [9, 40], heads: 2, headSize: 16).setting
    let oracle = AttentionOracle(sequenceOffsets: [0, 9, 49], heads: 2)
    s.inputs[0].values = s.inputs[0].values.map { $0 * 8 }
    let d = distance(
      s, { x, _, pass in attention(x[0], sequenceOffsets: [0, 9, 49], heads: 2, dropout: 0, pass) },
      oracle: { oracle.forward($0[0]) }, gradient: { [oracle.backward($0[0], $1)] })
    #expect(d.forward < 1e-4)
    #expect(d.gradient < 1e-4)
  }

  @Test func `every head and every row has a different mask`() {
    let s = PackedShape(lengths: [64, 100, 64], heads: 3, headSize: 32)
    let mask = s.mask(0.5, RandomKey(seed: 12))
    var seen: Set<[Double]> = []
    for row in 0..<s.n { for head in 0..<3 { seen.insert((0..<64).map { mask[row, head * 100 + $0] }) } }
    #expect(seen.count == s.n * 3)
    for row in 64..<164 { for head in 0..<3 { seen.insert((0..<36).map { mask[row, head * 100 + 64 + $0] }) } }
    #expect(seen.count == s.n * 3 + 300)
  }

  @Test func `dropout in forward only is detected`() {
    let s = PackedShape(lengths: [12, 5], heads: 2, headSize: 8)
    var oracle = s.oracle
    oracle.mask = s.mask(0.3, s.setting.randomKey)
    let plain = s.oracle
    let d = distance(s.setting, s.op(0.3), oracle: { oracle.forward($0[0]) }, gradient: { [plain.backward($0[0], $1)] })
    #expect(d.forward < 2e-6)
    #expect(d.gradient > 1e-2)
  }
}
