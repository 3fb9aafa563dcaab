/// Losses of spans against plain loops in Double.
import Autograd
import TestSupport
import Testing

private let lengths = [4, 1, 9, 5]
private let logits = Grid.random(19, 2, seed: 5, scale: 4), teacher = Grid.random(19, 2, seed: 6, scale: 3, around: 1)

/// The columns of each sequence: scores of the first tokens and of the last ones.
private func columns(_ grid: Grid) -> [[[Double]]] {
  var start = 0
  return lengths.map { length in
    defer { start += length }
    return (0..<2).map { column in (start..<start + length).map { grid.row($0)[column] } }
  }
}

@Suite struct SpanCrossEntropyTests {
  @Test(arguments: [[[1...3], [0...0], [], [2...2]], [[1...3, 0...1, 2...3], [0...0], [], [2...2, 4...4]]])
  func `the cross-entropy is the mean over both ends and over spans, and sequences without a span add nothing`(
    _ spans: [[ClosedRange<Int32>]]
  ) {
    let oracle = { (x: Grid, _: Grid) -> Double in
      let losses = zip(columns(x), spans).map { columns, spans -> Double in
        spans.reduce(0) { sum, span in
          let ends = logSoftmax(columns[0])[Int(span.lowerBound)] + logSoftmax(columns[1])[Int(span.upperBound)]
          return sum - ends / 2 / Double(spans.count)
        }
      }
      return losses.reduce(0, +) / 3
    }
    let workspace = Workspace()
    let pass = Pass(workspace, gradients: Gradients(ParameterTable(training: [])))
    let x = pass.make(19, 2, tracked: true)
    fill(x, logits.floats)
    var gradient: [Float] = []
    pass.record(x) { gradient = $0.array }
    let loss = spanCrossEntropy(x, lengths: lengths, spans: spans, norm: 3, pass)
    pass.backward()
    #expect(abs(loss - oracle(logits, logits)) < 1e-6)
    let expected = finiteDifferences(at: logits.values) { oracle(Grid(19, 2, $0), logits) }
    #expect(relativeError(gradient, expected) < 5e-6)
    #expect(gradient[10..<28].allSatisfy { $0 == 0 })
  }

  @Test func `without any span the loss and its gradient are 0`() {
    let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
    let x = pass.make(19, 2, tracked: true)
    fill(x, logits.floats)
    #expect(spanCrossEntropy(x, lengths: lengths, spans: [[], [], [], []], norm: 0, pass) == 0)
    #expect(x.array.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [1, 2] as [Float]) func `the divergence is the mean over both ends`(_ temperature: Float) {
    let loss: Loss = {
      spanDivergence($0, from: $1, lengths: lengths, temperature: temperature, scale: 0.3, $2)
    }
    let oracle = DivergenceOracle(temperature: Double(temperature), scale: Double(Float(0.3)) / 2)
    let d = distance(logits, from: teacher, loss) { x, t in
      zip(columns(x), columns(t)).reduce(0.0) { sum, pair in
        zip(pair.0, pair.1).reduce(sum) { $0 + oracle(Grid(1, $1.0.count, $1.0), Grid(1, $1.1.count, $1.1)) }
      }
    }
    #expect(d.faults.isEmpty)
    #expect(d.loss < 1e-6 && d.gradient < 5e-6)
  }
}
