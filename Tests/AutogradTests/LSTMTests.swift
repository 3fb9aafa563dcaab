/// The LSTM against plain loops, and against torch.
import Autograd
import Checkpoints
import Glibc
import Kernels
import TestSupport
import Testing

/// h [t, h] of one direction over the rows of `x` in this order.
private func direction(_ x: [[Double]], _ weights: ArraySlice<Grid>) -> [[Double]] {
  let all = Array(weights), (input, hidden, bias, other) = (all[0], all[1], all[2], all[3])
  let size = hidden.columns
  var h = [Double](repeating: 0, count: size), c = h
  func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  return x.map { row in
    let gates = (0..<4 * size).map { gate in
      bias.values[gate] + other.values[gate] + row.indices.reduce(0) { $0 + input[gate, $1] * row[$1] }
        + h.indices.reduce(0) { $0 + hidden[gate, $1] * h[$1] }
    }
    for k in 0..<size {
      c[k] = sigmoid(gates[size + k]) * c[k] + sigmoid(gates[k]) * tanh(gates[2 * size + k])
    }
    h = (0..<size).map { sigmoid(gates[3 * size + $0]) * tanh(c[$0]) }
    return h
  }
}

private func oracle(_ all: [Grid], _ offsets: [Int]) -> Grid {
  let x = all[0], size = all[2].columns
  var y = Grid(x.rows, 2 * size)
  for (first, end) in zip(offsets, offsets.dropFirst()) {
    let rows = (first..<end).map { i in (0..<x.columns).map { x[i, $0] } }
    for (t, h) in direction(rows, all[1...4]).enumerated() { for k in 0..<size { y[first + t, k] = h[k] } }
    for (t, h) in direction(rows.reversed(), all[5...8]).enumerated() {
      for k in 0..<size { y[end - 1 - t, size + k] = h[k] }
    }
  }
  return y
}

private func weights(_ p: ArraySlice<Parameter>) -> LSTMWeights {
  let p = Array(p)
  return LSTMWeights(input: p[0], hidden: p[1], inputBias: p[2], hiddenBias: p[3])
}

private func op(_ offsets: [Int]) -> Op {
  { x, p, pass in
    bidirectionalLSTM(x[0], forward: weights(p[..<4]), backward: weights(p[4...]), sequenceOffsets: offsets, pass)
  }
}

private func setting(_ rows: Int, inputs: Int, size: Int) -> Setting {
  let shapes = [(4 * size, inputs), (4 * size, size), (1, 4 * size), (1, 4 * size)]
  return Setting(
    inputs: [.random(rows, inputs, seed: 1)],
    parameters: (shapes + shapes).enumerated().map { .random($1.0, $1.1, seed: UInt64($0 + 2), scale: 0.7) })
}

@Suite struct LSTMTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: [[0, 1], [0, 3, 4, 9, 9, 12]], [(2, 1), (3, 5)])
  func `states and gradients agree with plain loops`(_ offsets: [Int], _ sizes: (inputs: Int, hidden: Int)) {
    let d = distance(
      setting(offsets[offsets.count - 1], inputs: sizes.inputs, size: sizes.hidden), op(offsets),
      oracle: { oracle($0, offsets) })
    #expect(d.forward < 1e-6)
    #expect(d.gradient < 1e-5)
    #expect(d.allocations == 0)
  }

  @Test func `frozen weights and an untracked input get no gradient`() {
    var setting = setting(5, inputs: 3, size: 4)
    (setting.frozen, setting.untracked) = ([0, 3, 5], [0])
    let d = distance(setting, op([0, 2, 5]), oracle: { oracle($0, [0, 2, 5]) })
    #expect(d.gradients.count == 5 && d.gradient < 1e-5)
  }

  @Test(arguments: ["narrow", "wide"]) func `states and gradients are torch's`(_ name: String) throws {
    let golden = try Checkpoint(file: fixture("tag-heads/lstm.safetensors"))
    func grid(_ part: String) throws -> Grid {
      let shape = try golden.info("\(name).\(part)").shape
      return Grid(
        shape.count == 1 ? 1 : shape[0], shape[shape.count - 1], floats: try golden.array("\(name).\(part)"))
    }
    let names = ["", "_reverse"].flatMap { end in
      ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map { "\($0)_l0\(end)" }
    }
    let offsets = name == "narrow" ? [0, 3, 4, 11, 15, 22] : [0, 2, 11, 12]
    let setting = Setting(inputs: [try grid("x")], parameters: try names.map(grid))
    let found = run(setting, dy: try grid("dy"), op(offsets))
    #expect(relativeError(found.y, try grid("y").values) < 1e-5)
    #expect(relativeError(try #require(found.inputs[0]), try grid("dx").values) < 1e-5)
    for (name, gradient) in zip(names, found.parameters) {
      #expect(relativeError(try #require(gradient), try grid("gradient.\(name)").values) < 1e-5, "\(name)")
    }
  }
}
