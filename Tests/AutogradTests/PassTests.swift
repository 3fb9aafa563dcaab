/// The tape and its memory: which tensors are tracked and saved, how gradients are added up, and what is allocated.
import Autograd
import Kernels
import TestSupport
import Testing

/// A small encoder with one block: embeddings, norm, joined q/k/v, attention, projection, norm, feed-forward, norm,
/// classifier.
private struct Block {
  let parameters: [Parameter]
  let heads = 4

  init() {
    let d = 32
    let shapes = [
      (20, d), (40, d), (2, d), (1, d), (1, d), (d, d), (d, d), (d, d), (1, d), (1, d), (1, d), (d, d), (1, d),
      (1, d), (1, d), (48, d), (1, 48), (d, 48), (1, d), (1, d), (1, d), (5, d), (1, 5),
    ]
    parameters = makeParameters(
      shapes.enumerated().map { index, shape in
        .random(shape.0, shape.1, seed: UInt64(50 + index), scale: 0.3, around: [3, 13, 19].contains(index) ? 1 : 0)
      })
  }

  func forward(_ lengths: [Int], ids: [Int32], dropout p: Double = 0, _ pass: Pass) -> Tensor {
    let w = parameters
    let positionIDs = lengths.flatMap { (0..<$0).map(Int32.init) }
    let sequenceOffsets = lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    let e = embed(
      wordEmbeddings: w[0], ids: ids, positionEmbeddings: w[1], positionIDs: positionIDs, tokenTypeEmbeddings: w[2],
      tokenTypeIDs: ids.map { $0 % 2 }, pass)
    let x = addNorm(e, gain: w[3], bias: w[4], eps: 1e-12, pass)
    let qkv = linear(x, (5...7).map { LinearWeights(weight: w[$0], bias: w[$0 + 3]) }, pass)
    let context = attention(qkv, sequenceOffsets: sequenceOffsets, heads: heads, dropout: p, pass)
    let out = linear(context, [LinearWeights(weight: w[11], bias: w[12])], pass)
    let a = addNorm(out, residual: x, gain: w[13], bias: w[14], eps: 1e-12, dropout: p, pass)
    let h = activate(linear(a, [LinearWeights(weight: w[15], bias: w[16])], pass), .gelu, pass)
    let f = linear(h, [LinearWeights(weight: w[17], bias: w[18])], pass)
    let b = addNorm(f, residual: a, gain: w[19], bias: w[20], eps: 1e-12, dropout: p, pass)
    return linear(b, [LinearWeights(weight: w[21], bias: w[22])], pass)
  }

  /// One training step without its update.
  func step(
    _ lengths: [Int], _ workspace: Workspace, _ gradients: Gradients, dropout: Double = 0,
    randomKey: RandomKey = RandomKey(seed: 2)
  ) -> Double {
    let n = lengths.reduce(0, +)
    let pass = Pass(workspace, gradients: gradients, randomKey: randomKey)
    gradients.reset()
    let logits = forward(lengths, ids: (0..<n).map { Int32($0 * 7 % 20) }, dropout: dropout, pass)
    let loss = crossEntropy(logits, targets: (0..<n).map { Int32($0 % 5) }, norm: Float(n), pass)
    pass.backward()
    gradients.finish()
    return loss
  }
}

private func numbers(_ gradients: Gradients) -> [Float] {
  Array(UnsafeBufferPointer(start: gradients.pointer, count: gradients.count))
}

@Suite struct PassTests {
  init() throws { try Processor.initialize() }

  @Test func `the gradients of a whole block agree with finite differences of its loss, with dropout`() {
    let block = Block(), workspace = Workspace()
    let gradients = Gradients(ParameterTable(training: block.parameters))
    func loss() -> Double { block.step([7, 4], workspace, gradients, dropout: 0.2) }
    _ = loss()
    let found = numbers(gradients)
    // The largest gradient of each parameter. Differences of the Float32 loss have a relative error of ~1e-3.
    for parameter in block.parameters {
      let offset = parameter.offset ?? 0
      let i = (0..<parameter.count).max { abs(found[offset + $0]) < abs(found[offset + $1]) } ?? 0
      let gradient = Double(found[offset + i])
      let original = parameter.values[i]
      let losses = [1 / 128, -1 / 128].map { (step: Float) -> Double in
        parameter.values[i] = original + step
        return loss()
      }
      parameter.values[i] = original
      // The keys' bias shifts all scores of a row alike, so its gradient is 0 up to rounding.
      #expect(abs((losses[0] - losses[1]) * 64 - gradient) < 2e-3 * max(abs(gradient), 0.02), "\(parameter.name)")
    }
  }

