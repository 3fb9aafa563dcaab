/// Cosine distance against plain loops in Double.
import Autograd
import Glibc
import TestSupport
import Testing

private let loss: Loss = { cosineDistance($0, from: $1, scale: 0.5, $2) }

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

private func oracle(_ x: Grid, _ teacher: Grid) -> Double {
  (0..<x.rows).reduce(0.0) { sum, i in
    let a = x.row(i), b = teacher.row(i)
    let squares = (dot(a, a) + 1e-12) * (dot(b, b) + 1e-12)
    return sum + 0.5 * (1 - dot(a, b) / squares.squareRoot())
  }
}

@Suite struct CosineDistanceTests {
  @Test(arguments: [(1, 1), (5, 7), (3, 16), (4, 45)]) func `loss and gradient agree with plain loops`(
    _ shape: (Int, Int)
  ) {
    let x = Grid.random(shape.0, shape.1, seed: 3, around: 0.5), teacher = Grid.random(shape.0, shape.1, seed: 4)
    let d = distance(x, from: teacher, loss, oracle: oracle)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    // In one dimension the direction is constant, and the gradient comes from eps only.
    if shape.1 > 1 { #expect(d.gradient < 1e-6) }
  }

  @Test func `a student that equals its teacher up to a factor has zero loss and gradient`() {
    let teacher = Grid.random(5, 40, seed: 5)
    let found = run(teacher, from: teacher, loss)
    #expect(abs(found.loss) < 1e-11)
    #expect(found.gradient.allSatisfy { $0 == 0 })
    let scaled = run(Grid(5, 40, teacher.values.map { $0 * 64 }), from: teacher, loss)
    #expect(abs(scaled.loss) < 1e-11)
    #expect(scaled.gradient.allSatisfy { $0 == 0 })
  }

  @Test func `the distance of a zero row is 1`() {
    #expect(abs(run(Grid(2, 9), from: .random(2, 9, seed: 6), loss).loss - 1) < 1e-12)
    let found = run(.random(2, 9, seed: 6), from: Grid(2, 9), loss)
    #expect(abs(found.loss - 1) < 1e-12)
    #expect(found.gradient.allSatisfy { $0 == 0 })
    #expect(run(Grid(0, 9), from: Grid(0, 9), loss).loss == 0)
  }

  @Test func `the loss of nearly equal rows is accurate`() {
    let teacher = Grid.random(2, 400, seed: 7)
    let noise = Grid.random(2, 400, seed: 8)
    let x = Grid(2, 400, floats: zip(teacher.values, noise.values).map { Float($0 + 1e-3 * $1) })
    let expected = oracle(x, teacher)
    #expect(expected < 1e-5)
    #expect(abs(run(x, from: teacher, loss).loss - expected) < 1e-6 * expected)
  }
}
