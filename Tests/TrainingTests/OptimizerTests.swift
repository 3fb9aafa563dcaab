/// Every optimizer and schedule against torch and transformers (Tests/Fixtures/optimizers).
import Autograd
import Files
import TestSupport
import Testing

@testable import Training

private let shapes: [(name: String, shape: [Int])] = [
  ("layer.0.query.weight", [5, 7]), ("layer.0.query.bias", [7]), ("layer.0.LayerNorm.weight", [6]),
  ("layer.1.dense.weight", [9, 17]), ("classifier.weight", [3, 4]),
]

/// make_golden.py's `number`.
private func number(_ k: Int) -> Float {
  var hash = UInt32(truncatingIfNeeded: k) &* 2_654_435_761
  hash = (hash ^ hash >> 15) &* 2_246_822_519
  hash = (hash ^ hash >> 13) &* 3_266_489_917
  return Float(hash >> 8) / 8_388_608 - 1
}

/// make_golden.py's `tensors`, into the places that `body` says.
private func fill(_ table: ParameterTable, step: Int, _ place: (Parameter) -> UnsafeMutablePointer<Float>) {
  var k = 100_000 * step
  let size: Float = step % 3 == 0 && step > 0 ? 0.125 : 1
  for parameter in table.parameters {
    for i in 0..<parameter.count { place(parameter)[i] = size * number(k + i) }
    k += parameter.count
  }
}

private let groups = [
  ParameterGroup(.names(["layer.0"]), rate: .ratio(0.5)),
  ParameterGroup(.pattern(".*(query|dense).*"), rate: .ratio(1)),
  ParameterGroup(.names(["classifier"]), rate: .peak(9e-3), weightDecay: 0.02),
]

@Test(
  arguments: [
    ("adamw", .adamW(), 3e-3), ("adamw-groups", .adamW(), 3e-3), ("sgd", .sgd(momentum: 0), 1e-2),
    ("sgd-momentum", .sgd(), 1e-2), ("sgd-nesterov", .sgd(nesterov: true), 1e-2), ("lion", .lion(), 1e-3),
    ("lion-groups", .lion(), 1e-3), ("adafactor", .adafactor, 1e-2), ("adafactor-groups", .adafactor, 1e-2),
    ("ema", .adamW(), 3e-3), ("mean-of-5", .adamW(), 3e-3),
  ] as [(String, OptimizerSettings.Algorithm, Double)], [1, 3])
func `twenty steps leave the weights that torch's optimizers leave`(
  _ run: (name: String, rule: OptimizerSettings.Algorithm, peak: Double), _ threads: Int
) throws {
  let golden = try JSON(path: fixture("optimizers/golden.json"))["runs"]?[run.name]
  let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
  var settings = TrainingSettings()
  settings.optimizer.algorithm = run.rule
  settings.optimizer.weightDecay = 0.1
  settings.optimizer.maxGradNorm = 5
  settings.learningRate = run.peak
  if run.name.hasSuffix("-groups") || run.name == "sgd-momentum" {
    settings.groups = groups
    settings.groups[2].learningRate = .peak(3 * run.peak)
  }
  let descent = OptimizerStep(table, settings.optimizer, try table.rules(settings))
  let (gradients, average, replicas) = (Gradients(table), WeightAverage(table), Replicas(threads: threads))
  fill(table, step: 0, \.pointer)
  let start = table.values
  for step in 0..<20 {
    fill(table, step: step + 1) { gradients.pointer + ($0.offset ?? 0) }
    let rate = run.peak * Double(20 - step) / 20
    #expect(descent.apply(gradients, number: step + 1, rate: rate, replicas).isFinite)
    if run.name == "ema" { average.moveTowardsWeights(by: step == 0 ? 1 : 0.1, replicas) }
    if run.name == "mean-of-5", step >= 15 { average.moveTowardsWeights(by: 1 / Double(step - 14), replicas) }
  }
  if ["ema", "mean-of-5"].contains(run.name) { average.copyToWeights() }
  let wanted = table.parameters.flatMap { golden?[$0.name]?.array?.compactMap { $0.number.map(Float.init) } ?? [] }
  #expect(relativeError(table.values, wanted) < 1e-6)
  // What the steps did, as against what was there before them.
  #expect(relativeError(zip(table.values, start).map { $0 - $1 }, zip(wanted, start).map { $0 - $1 }) < 3e-5)
}

@Test(
  arguments: [
    ("linear", .linear, 7), ("constant", .constant, 7), ("cosine", .cosine(), 7),
    ("cosine-floor", .cosine(floor: 0.1), 7), ("polynomial", .polynomial(), 7),
    ("polynomial-floor", .polynomial(power: 2.5, floor: 0.05), 7), ("inverse-sqrt", .inverseSquareRoot(), 7),
    ("inverse-sqrt-no-warmup", .inverseSquareRoot(), 0),
    ("inverse-sqrt-timescale", .inverseSquareRoot(timescale: 3), 7), ("one-cycle", .oneCycle(), 0),
    ("one-cycle-options", .oneCycle(pctStart: 0.11, divFactor: 10, finalDivFactor: 50), 0),
  ] as [(String, Schedule.Shape, Int)])
func `a schedule's rates are those of transformers and torch, at every step`(
  _ name: String, _ kind: Schedule.Shape, _ warmup: Int
) throws {
  let golden = try JSON(path: fixture("optimizers/golden.json"))["schedules"]?[name]?.array ?? []
  let schedule = Schedule(kind, peak: 3e-4, warmup: warmup, total: 40)
  #expect(golden.count == 40)
  for (step, rate) in golden.enumerated() {
    #expect(abs(schedule.learningRate(at: step) - (rate.number ?? .nan)) < 1e-15, "step \(step)")
  }
}

