/// Attention of thousands of tokens, global and in a window, against PyTorch.
import Autograd
import Checkpoints
import Kernels
import TestSupport
import Testing

/// The inputs of the golden files in `pre-norm-ops`: `numbers` of its make_golden.py.
func goldenNumbers(_ count: Int, seed: Int, scale: Float) -> [Float] {
  (0..<count).map { index in
    var mixed = UInt32(truncatingIfNeeded: index + seed * 1_000_003) &* 2_654_435_761
    mixed = (mixed ^ (mixed >> 15)) &* 2_246_822_519
    return scale * (Float(mixed >> 8) / Float(1 << 23) - 1)
  }
}

private let (tokens, heads, d) = (4096, 2, 32)

/// context and the gradient of qkv for sequences at `sequenceOffsets`, of which all have the golden input.
private func golden(_ sequenceOffsets: [Int], window: Int?, dropout: Double = 0) -> (context: [Float], dqkv: [Float]) {
  let n = sequenceOffsets.last ?? 0
  let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])), randomKey: RandomKey(seed: 1))
  let qkv = pass.make(n, 3 * d, tracked: true), dcontext = pass.make(n, d)
  let (x, dy) = (goldenNumbers(tokens * 3 * d, seed: 1, scale: 2), goldenNumbers(tokens * d, seed: 2, scale: 1))
  for (row, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
    (qkv.pointer + row * 3 * d).update(from: x, count: (end - row) * 3 * d)
    (dcontext.pointer + row * d).update(from: dy, count: (end - row) * d)
  }
  var dqkv: [Float] = []
  pass.record(qkv) { dqkv = $0.array }
  let context = attention(
    qkv, sequenceOffsets: sequenceOffsets, heads: heads, window: window, dropout: dropout, pass)
  let found = context.array
  pass.backward(from: context, gradient: dcontext)
  return (found, dqkv)
}

/// Every 61st row.
private func rows(_ values: [Float], columns: Int) -> [Float] {
  stride(from: 0, to: values.count / columns, by: 61).flatMap { values[$0 * columns..<($0 + 1) * columns] }
}

@Suite struct LongAttentionTests {
  @Test(arguments: [("global", nil), ("local", 64)] as [(String, Int?)])
  func `attention of 4,096 tokens agrees with PyTorch in Double`(_ name: String, _ window: Int?) throws {
    let file = try Checkpoint(file: fixture("pre-norm-ops/golden.safetensors"))
    let found = golden([0, tokens], window: window)
    let context = try file.array("\(name).context").map(Double.init)
    let gradient = try file.array("\(name).gradient").map(Double.init)
    #expect(relativeError(rows(found.context, columns: d), context) < 1e-6)
    #expect(relativeError(rows(found.dqkv, columns: 3 * d), gradient) < 1e-6)
  }

  @Test(arguments: [nil, 64, 100] as [Int?])
  func `a long sequence gives the same bits alone and after others`(_ window: Int?) {
    let alone = golden([0, 1500], window: window), packed = golden([0, 7, 1507, 1600], window: window)
    #expect(alone.context == Array(packed.context[7 * d..<1507 * d]))
    #expect(alone.dqkv == Array(packed.dqkv[7 * 3 * d..<1507 * 3 * d]))
  }

  // Whole rows up to 1,024 tokens, tiles after that; with a window as long as the sequence tiles in any case.
  @Test func `whole rows and tiles of scores agree`() {
    let (rows, tiles) = (golden([0, 1000], window: nil), golden([0, 1000], window: 1000))
    #expect(relativeError(rows.context, tiles.context.map(Double.init)) < 2e-6)
    #expect(relativeError(rows.dqkv, tiles.dqkv.map(Double.init)) < 2e-6)
  }

  @Test(arguments: [nil, 64] as [Int?]) func `dropout of long sequences keeps the mean and replays`(_ window: Int?) {
    let (first, second) = (
      golden([0, 1500], window: window, dropout: 0.1), golden([0, 1500], window: window, dropout: 0.1)
    )
    let plain = golden([0, 1500], window: window)
    #expect(first == second)
    let error = relativeError(first.context, plain.context.map(Double.init))
    #expect(error > 1e-3 && error < 1)
    let mean = zip(first.context, plain.context).reduce(0) { $0 + ($1.0 - $1.1) } / Float(first.context.count)
    #expect(abs(mean) < 2e-3)
  }
}
