/// Averages of weights, and that whatever a run carries along survives its interruption.
import Autograd
import FoundationEssentials
import Models
import TestSupport
import Testing

@testable import Training

private let variants: [(name: String, change: @Sendable (inout TrainingSettings) -> Void)] = [
  ("sgd", { $0.optimizer.algorithm = .sgd(nesterov: true) }), ("lion", { $0.optimizer.algorithm = .lion() }),
  ("adafactor", { $0.optimizer.algorithm = .adafactor }), ("ema", { $0.average = .exponential(decay: 0.8) }),
  ("last", { $0.average = .last(2) }),
  (
    "groups and a cycle",
    {
      $0.groups = [ParameterGroup(.names(["lora_B", "classifier"]), rate: .ratio(16))]
      $0.schedule = .oneCycle()
    }
  ),
]

private func bench(_ variant: Int, threads: Int = 2, scripted: [Double] = [0.1, 0.5, 0.3]) throws -> Bench {
  try Bench(lora: true, threads: threads, task: Toy(scripted: scripted), variants[variant].change)
}

@Test(arguments: variants.indices, [1, 3, 4, 5])
func `whatever the optimizer or the average, a resumed run is the uninterrupted one, bit for bit`(
  _ variant: Int, _ stop: Int
) throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  let whole = try bench(variant)
  let expected = try whole.run()
  let first = try bench(variant)
  #expect(try first.run(stopAt: stop).status == .interrupted)
  try first.trainer.saveSnapshot(to: path, inputs: "a")
  let second = try bench(variant)
  try second.trainer.loadSnapshot(from: path, inputs: "a")
  let result = try second.run()
  #expect(second.table.values == whole.table.values, "\(variants[variant].name)")
  #expect(result.best == expected.best && result.steps == expected.steps)
}

@Test(arguments: variants.indices)
func `whatever the optimizer or the average, one thread and three make the same bits`(_ variant: Int) throws {
  let benches = try [1, 3].map { try bench(variant, threads: $0) }
  for bench in benches { _ = try bench.run() }
  #expect(benches[0].table.values == benches[1].table.values)
}

@Test func `the mean of the last points is what is left of a run`() throws {
  // Six steps, points after 2, 4 and 6; no split is there to be evaluated on.
  let plain = try Bench(lora: true, threads: 2)
  #expect(plain.trainer.steps == 6)
  let raw = try [2, 4, 6].map { step in
    let bench = try Bench(lora: true, threads: 2)
    _ = try bench.run(stopAt: step)
    return bench.table.values
  }
  for (count, points) in [(1, raw.suffix(1)), (2, raw.suffix(2)), (9, raw.suffix(3))] {
    let bench = try Bench(lora: true, threads: 2) {
      $0.average = .last(count)
      $0.evalSteps = 2
    }
    let result = try bench.run()
    #expect(result.best == nil)
    let mean = raw[0].indices.map { i in points.reduce(Float(0)) { $0 + $1[i] } / Float(points.count) }
    #expect(relativeError(bench.table.values, mean) < 1e-6, "\(count)")
  }
}

@Test func `the running mean is evaluated and kept, and training goes on with the weights`() throws {
  var raw: [[Float]] = []
  for step in 1...6 {
    let bench = try Bench(lora: true, threads: 2)
    _ = try bench.run(stopAt: step)
    raw.append(bench.table.values)
  }
  var mean = raw[0]
  for weights in raw.dropFirst() { for i in mean.indices { mean[i] += 0.25 * (weights[i] - mean[i]) } }
  let silent = try Bench(lora: true, threads: 2) { $0.average = .exponential(decay: 0.75) }
  _ = try silent.run()
  #expect(relativeError(silent.table.values, mean) < 1e-6)
  // With a score that never gets better the first evaluation's weights are kept: the mean after three steps.
  let scored = try Bench(lora: true, threads: 2, task: Toy(scripted: [0.5])) { $0.average = .exponential(decay: 0.75) }
  #expect(try scored.run().best?.step == 3)
  var early = raw[0]
  for weights in raw[1...2] { for i in early.indices { early[i] += 0.25 * (weights[i] - early[i]) } }
  #expect(relativeError(scored.table.values, early) < 1e-6)
}

@Test func `a snapshot taken while an evaluation is reported holds the weights that training goes on with`() throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  let whole = try bench(3)
  var saved = false
  _ = try whole.trainer.run(shouldStop: { false }) { event in
    if case .evaluated = event, !saved {
      saved = true
      do { try whole.trainer.saveSnapshot(to: path, inputs: "a") } catch { Issue.record(error) }
    }
  }
  let second = try bench(3)
  try second.trainer.loadSnapshot(from: path, inputs: "a")
  #expect(second.trainer.step == 3)
  _ = try second.run()
  #expect(second.table.values == whole.table.values)
}
