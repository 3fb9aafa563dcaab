/// Divergence from a teacher's top-k log-probabilities against plain loops in Double.
import Autograd
import TestSupport
import Testing

private func loss(_ k: Int, temperature: Float = 1) -> Loss {
  { x, teacher, pass in
    let top = TopLogProbabilities(of: teacher, k: k, temperature: temperature)
    return divergence(x, from: top, temperature: temperature, scale: 1, pass)
  }
}

private func tensor(_ grid: Grid) -> Tensor {
  let x = Pass(Workspace()).make(grid.rows, grid.columns)
  fill(x, grid.floats)
  return x
}

@Suite struct TopDivergenceTests {
  @Test(arguments: [1, 3, 16, 36], [1, 2, 4] as [Float])
  func `loss and gradient agree with plain loops`(_ k: Int, _ temperature: Float) {
    let x = Grid.random(4, 37, seed: 5, scale: 3), teacher = Grid.random(4, 37, seed: 6, scale: 3)
    let oracle = DivergenceOracle(temperature: Double(temperature), k: k)
    let d = distance(x, from: teacher, loss(k, temperature: temperature), oracle: oracle.callAsFunction)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 2e-6)
    // The gradient is a difference of probabilities, each accurate to 2⁻²².
    #expect(d.gradient < 5e-6)
  }

  @Test(arguments: [3.0, 80.0]) func `with all classes known it equals the divergence from the teacher's logits`(
    _ size: Double
  ) {
    let x = Grid.random(5, 41, seed: 7, scale: size), teacher = Grid.random(5, 41, seed: 8, scale: size)
    let top = run(x, from: teacher, loss(41, temperature: 2))
    let full = run(x, from: teacher) { divergence($0, from: $1, temperature: 2, scale: 1, $2) }
    #expect(top.faults.isEmpty)
    #expect(abs(top.loss - full.loss) < 1e-5 * full.loss)
    #expect(relativeError(top.gradient, full.gradient) < 2e-6)
    #expect(run(x, from: teacher, loss(1000, temperature: 2)).loss == top.loss)
  }

  @Test(arguments: [1, 4, 11]) func `a student that equals its teacher has zero loss and gradient`(_ k: Int) {
    let x = Grid.random(6, 12, seed: 9, scale: 4)
    let found = run(x, from: x, loss(k))
    #expect(abs(found.loss) < 1e-6)
    #expect(found.gradient.allSatisfy { abs($0) < 1e-6 })
  }

  @Test func `with one class the loss and its gradient are 0`() {
    let found = run(Grid(2, 1, [3, -4]), from: Grid(2, 1, [80, 1]), loss(1, temperature: 3))
    #expect(found.loss == 0 && found.gradient == [0, 0])
  }

  @Test func `classes to which the teacher gives no probability contribute nothing`() {
    let teacher = Grid(1, 4, [80, 79, -80, -80])
    let found = run(Grid(1, 4, [80, 80, -80, -80]), from: teacher, loss(2))
    let expected = DivergenceOracle(temperature: 1)(Grid(1, 4, [80, 80, -80, -80]), teacher)
    #expect(abs(found.loss - expected) < 1e-6)
    #expect(found.gradient.allSatisfy { $0.isFinite })
  }

  // e^-160 underflows in Float32, so the other classes' log-probability must not be computed from their probability.
  @Test func `the loss is accurate when the student gives the other classes almost no probability`() {
    let x = Grid(1, 5, [80, 80, -80, -79, -80]), teacher = Grid(1, 5, [2, 1, 0, -1, 1])
    let d = distance(x, from: teacher, loss(2), oracle: DivergenceOracle(temperature: 1, k: 2).callAsFunction)
    #expect(d.loss < 1e-6)
    #expect(d.gradient < 1e-6)
  }

  @Test func `the most probable classes come first, among equals the lower class`() {
    var row = Grid.random(1, 70, seed: 10)
    for c in [3, 33, 34, 69] { row[0, c] = 5 }
    row[0, 50] = 6
    let top = TopLogProbabilities(of: tensor(row), k: 4, temperature: 2)
    #expect(top.classes == [50, 3, 33, 34])
    let logs = logSoftmax(row.row(0).map { $0 / 2 })
    #expect(relativeError(top.logProbabilities, top.classes.map { logs[Int($0)] }) < 1e-6)
  }

  @Test(arguments: [1, 7, 64, 300]) func `the top k are those of a full sort`(_ k: Int) {
    // Integers, so that there are many ties.
    let x = Grid(3, 300, Grid.random(3, 300, seed: 11, scale: 20).values.map { $0.rounded() })
    let top = TopLogProbabilities(of: tensor(x), k: k, temperature: 1)
    #expect(top.rows == 3)
    for i in 0..<3 {
      let row = x.row(i), order = row.indices.sorted { (row[$1], $0) < (row[$0], $1) }
      #expect(Array(top.classes[i * k..<(i + 1) * k]) == order[..<k].map(Int32.init))
    }
  }
}
