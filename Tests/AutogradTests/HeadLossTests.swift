/// The losses that read q, k, v against Double loops.
import Autograd
import Kernels
import TestSupport
import Testing

struct HeadLossCase: Sendable, CustomTestStringConvertible {
  var lengths: [Int]
  var heads: Int
  /// Of a head.
  var width, teacherWidth: Int
  var size = 1.5
  var testDescription: String { "\(lengths) tokens, \(heads) heads of \(width) from \(teacherWidth), ±\(size)" }

  var starts: [Int] { lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }
  var n: Int { lengths.reduce(0, +) }
  var student: Grid { .random(n, 3 * heads * width, seed: 5, scale: size) }
  var teacher: Grid { .random(n, 3 * heads * teacherWidth, seed: 6, scale: size) }
  var oracle: HeadsOracle { HeadsOracle(starts: starts, heads: heads, scale: 0.5) }
  var scores: Loss { { scoreError($0, from: $1, sequenceOffsets: starts, heads: heads, scale: 0.5, $2) } }
  var relations: Loss { { relationDivergence($0, from: $1, sequenceOffsets: starts, heads: heads, scale: 0.5, $2) } }
}

private let cases: [HeadLossCase] = [
  HeadLossCase(lengths: [1], heads: 1, width: 1, teacherWidth: 1),
  HeadLossCase(lengths: [1, 2, 17], heads: 2, width: 2, teacherWidth: 2),
  HeadLossCase(lengths: [2, 0, 9, 1], heads: 3, width: 2, teacherWidth: 5),
  HeadLossCase(lengths: [3, 18], heads: 1, width: 3, teacherWidth: 16),
  HeadLossCase(lengths: [3, 8], heads: 2, width: 4, teacherWidth: 2, size: 6),
]

@Suite struct HeadLossTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: cases) func `the error of scores and its gradient agree with plain loops`(_ c: HeadLossCase) {
    let d = distance(c.student, from: c.teacher, c.scores, oracle: c.oracle.scoreError)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    #expect(d.gradient < 2e-6)
  }

  // 5e-6: a score's rounding, up to |s|·2⁻²⁴, is the relative error of every relation.
  @Test(arguments: cases) func `the divergence of relations and its gradient agree with plain loops`(_ c: HeadLossCase)
  {
    let d = distance(c.student, from: c.teacher, c.relations, oracle: c.oracle.relationDivergence)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    // A lone token has one relation, to itself.
    if c.lengths != [1] { #expect(d.gradient < 5e-6) }
  }

  @Test(arguments: cases) func `a student that is its teacher costs nothing and does not move`(_ c: HeadLossCase) {
    for loss in [c.scores, c.relations] {
      let found = run(c.teacher, from: c.teacher, loss)
      #expect(found.loss == 0)
      #expect(found.gradient.count == c.teacher.values.count && found.gradient.allSatisfy { $0 == 0 })
    }
  }

  @Test func `relation heads need not be the heads of attention`() {
    let c = HeadLossCase(lengths: [4, 6], heads: 6, width: 1, teacherWidth: 2)
    var oracle = c.oracle
    oracle.heads = 3
    let loss: Loss = { relationDivergence($0, from: $1, sequenceOffsets: c.starts, heads: 3, scale: 0.5, $2) }
    let d = distance(c.student, from: c.teacher, loss, oracle: oracle.relationDivergence)
    #expect(d.loss < 1e-6)
    #expect(d.gradient < 5e-6)
    let (few, many) = (
      oracle.relationDivergence(c.student, c.teacher), c.oracle.relationDivergence(c.student, c.teacher)
    )
    #expect(abs(few - many) > 1)
  }

  @Test func `what attention sends back is added to what the losses have put there`() {
    let c = cases[1]
    func gradient(attends: Bool, _ losses: [Loss]) -> [Float] {
      let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
      let x = pass.make(c.n, c.student.columns, tracked: true)
      fill(x, c.student.floats)
      var found: [Float] = []
      pass.record(x) { found = $0.array }
      let context = attention(x, sequenceOffsets: c.starts, heads: c.heads, dropout: 0, pass)
      for loss in losses {
        let teacher = pass.make(c.n, c.teacher.columns)
        fill(teacher, c.teacher.floats)
        _ = loss(x, teacher, pass)
      }
      if attends {
        let seed = pass.make(context.rows, context.columns)
        fill(seed, Grid.random(context.rows, context.columns, seed: 8).floats)
        pass.pass(seed, to: context.slot)
      }
      pass.backward()
      return found
    }
    let pieces = [
      gradient(attends: true, []), gradient(attends: false, [c.scores]), gradient(attends: false, [c.relations]),
    ]
    let sum = pieces[0].indices.map { i in pieces.reduce(0.0) { $0 + Double($1[i]) } }
    #expect(relativeError(gradient(attends: true, [c.scores, c.relations]), sum) < 1e-6)
    for piece in pieces { #expect(piece.contains { $0 != 0 }) }
  }
}