  @Test func `from the second step on nothing is allocated, and a repeated step gives the same bits`() {
    let block = Block(), workspace = Workspace()
    let gradients = Gradients(ParameterTable(training: block.parameters))
    let first = block.step([9, 3, 12], workspace, gradients, dropout: 0.1)
    let (bits, allocations) = (numbers(gradients), workspace.allocations)
    for _ in 0..<3 {
      #expect(block.step([9, 3, 12], workspace, gradients, dropout: 0.1) == first)
      #expect(numbers(gradients) == bits)
    }
    #expect(workspace.allocations == allocations)
    #expect(
      block.step([9, 3, 12], workspace, gradients, dropout: 0.1, randomKey: RandomKey(seed: 2, step: 1)) != first)
  }

  @Test func `a packed batch gives the same logits as each sequence alone`() {
    let block = Block(), lengths = [9, 1, 17, 4], ids = (0..<31).map { Int32($0 * 3 % 20) }
    let pass = Pass(Workspace())
    let packed = block.forward(lengths, ids: ids, pass).array.map(Double.init)
    var first = 0
    for t in lengths {
      let alone = block.forward([t], ids: Array(ids[first..<first + t]), pass).array
      #expect(relativeError(alone, Array(packed[first * 5..<(first + t) * 5])) < 1e-6)
      first += t
    }
  }

  @Test func `nothing below the lowest trainable weight is tracked`() {
    let block = Block()
    let gradients = Gradients(
      ParameterTable(
        training: Array(block.parameters[17...18]), freezing: Array(block.parameters[..<17] + block.parameters[19...])))
    let pass = Pass(Workspace(), gradients: gradients), w = block.parameters
    let x = pass.make(3, 32)
    fill(x, Grid.random(3, 32, seed: 1).floats)
    let h = linear(x, [LinearWeights(weight: w[15], bias: w[16])], pass)
    let g = activate(h, .gelu, pass)
    let f = linear(g, [LinearWeights(weight: w[17], bias: w[18])], pass)
    let b = addNorm(f, residual: x, gain: w[19], bias: w[20], eps: 1e-12, pass)
    #expect([x, h, g, f, b].map(\.isTracked) == [false, false, false, true, true])
    let qkv = linear(x, (5...7).map { LinearWeights(weight: w[$0], bias: w[$0 + 3]) }, pass)
    #expect(!attention(qkv, sequenceOffsets: [0, 3], heads: 4, dropout: 0.1, pass).isTracked)
    #expect(!gather(x, rows: [0], pass).isTracked)
    #expect(!dropout(x, 0.5, pass).isTracked)
  }

  @Test func `in inference nothing is tracked, and every buffer is returned at once`() {
    let block = Block(), workspace = Workspace(), pass = Pass(workspace)
    let first = block.forward([5], ids: [1, 2, 3, 4, 5], pass)
    #expect(!first.isTracked)
    let allocations = workspace.allocations
    let second = block.forward([5], ids: [1, 2, 3, 4, 5], pass)
    #expect(second.array == first.array)
    #expect(workspace.allocations == allocations + 1, "one more, because the first result is still held")
  }

  @Test func `a pass that never runs backward returns its memory`() {
    let block = Block(), workspace = Workspace()
    let gradients = Gradients(ParameterTable(training: block.parameters))
    func forward() -> Int {
      let pass = Pass(workspace, gradients: gradients)
      let logits = block.forward([5, 2], ids: [1, 2, 3, 4, 5, 6, 7], dropout: 0.1, pass)
      return gather(dropout(tanh(logits, pass), 0.1, pass), rows: [0], pass).rows + workspace.allocations
    }
    let first = forward()
    #expect(forward() == first)
  }

  @Test(arguments: [true, false]) func `a frozen weight saves no input and has no gradient`(_ isFrozen: Bool) {
    let p = makeParameters([.random(64, 64, seed: 1)])
    let gradients = Gradients(isFrozen ? ParameterTable(training: [], freezing: p) : ParameterTable(training: p))
    let workspace = Workspace(), pass = Pass(workspace, gradients: gradients)
    var x: Tensor? = pass.make(100, 64, tracked: true)
    let slot = x?.slot
    let y = x.map { x in
      fill(x, Grid.random(100, 64, seed: 2).floats)
      return linear(x, [LinearWeights(weight: p[0], bias: nil)], pass)
    }
    x = nil
    let allocations = workspace.allocations
    let next = pass.make(100, 64)
    #expect(workspace.allocations == allocations + (isFrozen ? 0 : 1), "a saved input's buffer is not reused")
    #expect(gradients.count == (isFrozen ? 0 : 64 * 64))
    #expect(slot != nil && next.count == y?.count)
    if let y { pass.backward(from: y, gradient: next) }
  }

  @Test func `a gradient buffer that two tensors share is copied before it is added to`() {
    let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
    var found: [[Float]] = [[], []]
    let x = (0..<2).map { index in
      let x = pass.make(1, 3, tracked: true)
      pass.record(x) { found[index] = $0.array }
      return x
    }
    let y = pass.make(1, 3, tracked: true)
    pass.record(y) { [unowned pass] dy in
      pass.addGradient(dy, to: x[0].slot)
      pass.addGradient(dy, to: x[1].slot)
      pass.accumulate(x[0].slot) { dx, beta in
        #expect(beta == 1)
        for i in 0..<3 { dx.base[i] += 10 }
      }
      pass.addGradient(dy, to: x[1].slot)
    }
    let dy = pass.make(1, 3)
    fill(dy, [1, 2, 3])
    pass.backward(from: y, gradient: dy)
    #expect(found == [[11, 12, 13], [2, 4, 6]])
    #expect(dy.array == [1, 2, 3], "the caller's tensor is not changed either")
  }

  @Test func `a branch that does not contribute to the loss gets no gradient`() {
    let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
    let x = pass.make(2, 3, tracked: true)
    fill(x, [1, 2, 3, 4, 5, 6])
    var found: [[Float]] = []
    pass.record(x) { found.append($0.array) }
    let y = gather(x, rows: [1], pass)
    _ = tanh(x, pass)
    let dy = pass.make(1, 3)
    fill(dy, [7, 8, 9])
    pass.backward(from: y, gradient: dy)
    #expect(found == [[0, 0, 0, 7, 8, 9]])
  }
}