@Test func `the shortest runs have rates too`() {
  let kinds: [Schedule.Shape] = [
    .linear, .constant, .cosine(), .polynomial(), .inverseSquareRoot(), .oneCycle(), .oneCycle(pctStart: 0),
    .oneCycle(pctStart: 1),
  ]
  for kind in kinds {
    for total in 1...4 {
      for step in 0..<total {
        let rate = Schedule(kind, peak: 1, warmup: 0, total: total).learningRate(at: step)
        #expect(rate.isFinite && (0...1).contains(rate), "\(kind), \(step) of \(total): \(rate)")
      }
    }
  }
}

@Test func `a gradient that is not finite moves nothing, whatever the optimizer`() throws {
  for rule: OptimizerSettings.Algorithm in [.adamW(), .sgd(), .lion(), .adafactor] {
    let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
    fill(table, step: 0, \.pointer)
    let before = table.values, gradients = Gradients(table)
    var settings = TrainingSettings()
    settings.optimizer.algorithm = rule
    let descent = OptimizerStep(table, settings.optimizer, try table.rules(settings))
    gradients.pointer[3] = .infinity
    #expect(!descent.apply(gradients, number: 1, rate: 1, Replicas(threads: 1)).isFinite)
    #expect(table.values == before)
    for memory in descent.optimizer.state {
      #expect((0..<memory.count).allSatisfy { memory.pointer[$0] == 0 }, "\(memory.name)")
    }
  }
}

@Test func `an optimizer remembers what the documentation says it costs`() throws {
  let table = ParameterTable(training: [Parameter("w", shape: [64, 32])])
  func numbers(_ rule: OptimizerSettings.Algorithm) -> Int {
    var settings = OptimizerSettings()
    settings.algorithm = rule
    return settings.make(table).state.reduce(0) { $0 + $1.count }
  }
  #expect(numbers(.adamW()) == 2 * 64 * 32 && numbers(.lion()) == 64 * 32 && numbers(.sgd()) == 64 * 32)
  #expect(numbers(.sgd(momentum: 0)) == 0 && numbers(.adafactor) == 64 + 32)
}

@Test func `Adafactor's strips make the sums of a whole matrix, on any number of threads`() throws {
  // Taller than a strip, so that columns are summed over several; wanted: the same rows under another cut, the transpose.
  func run(_ shape: [Int], threads: Int) throws -> [Float] {
    let table = ParameterTable(training: [Parameter("w", shape: shape)])
    var settings = TrainingSettings()
    settings.optimizer.algorithm = .adafactor
    let descent = OptimizerStep(table, settings.optimizer, try table.rules(settings)), gradients = Gradients(table)
    let tall = shape[0] == 700
    for step in 1...3 {
      for i in 0..<700 {
        for j in 0..<9 { gradients.pointer[tall ? i * 9 + j : j * 700 + i] = number(step * 10_000 + i * 9 + j) }
      }
      _ = descent.apply(gradients, number: step, rate: 0.01, Replicas(threads: threads))
    }
    let values = table.values
    return tall ? values : (0..<700).flatMap { i in (0..<9).map { values[$0 * 700 + i] } }
  }
  let tall = try run([700, 9], threads: 1)
  #expect(try run([700, 9], threads: 3) == tall)
  #expect(relativeError(tall, try run([9, 700], threads: 2)) < 1e-5)
}

@Test func `a group that fits nothing is told, with the names there are`() throws {
  let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
  func fault(_ groups: ParameterGroup...) -> String? {
    var settings = TrainingSettings()
    settings.groups = groups
    do {
      _ = try table.rules(settings)
      return nil
    } catch { return "\(error)" }
  }
  #expect(fault(.init(.names(["layer.1", "LayerNorm"])), .init(.pattern("layer\\.0\\.q.*"))) == nil)
  #expect(
    fault(.init(.names(["classifier", "class"])))
      == "training.groups.0.match: \"class\" matches no parameter that learns. Their names end with: "
      + "LayerNorm.weight, classifier.weight, dense.weight, query.bias, query.weight.")
  #expect(fault(.init(.pattern("query")))?.contains("\"query\" matches no parameter") == true)
  #expect(fault(.init(.pattern("(")))?.contains("no regular expression") == true)
  #expect(fault(.init(.pattern(".*")), .init(.names(["query"])))?.hasPrefix("training.groups.1: all that it") == true)
}

@Test func `a group's ratio meets the method's factor, its own rate does not`() throws {
  let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
  var settings = TrainingSettings()
  settings.learningRate = 1e-3
  settings.groups = [.init(.names(["query"]), rate: .ratio(2)), .init(.names(["classifier"]), rate: .peak(5e-3))]
  let rules = try table.rules(settings) { layerDecayFactor($0.name, decay: 0.5, layers: 2) }
  #expect(rules.map(\.learningRateFactor) == [0.5, 0.5, 0.25, 0.5, 5])
  #expect(rules.map(\.weightDecay) == [0.01, 0, 0, 0.01, 0.01])
}

@Test func `the factor of a layer falls from the head to the embeddings`() {
  func factor(_ name: String) -> Double { layerDecayFactor(name, decay: 0.5, layers: 4) }
  #expect(factor("classifier.weight") == 1 && factor("cls.predictions.transform.dense.weight") == 1)
  #expect(
    factor("bert.encoder.layer.3.output.dense.weight") == 0.5
      && factor("distilbert.transformer.layer.0.ffn.lin1.bias") == 0.0625)
  #expect(factor("bert.embeddings.LayerNorm.weight") == 0.03125)
}
