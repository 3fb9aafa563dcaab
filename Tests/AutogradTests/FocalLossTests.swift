/// Focal losses against plain loops in Double, torchvision's formula and the paper's.
import Autograd
import Glibc
import TestSupport
import Testing

private let nan = Float.nan

private func run(_ logits: [[Float]], _ loss: (Tensor, Pass) -> Double) -> (loss: Double, gradient: [Float]) {
  let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
  let x = pass.make(logits.count, logits[0].count, tracked: true)
  fill(x, logits.flatMap { $0 })
  var gradient: [Float] = []
  pass.record(x) { gradient = $0.array }
  let found = loss(x, pass)
  pass.backward()
  return (found, gradient)
}

@Suite struct FocalLossTests {
  private let logits: [[Float]] = [[1, -0.5, 0.25], [-2, 0.5, 3], [0, 0, 0], [9, -9, 1]]

  @Test func `the focal loss of classes and its gradient agree with plain loops`() {
    let targets: [Int32] = [0, 1, 2, 0], weights: [Float] = [0.5, 2, 1], norm = 4.0
    for gamma in [0.5, 2.0, 5] {
      func oracle(_ x: [[Double]]) -> Double {
        zip(x, targets).reduce(0) { sum, row in
          let (x, target) = (row.0, Int(row.1)), log = log(x.reduce(0) { $0 + exp($1) })
          return sum + Double(weights[target]) * pow(1 - exp(x[target] - log), gamma) * (log - x[target]) / norm
        }
      }
      let (loss, gradient) = run(logits) {
        focalCrossEntropy($0, targets: targets, weights: weights, gamma: Float(gamma), norm: Float(norm), $1)
      }
      let doubles = logits.map { $0.map(Double.init) }
      #expect(abs(loss - oracle(doubles)) < 1e-6)
      for row in 0..<4 {
        for column in 0..<3 {
          var (above, below) = (doubles, doubles)
          above[row][column] += 1e-5
          below[row][column] -= 1e-5
          let expected = (oracle(above) - oracle(below)) / 2e-5
          #expect(abs(Double(gradient[3 * row + column]) - expected) < 1e-6, "gamma \(gamma), \(row), \(column)")
        }
      }
    }
  }

  /// Made by Tests/Fixtures/metrics/make_focal.py with torch 2.15.
  @Test func `the focal loss of label sets is torchvision's, and that of classes the paper's`() {
    let targets: [Float] = [1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, nan], alpha: Float = 0.25
    let (binary, gradient) = run(logits) {
      focalBinaryCrossEntropy(
        $0, targets: targets, positiveWeights: [1, 1, 1].map { $0 * alpha / (1 - alpha) }, gamma: 2, norm: 4, $1)
    }
    #expect(abs(binary * 12 * Double(1 - alpha) - focalGoldens.binary) < 1e-5)
    for (found, expected) in zip(gradient, focalGoldens.binaryGradient) {
      #expect(abs(Double(found) * 12 * Double(1 - alpha) - expected) < 1e-5)
    }
    let classes = run(logits) {
      focalCrossEntropy($0, targets: [0, 1, 2, 0], weights: [0.5, 2, 1], gamma: 2, norm: 4, $1)
    }
    #expect(abs(classes.loss - focalGoldens.classes) < 1e-6)
    for (found, expected) in zip(classes.gradient, focalGoldens.classesGradient) {
      #expect(abs(Double(found) - expected) < 1e-6)
    }
  }

  @Test func `with exponent 0 it is the cross-entropy, and a certain example adds nothing`() {
    let targets: [Int32] = [0, 1, -1, 0]
    let focal = run(logits) { focalCrossEntropy($0, targets: targets, gamma: 0, norm: 3, $1) }
    let plain = run(logits) { crossEntropy($0, targets: targets, norm: 3, $1) }
    #expect(abs(focal.loss - plain.loss) < 1e-6)
    for (a, b) in zip(focal.gradient, plain.gradient) { #expect(abs(a - b) < 1e-6) }
    let certain = run([[500, -500]]) { focalCrossEntropy($0, targets: [0], gamma: 0.5, norm: 1, $1) }
    #expect(certain.loss == 0 && certain.gradient == [0, 0])
    let wrong = run([[500, -500]]) { focalCrossEntropy($0, targets: [1], gamma: 0.5, norm: 1, $1) }
    #expect(wrong.loss == 1000 && wrong.gradient == [1, -1])
  }
}