@Suite struct GradientsTests {
  @Test func `finish zeroes exactly the gradients that were not written since reset`() {
    let p = makeParameters([.random(3, 5, seed: 1), .random(1, 7, seed: 2), .random(2, 2, seed: 3)])
    let gradients = Gradients(ParameterTable(training: p))
    let pass = Pass(Workspace(), gradients: gradients)
    for round in 0..<2 {
      gradients.reset()
      for (index, parameter) in p.enumerated() where index != round {
        for time in 0..<2 {
          pass.accumulate(parameter) { pointer, beta in
            #expect(beta == Float(time))
            for i in 0..<parameter.count { pointer[i] = beta * pointer[i] + Float(index + 1) }
          }
        }
      }
      gradients.finish()
      for (index, parameter) in p.enumerated() {
        let found = Array(
          UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count))
        #expect(found == Array(repeating: index == round ? 0 : Float(2 * (index + 1)), count: parameter.count))
      }
    }
  }

  @Test func `freezing removes a parameter from the table, and a table's values can be read and exchanged`() {
    let p = makeParameters([.random(3, 5, seed: 1), .random(1, 7, seed: 2)])
    #expect(ParameterTable(training: p).count == 32)
    let table = ParameterTable(training: [p[1]], freezing: [p[0]])
    #expect(p.map(\.isTrainable) == [false, true])
    let values = table.values
    #expect(values == Array(p[1].values))
    var others = values.map { $0 + 1 }
    table.exchangeValues(with: &others)
    #expect(Array(p[1].values) == values.map { $0 + 1 } && others == values)
  }
}
