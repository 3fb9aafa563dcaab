/// Similarities of vectors, and the loss of their order, against plain loops in Double.
import Autograd
import Foundation
import TestSupport
import Testing

@Suite struct RowProductsTests {
  @Test func `rows are normalized, and the gradient has no part along them`() {
    let x = Grid.random(4, 7, seed: 1, scale: 2), dy = Grid.random(4, 7, seed: 2)
    let found = run(Setting(inputs: [x]), dy: dy) { inputs, _, pass in normalizeRows(inputs[0], pass) }
    func oracle(_ x: [Double]) -> [Double] {
      (0..<4).flatMap { row -> [Double] in
        let values = x[row * 7..<row * 7 + 7], length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { $0 / length }
      }
    }
    #expect(relativeError(found.y, oracle(x.values)) < 1e-6)
    let expected = finiteDifferences(at: x.values) { zip(oracle($0), dy.values).reduce(0) { $0 + $1.0 * $1.1 } }
    #expect(relativeError(found.inputs[0] ?? [], expected) < 5e-6)
  }

  @Test func `a row of zeros stays zero`() {
    let pass = Pass(Workspace()), x = pass.make(1, 3)
    fill(x, [0, 0, 0])
    #expect(normalizeRows(x, pass).array == [0, 0, 0])
  }

  @Test func `products of all rows, and of pairs of rows`() {
    let a = Grid.random(3, 5, seed: 3), b = Grid.random(4, 5, seed: 4), dy = Grid.random(3, 4, seed: 5)
    func dot(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    func row(_ x: [Double], _ index: Int) -> ArraySlice<Double> { x[index * 5..<index * 5 + 5] }
    let all = run(Setting(inputs: [a, b]), dy: dy) { inputs, _, pass in
      products(inputs[0], inputs[1], scale: 20, pass)
    }
    func oracle(_ a: [Double], _ b: [Double]) -> [Double] {
      (0..<12).map { 20 * dot(row(a, $0 / 4), row(b, $0 % 4)) }
    }
    #expect(relativeError(all.y, oracle(a.values, b.values)) < 1e-6)
    let loss = { (y: [Double]) in zip(y, dy.values).reduce(0) { $0 + $1.0 * $1.1 } }
    #expect(
      relativeError(all.inputs[0] ?? [], finiteDifferences(at: a.values) { loss(oracle($0, b.values)) }) < 5e-6)
    #expect(
      relativeError(all.inputs[1] ?? [], finiteDifferences(at: b.values) { loss(oracle(a.values, $0)) }) < 5e-6)
    let c = Grid.random(3, 5, seed: 6), gradient = Grid.random(3, 1, seed: 7)
    let pairs = run(Setting(inputs: [a, c]), dy: gradient) { inputs, _, pass in
      rowProducts(inputs[0], inputs[1], scale: 3, pass)
    }
    #expect(relativeError(pairs.y, (0..<3).map { 3 * dot(row(a.values, $0), row(c.values, $0)) }) < 1e-6)
    let expected = (0..<3).flatMap { index in row(c.values, index).map { 3 * gradient.values[index] * $0 } }
    #expect(relativeError(pairs.inputs[0] ?? [], expected) < 1e-6)
  }

  @Test(arguments: [[0, 1, 2, 3, 4], [1, 1, 0, 2, 2], [3, 3, 3, 3, 3], [2, 0, 1, 0, 2]] as [[Float]])
  func `CoSENT is the sum over all pairs of rows with different targets`(_ targets: [Float]) {
    let s = Grid.random(5, 1, seed: 8, scale: 6)
    let oracle = { (s: [Double]) -> Double in
      var sum = 1.0
      for i in 0..<5 { for j in 0..<5 where targets[i] < targets[j] { sum += exp(s[i] - s[j]) } }
      return log(sum)
    }
    let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
    let x = pass.make(5, 1, tracked: true)
    fill(x, s.floats)
    var gradient: [Float] = []
    pass.record(x) { gradient = $0.array }
    let loss = coSENT(x, targets: targets, pass)
    pass.backward()
    #expect(abs(loss - oracle(s.values)) < 1e-6 * max(1, loss))
    #expect(zip(gradient, finiteDifferences(at: s.values) { oracle($0) }).allSatisfy { abs(Double($0) - $1) < 1e-6 })
  }

  @Test func `CoSENT is finite at the largest scale`() {
    let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
    let x = pass.make(2, 1, tracked: true)
    fill(x, [300, -300])
    #expect(abs(coSENT(x, targets: [0, 1], pass) - 600) < 1e-9)
    #expect(x.array == [1, -1])
  }
}
