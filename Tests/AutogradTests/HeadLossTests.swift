/// The losses over queries, keys and values against plain loops in Double.
import Autograd
import Kernels
import TestSupport
import Testing

struct HeadLossCase: Sendable, CustomTestStringConvertible {
  var lengths: [Int]
  var heads: Int
  var headSize, teacherHeadSize: Int
  var size = 1.5
  var testDescription: String {
    "\(lengths) tokens, \(heads) heads of size \(headSize) and \(teacherHeadSize), ±\(size)"
  }

  var sequenceOffsets: [Int] { lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }
  var n: Int { lengths.reduce(0, +) }
  var student: Grid { .random(n, 3 * heads * headSize, seed: 5, scale: size) }
  var teacher: Grid { .random(n, 3 * heads * teacherHeadSize, seed: 6, scale: size) }
  var oracle: HeadLossOracle { HeadLossOracle(sequenceOffsets: sequenceOffsets, heads: heads, scale: 0.5) }
  var scores: Loss { { scoreError($0, from: $1, sequenceOffsets: sequenceOffsets, heads: heads, scale: 0.5, $2) } }
  var relations: Loss {
    { relationDivergence($0, from: $1, sequenceOffsets: sequenceOffsets, heads: heads, scale: 0.5, $2) }
  }
}

private let cases: [HeadLossCase] = [
  HeadLossCase(lengths: [1], heads: 1, headSize: 1, teacherHeadSize: 1),
  HeadLossCase(lengths: [1, 2, 17], heads: 2, headSize: 2, teacherHeadSize: 2),
  HeadLossCase(lengths: [2, 0, 9, 1], heads: 3, headSize: 2, teacherHeadSize: 5),
  HeadLossCase(lengths: [3, 18], heads: 1, headSize: 3, teacherHeadSize: 16),
  HeadLossCase(lengths: [3, 8], heads: 2, headSize: 4, teacherHeadSize: 2, size: 6),
]

@Suite struct HeadLossTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: cases) func `the squared error of scores and its gradient agree with plain loops`(_ c: HeadLossCase)
  {
    let d = distance(c.student, from: c.teacher, c.scores, oracle: c.oracle.scoreError)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    #expect(d.gradient < 2e-6)
  }

  // 5e-6: the rounding error of a score, up to |s|·2⁻²⁴, is the relative error of its relation.
  @Test(arguments: cases) func `the divergence of relations and its gradient agree with plain loops`(_ c: HeadLossCase)
  {
    let d = distance(c.student, from: c.teacher, c.relations, oracle: c.oracle.relationDivergence)
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6)
    // A single token has one relation, to itself, and no gradient.
    if c.lengths != [1] { #expect(d.gradient < 5e-6) }
  }

  @Test(arguments: cases) func `a student that equals its teacher has zero loss and gradient`(_ c: HeadLossCase) {
    for loss in [c.scores, c.relations] {
      let found = run(c.teacher, from: c.teacher, loss)
      #expect(found.loss == 0)
      #expect(found.gradient.count == c.teacher.values.count && found.gradient.allSatisfy { $0 == 0 })
    }
  }

  @Test func `relation heads may differ from the attention heads`() {
    let c = HeadLossCase(lengths: [4, 6], heads: 6, headSize: 1, teacherHeadSize: 2)
    var oracle = c.oracle
    oracle.heads = 3
    let loss: Loss = { relationDivergence($0, from: $1, sequenceOffsets: c.sequenceOffsets, heads: 3, scale: 0.5, $2) }
    let d = distance(c.student, from: c.teacher, loss, oracle: oracle.relationDivergence)
    #expect(d.loss < 1e-6)
    #expect(d.gradient < 5e-6)
    let (few, many) = (
      oracle.relationDivergence(c.student, c.teacher), c.oracle.relationDivergence(c.student, c.teacher)
    )
    #expect(abs(few - many) > 1)
  }

  @Test func `the gradients of attention and of the losses are added up`() {
    let c = cases[1]
    func gradient(withAttention: Bool, _ losses: [Loss]) -> [Float] {
      let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
      let x = pass.make(c.n, c.student.columns, tracked: true)
      fill(x, c.student.floats)
      var found: [Float] = []
      pass.record(x) { found = $0.array }
      let context = attention(x, sequenceOffsets: c.sequenceOffsets, heads: c.heads, dropout: 0, pass)
      for loss in losses {
        let teacher = pass.make(c.n, c.teacher.columns)
        fill(teacher, c.teacher.floats)
        _ = loss(x, teacher, pass)
      }
      if withAttention {
        let dcontext = pass.make(context.rows, context.columns)
        fill(dcontext, Grid.random(context.rows, context.columns, seed: 8).floats)
        pass.addGradient(dcontext, to: context.slot)
      }
      pass.backward()
      return found
    }
    let gradients = [
      gradient(withAttention: true, []), gradient(withAttention: false, [c.scores]),
      gradient(withAttention: false, [c.relations]),
    ]
    let sum = gradients[0].indices.map { i in gradients.reduce(0.0) { $0 + Double($1[i]) } }
    #expect(relativeError(gradient(withAttention: true, [c.scores, c.relations]), sum) < 1e-6)
    for gradient in gradients { #expect(gradient.contains { $0 != 0 }) }
  }
}
