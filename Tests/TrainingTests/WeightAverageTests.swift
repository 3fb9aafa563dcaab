/// Tests weight averaging, and that a resumed run restores the state of every optimizer and average.
import Autograd
import Encoders
import FoundationEssentials
import TestSupport
import Testing

@testable import Training

private let variants: [(name: String, change: @Sendable (inout TrainingSettings) -> Void)] = [
  ("sgd", { $0.optimizer.algorithm = SGDSettings(nesterov: true) }),
  ("lion", { $0.optimizer.algorithm = LionSettings() }),
  ("adafactor", { $0.optimizer.algorithm = AdafactorSettings() }), ("ema", { $0.average = .exponential(decay: 0.8) }),
  ("last", { $0.average = .last(2) }),
  (
    "groups and one cycle",
    {
      $0.groups = [ParameterGroup(.names(["lora_B", "classifier"]), learningRate: .ratio(16))]
      $0.schedule = .oneCycle
    }
  ),
]

private func bench(_ variant: Int, threads: Int = 2, scripted: [Double] = [0.1, 0.5, 0.3]) throws -> Bench {
  try Bench(lora: true, threads: threads, task: Toy(scripted: scripted), variants[variant].change)
}

// After steps 3 and 6 the interruption is in an evaluation.
@Test(arguments: variants.indices, [1, 3, 4, 5, 6])
func `a resumed run ends with the same bytes for every optimizer and average`(
  _ variant: Int, _ stop: Int
) throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  let uninterrupted = try bench(variant)
  let expected = try uninterrupted.run()
  let first = try bench(variant)
  #expect(try first.run(stopAt: stop).status == .interrupted)
  try first.trainer.saveSnapshot(to: path, inputs: "a")
  let second = try bench(variant)
  try second.trainer.loadSnapshot(from: path, inputs: "a")
  let result = try second.run()
  #expect(second.table.values == uninterrupted.table.values, "\(variants[variant].name)")
  #expect(result.best == expected.best && result.steps == expected.steps)
}

@Test(arguments: variants.indices)
func `one thread and three compute the same bytes for every optimizer and average`(_ variant: Int) throws {
  let benches = try [1, 3].map { try bench(variant, threads: $0) }
  for bench in benches { _ = try bench.run() }
  #expect(benches[0].table.values == benches[1].table.values)
}

@Test func `averaging the last evaluation points ends with their mean`() throws {
  // Six steps with evaluation points after 2, 4 and 6; there is no dev split.
  let plain = try Bench(lora: true, threads: 2)
  #expect(plain.trainer.steps == 6)
  let weights = try [2, 4, 6].map { step in
    let bench = try Bench(lora: true, threads: 2)
    _ = try bench.run(stopAt: step)
    return bench.table.values
  }
  for (count, points) in [(1, weights.suffix(1)), (2, weights.suffix(2)), (9, weights.suffix(3))] {
    let bench = try Bench(lora: true, threads: 2) {
      $0.average = .last(count)
      $0.evalSteps = 2
    }
    let result = try bench.run()
    #expect(result.best == nil)
    let mean = weights[0].indices.map { i in points.reduce(Float(0)) { $0 + $1[i] } / Float(points.count) }
    #expect(relativeError(bench.table.values, mean) < 1e-6, "\(count)")
  }
}

@Test func `the exponential average is evaluated and saved, and training continues from the weights`() throws {
  var weights: [[Float]] = []
  for step in 1...6 {
    let bench = try Bench(lora: true, threads: 2)
    _ = try bench.run(stopAt: step)
    weights.append(bench.table.values)
  }
  var mean = weights[0]
  for values in weights.dropFirst() { for i in mean.indices { mean[i] += 0.25 * (values[i] - mean[i]) } }
  let unevaluated = try Bench(lora: true, threads: 2) { $0.average = .exponential(decay: 0.75) }
  _ = try unevaluated.run()
  #expect(relativeError(unevaluated.table.values, mean) < 1e-6)
  // The score never improves, so the weights of the first evaluation are the best: the average after three steps.
  let evaluated = try Bench(lora: true, threads: 2, task: Toy(scripted: [0.5])) {
    $0.average = .exponential(decay: 0.75)
  }
  #expect(try evaluated.run().best?.step == 3)
  var early = weights[0]
  for values in weights[1...2] { for i in early.indices { early[i] += 0.25 * (values[i] - early[i]) } }
  #expect(relativeError(evaluated.table.values, early) < 1e-6)
}

@Test func `a snapshot saved during an evaluation report has the training weights, not the average`() throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  let uninterrupted = try bench(3)
  var saved = false
  _ = try uninterrupted.trainer.run(shouldStop: { false }) { event in
    if case .evaluated = event, !saved {
      saved = true
      do { try uninterrupted.trainer.saveSnapshot(to: path, inputs: "a") } catch { Issue.record(error) }
    }
  }
  let second = try bench(3)
  try second.trainer.loadSnapshot(from: path, inputs: "a")
  #expect(second.trainer.step == 3)
  _ = try second.run()
  #expect(second.table.values == uninterrupted.table.values)
}
