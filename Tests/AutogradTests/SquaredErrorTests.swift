/// Squared error against plain loops in Double.
import Autograd
import TestSupport
import Testing

private let loss: Loss = { squaredError($0, from: $1, scale: 0.25, $2) }

private func oracle(_ x: Grid, _ teacher: Grid) -> Double {
  zip(x.values, teacher.values).reduce(0) { $0 + 0.25 * ($1.0 - $1.1) * ($1.0 - $1.1) }
}

@Suite struct SquaredErrorTests {
  @Test(arguments: [(1, 1), (5, 7), (4, 45)]) func `loss and gradient agree with plain loops`(_ shape: (Int, Int)) {
    let x = Grid.random(shape.0, shape.1, seed: 3, around: 0.5), teacher = Grid.random(shape.0, shape.1, seed: 4)
    let d = distance(x, from: teacher, loss, oracle: oracle)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    #expect(d.gradient < 1e-6)
  }

  @Test func `a student that equals its teacher, or has no rows, has zero loss`() {
    let teacher = Grid.random(3, 40, seed: 5)
    let found = run(teacher, from: teacher, loss)
    #expect(found.loss == 0)
    #expect(found.gradient.allSatisfy { $0 == 0 })
    #expect(run(Grid(0, 9), from: Grid(0, 9), loss).loss == 0)
  }
}
