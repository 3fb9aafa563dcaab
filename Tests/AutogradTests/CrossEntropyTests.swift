/// Cross-entropy against plain loops in Double and against torch.
import Autograd
import Glibc
import TestSupport
import Testing

struct LossCase: Sendable, CustomTestStringConvertible {
  var targets: [Int32]
  var classes: Int
  var weights: [Float]?
  var smoothing: Float = 0
  var scale = 3.0
  var testDescription: String {
    "\(targets), \(classes) classes, \(weights == nil ? "plain" : "weighted"), smoothing \(smoothing), ±\(scale)"
  }

  var logits: Grid { .random(targets.count, classes, seed: 6, scale: scale) }
  /// Σ wᵧ over the rows with a target: torch's divisor for reduction "mean".
  var norm: Float { targets.reduce(0) { $0 + ($1 < 0 ? 0 : weights?[Int($1)] ?? 1) } }

  /// torch's CrossEntropyLoss(weight, label_smoothing) as documented.
  func oracle(_ logits: Grid) -> Double {
    var loss = 0.0
    for (i, target) in targets.enumerated() where target >= 0 {
      let row = (0..<classes).map { logits[i, $0] }
      let top = row.max() ?? 0
      let lse = top + log(row.reduce(0) { $0 + exp($1 - top) })
      for c in 0..<classes {
        let probability = Double(smoothing) / Double(classes) + (c == target ? 1 - Double(smoothing) : 0)
        loss += Double(weights?[c] ?? 1) * probability * (lse - row[c])
      }
    }
    return loss / Double(norm)
  }

  func run(_ logits: Grid) -> (loss: Double, gradient: [Float]) {
    let pass = Pass(Workspace(), gradients: Gradients(ParameterTable(training: [])))
    let x = pass.make(logits.rows, logits.columns, tracked: true)
    fill(x, logits.floats)
    var gradient: [Float] = []
    pass.record(x) { gradient = $0.array }
    let loss = crossEntropy(x, targets: targets, weights: weights, smoothing: smoothing, norm: norm, pass)
    pass.backward()
    return (loss, gradient)
  }
}

private let cases: [LossCase] = [
  LossCase(targets: [0], classes: 1),
  LossCase(targets: [1, 0, 1], classes: 2),
  LossCase(targets: [2, 6, 0, 3], classes: 7),
  LossCase(targets: [2, -100, 0, -1], classes: 7),
  LossCase(targets: [2, -100, 0, 4], classes: 5, weights: [0.5, 1, 2, 0, 3]),
  LossCase(targets: [2, -100, 0, 4], classes: 5, smoothing: 0.1),
  LossCase(targets: [2, 1, 0, -100], classes: 5, weights: [0.5, 1, 2, 0.25, 3], smoothing: 0.2),
  LossCase(targets: [40, 3, -100, 16, 15], classes: 41, smoothing: 0.1),
  LossCase(targets: [1, 2], classes: 3, scale: 80),
]

@Suite struct CrossEntropyTests {
  @Test(arguments: cases) func `the loss and its gradient agree with plain loops`(_ c: LossCase) {
    let found = c.run(c.logits)
    let expected = c.oracle(c.logits)
    #expect(abs(found.loss - expected) <= 1e-6 * max(1, abs(expected)))
    let gradient = finiteDifferences(at: c.logits.values) { c.oracle(Grid(c.logits.rows, c.classes, $0)) }
    // With one class the gradient is 0, and a relative error has no meaning.
    if c.classes > 1 { #expect(relativeError(found.gradient, gradient) < 1e-6) }
    for (i, target) in c.targets.enumerated() where target < 0 {
      #expect(found.gradient[i * c.classes..<(i + 1) * c.classes].allSatisfy { $0 == 0 })
    }
  }

  // torch 2.15: F.cross_entropy(torch.tensor([[1., 2., 3.], [0.5, -1., 2.]]), torch.tensor([2, 0]),
  //             weight=torch.tensor([1., 2., .5]), label_smoothing=0.1).item()
  @Test func `the weighted and smoothed loss matches torch's`() {
    let pass = Pass(Workspace())
    let x = pass.make(2, 3)
    fill(x, [1, 2, 3, 0.5, -1, 2])
    let loss = crossEntropy(x, targets: [2, 0], weights: [1, 2, 0.5], smoothing: 0.1, norm: 1.5, pass)
    #expect(abs(loss - 1.4730954654132837) < 1e-6)
  }

  @Test func `a batch whose rows are all ignored has zero loss and gradient`() {
    let c = LossCase(targets: [-100, -100], classes: 4)
    let found = c.run(c.logits)
    #expect(found.loss == 0)
    #expect(found.gradient == Array(repeating: 0, count: 8))
  }

  @Test(arguments: [0, 0.1, 0.3, 0.7] as [Float], [nil, 0.3, 7] as [Float?])
  func `with one class the loss and its gradient are exactly 0`(_ smoothing: Float, _ weight: Float?) {
    for count in [1, 3, 7, 33] {
      let targets = (0..<count).map { Int32($0 % 4 == 3 ? -1 : 0) }
      let c = LossCase(targets: targets, classes: 1, weights: weight.map { [$0] }, smoothing: smoothing, scale: 30)
      let found = c.run(c.logits)
      #expect(found.loss == 0 && found.gradient.allSatisfy { $0 == 0 })
    }
    let broken = LossCase(targets: [0], classes: 1, smoothing: smoothing).run(Grid(1, 1, [.nan]))
    #expect(!broken.loss.isFinite)
  }

  @Test func `wrong class weights are detected`() {
    var c = LossCase(targets: [2, 1, 0, 4], classes: 5, weights: [0.5, 1, 2, 0.25, 3])
    let found = c.run(c.logits)
    c.weights = [0.5, 1, 2.1, 0.25, 3]
    let gradient = finiteDifferences(at: c.logits.values) { c.oracle(Grid(4, 5, $0)) }
    #expect(abs(found.loss - c.oracle(c.logits)) > 1e-5)
    #expect(relativeError(found.gradient, gradient) > 1e-5)
  }
}
