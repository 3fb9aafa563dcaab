/// Divergence from a teacher's logits against plain loops in Double.
import Autograd
import TestSupport
import Testing

struct DivergenceCase: Sendable, CustomTestStringConvertible {
  var rows: Int
  var classes: Int
  var temperature: Float
  var size = 3.0
  var testDescription: String { "\(rows) rows of \(classes) classes, T = \(temperature), ±\(size)" }

  var student: Grid { .random(rows, classes, seed: 3, scale: size) }
  var teacher: Grid { .random(rows, classes, seed: 4, scale: size, around: 2) }
  var loss: Loss { { divergence($0, from: $1, temperature: temperature, scale: 0.3, $2) } }
  var oracle: DivergenceOracle { DivergenceOracle(temperature: Double(temperature), scale: Double(Float(0.3))) }
}

private let cases: [DivergenceCase] = [
  DivergenceCase(rows: 1, classes: 2, temperature: 1),
  DivergenceCase(rows: 4, classes: 5, temperature: 2),
  DivergenceCase(rows: 3, classes: 16, temperature: 4),
  DivergenceCase(rows: 2, classes: 17, temperature: 1),
  DivergenceCase(rows: 2, classes: 130, temperature: 2),
  DivergenceCase(rows: 5, classes: 33, temperature: 1, size: 80),
  DivergenceCase(rows: 5, classes: 33, temperature: 0.5, size: 80),
]

@Suite struct DivergenceTests {
  @Test(arguments: cases) func `loss and gradient agree with plain loops`(_ c: DivergenceCase) {
    let d = distance(c.student, from: c.teacher, c.loss, oracle: c.oracle.callAsFunction)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    // The gradient is a difference of probabilities, each accurate to 2⁻²².
    #expect(d.gradient < 5e-6)
  }

  @Test(arguments: cases) func `a student that equals its teacher has zero loss and gradient`(_ c: DivergenceCase) {
    let found = run(c.teacher, from: c.teacher, c.loss)
    #expect(found.loss == 0)
    #expect(found.gradient.allSatisfy { $0 == 0 })
  }

  @Test func `a constant added to a row's logits changes nothing`() {
    let c = DivergenceCase(rows: 3, classes: 40, temperature: 2)
    var shifted = c.student
    shifted.values = shifted.values.map { $0 + 512 }
    let found = run(shifted, from: c.teacher, c.loss)
    // Adding 512 costs the logits 9 of their 24 bits, so the oracle reads the rounded logits.
    let expected = c.oracle(Grid(3, 40, floats: shifted.floats), c.teacher)
    #expect(abs(found.loss - expected) < 1e-6 * expected)
  }

  @Test func `without rows, or with one class, the loss is 0`() {
    #expect(run(Grid(0, 7), from: Grid(0, 7), cases[0].loss).loss == 0)
    let found = run(Grid(2, 1, [3, -4]), from: Grid(2, 1, [80, 1]), cases[0].loss)
    #expect(found.loss == 0 && found.gradient == [0, 0])
  }

  @Test func `a wrong temperature is detected`() {
    let c = DivergenceCase(rows: 4, classes: 5, temperature: 2)
    let wrong: Loss = { divergence($0, from: $1, temperature: 2.1, scale: 0.3, $2) }
    let d = distance(c.student, from: c.teacher, wrong, oracle: c.oracle.callAsFunction)
    #expect(d.loss > 1e-3)
    #expect(d.gradient > 1e-3)
  }

  @Test func `cross-entropy after the divergence overwrites the logits, and both gradients are added up`() {
    let c = DivergenceCase(rows: 4, classes: 21, temperature: 2)
    let targets: [Int32] = [3, -1, 20, 0]
    let gradient: (Bool, Bool) -> [Float] = { usesDivergence, usesCrossEntropy in
      let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
      let x = pass.make(4, 21, tracked: true), teacher = pass.make(4, 21)
      fill(x, c.student.floats)
      fill(teacher, c.teacher.floats)
      var gradient: [Float] = []
      pass.record(x) { gradient = $0.array }
      if usesDivergence { _ = divergence(x, from: consume teacher, temperature: 2, scale: 0.3, pass) }
      if usesCrossEntropy { _ = crossEntropy(x, targets: targets, norm: 3, pass) }
      pass.backward()
      return gradient
    }
    let sum = zip(gradient(true, false), gradient(false, true)).map { Double($0) + Double($1) }
    #expect(relativeError(gradient(true, true), sum) < 1e-6)
  }
}
