/// Tests every optimizer and schedule against torch and transformers (Tests/Fixtures/optimizers).
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

/// make_golden.py's `tensors`, written to `destination`.
private func fill(_ table: ParameterTable, step: Int, _ destination: (Parameter) -> UnsafeMutablePointer<Float>) {
  var k = 100_000 * step
  let size: Float = step % 3 == 0 && step > 0 ? 0.125 : 1
  for parameter in table.parameters {
    for i in 0..<parameter.count { destination(parameter)[i] = size * number(k + i) }
    k += parameter.count
  }
}

private let groups = [
  ParameterGroup(.names(["layer.0"]), learningRate: .ratio(0.5)),
  ParameterGroup(.pattern(".*(query|dense).*"), learningRate: .ratio(1)),
  ParameterGroup(.names(["classifier"]), learningRate: .peak(9e-3), weightDecay: 0.02),
]

@Test(
  arguments: [
    ("adamw", AdamWSettings(), 3e-3), ("adamw-groups", AdamWSettings(), 3e-3), ("sgd", SGDSettings(momentum: 0), 1e-2),
    ("sgd-momentum", SGDSettings(), 1e-2), ("sgd-nesterov", SGDSettings(nesterov: true), 1e-2),
    ("lion", LionSettings(), 1e-3),
    ("lion-groups", LionSettings(), 1e-3), ("adafactor", AdafactorSettings(), 1e-2),
    ("adafactor-groups", AdafactorSettings(), 1e-2),
    ("ema", AdamWSettings(), 3e-3), ("mean-of-5", AdamWSettings(), 3e-3),
  ] as [(String, any OptimizerAlgorithm, Double)], [1, 3])
func `weights match those of torch's optimizers after twenty steps`(
  _ run: (name: String, algorithm: any OptimizerAlgorithm, learningRate: Double), _ threads: Int
) throws {
  let golden = try JSON(path: fixture("optimizers/golden.json"))["runs"]?[run.name]
  let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
  var settings = TrainingSettings()
  settings.optimizer.algorithm = run.algorithm
  settings.optimizer.weightDecay = 0.1
  settings.optimizer.maxGradNorm = 5
  settings.learningRate = run.learningRate
  if run.name.hasSuffix("-groups") || run.name == "sgd-momentum" {
    settings.groups = groups
    settings.groups[2].learningRate = .peak(3 * run.learningRate)
  }
  let optimizerStep = OptimizerStep(table, settings.optimizer, try table.rules(settings))
  let (gradients, average, replicas) = (Gradients(table), WeightAverage(table), Replicas(threads: threads))
  fill(table, step: 0, \.pointer)
  let initial = table.values
  for step in 0..<20 {
    fill(table, step: step + 1) { gradients.pointer + ($0.offset ?? 0) }
    let learningRate = run.learningRate * Double(20 - step) / 20
    #expect(optimizerStep.apply(gradients, number: step + 1, learningRate: learningRate, replicas).isFinite)
    if run.name == "ema" { average.moveTowardsWeights(by: step == 0 ? 1 : 0.1, replicas) }
    if run.name == "mean-of-5", step >= 15 { average.moveTowardsWeights(by: 1 / Double(step - 14), replicas) }
  }
  if ["ema", "mean-of-5"].contains(run.name) { average.swap(replicas) }
  let expected = table.parameters.flatMap { golden?[$0.name]?.array?.compactMap { $0.number.map(Float.init) } ?? [] }
  #expect(relativeError(table.values, expected) < 1e-6)
  // The change, which is small compared with the initial weights.
  #expect(relativeError(zip(table.values, initial).map { $0 - $1 }, zip(expected, initial).map { $0 - $1 }) < 3e-5)
}

@Test(
  arguments: [
    ("linear", .linear, .init(), 7), ("constant", .constant, .init(), 7), ("cosine", .cosine, .init(), 7),
    ("cosine-floor", .cosine, .init(minLRRate: 0.1), 7), ("polynomial", .polynomial, .init(), 7),
    ("polynomial-floor", .polynomial, .init(minLRRate: 0.05, power: 2.5), 7),
    ("inverse-sqrt", .inverseSquareRoot, .init(), 7), ("inverse-sqrt-no-warmup", .inverseSquareRoot, .init(), 0),
    ("inverse-sqrt-timescale", .inverseSquareRoot, .init(timescale: 3), 7), ("one-cycle", .oneCycle, .init(), 0),
    ("one-cycle-options", .oneCycle, .init(pctStart: 0.11, divFactor: 10, finalDivFactor: 50), 0),
  ] as [(String, Schedule.Shape, Schedule.Options, Int)])
func `learning rates match transformers and torch at every step`(
  _ name: String, _ shape: Schedule.Shape, _ options: Schedule.Options, _ warmupSteps: Int
) throws {
  let golden = try JSON(path: fixture("optimizers/golden.json"))["schedules"]?[name]?.array ?? []
  let schedule = Schedule(shape, options, learningRate: 3e-4, warmupSteps: warmupSteps, totalSteps: 40)
  #expect(golden.count == 40)
  for (step, expected) in golden.enumerated() {
    #expect(abs(schedule.learningRate(at: step) - (expected.number ?? .nan)) < 1e-15, "step \(step)")
  }
}

@Test func `learning rates are valid in very short runs`() {
  let all = Schedule.Shape.allCases.map { ($0, Schedule.Options()) }
  for (shape, options) in all + [(.oneCycle, .init(pctStart: 0)), (.oneCycle, .init(pctStart: 1))] {
    for total in 1...4 {
      for step in 0..<total {
        let schedule = Schedule(shape, options, learningRate: 1, warmupSteps: 0, totalSteps: total)
        let learningRate = schedule.learningRate(at: step)
        #expect(
          learningRate.isFinite && (0...1).contains(learningRate), "\(shape), \(step) of \(total): \(learningRate)")
      }
    }
  }
}

@Test func `no optimizer changes weights or state for a gradient that is not finite`() throws {
  for algorithm: any OptimizerAlgorithm in [AdamWSettings(), SGDSettings(), LionSettings(), AdafactorSettings()] {
    let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
    fill(table, step: 0, \.pointer)
    let before = table.values, gradients = Gradients(table)
    var settings = TrainingSettings()
    settings.optimizer.algorithm = algorithm
    let optimizerStep = OptimizerStep(table, settings.optimizer, try table.rules(settings))
    gradients.pointer[3] = .infinity
    #expect(!optimizerStep.apply(gradients, number: 1, learningRate: 1, Replicas(threads: 1)).isFinite)
    #expect(table.values == before)
    for state in optimizerStep.optimizer.state {
      #expect((0..<state.count).allSatisfy { state.pointer[$0] == 0 }, "\(state.name)")
    }
  }
}

@Test func `optimizer states have the documented sizes`() throws {
  let table = ParameterTable(training: [Parameter("w", shape: [64, 32])])
  func stateSize(_ algorithm: any OptimizerAlgorithm) -> Int {
    algorithm.makeOptimizer(table).state.reduce(0) { $0 + $1.count }
  }
  #expect(
    stateSize(AdamWSettings()) == 2 * 64 * 32 && stateSize(LionSettings()) == 64 * 32
      && stateSize(SGDSettings()) == 64 * 32)
  #expect(stateSize(SGDSettings(momentum: 0)) == 0 && stateSize(AdafactorSettings()) == 64 + 32)
}

@Test func `Adafactor's sums over row chunks are those of the whole matrix, on any number of threads`() throws {
  // The matrix has several row chunks. The expected values come from its transpose, which has only one.
  func run(_ shape: [Int], threads: Int) throws -> [Float] {
    let table = ParameterTable(training: [Parameter("w", shape: shape)])
    var settings = TrainingSettings()
    settings.optimizer.algorithm = AdafactorSettings()
    let optimizerStep = OptimizerStep(table, settings.optimizer, try table.rules(settings)),
      gradients = Gradients(table)
    let tall = shape[0] == 700
    for step in 1...3 {
      for i in 0..<700 {
        for j in 0..<9 { gradients.pointer[tall ? i * 9 + j : j * 700 + i] = number(step * 10_000 + i * 9 + j) }
      }
      _ = optimizerStep.apply(gradients, number: step, learningRate: 0.01, Replicas(threads: threads))
    }
    let values = table.values
    return tall ? values : (0..<700).flatMap { i in (0..<9).map { values[$0 * 700 + i] } }
  }
  let tall = try run([700, 9], threads: 1)
  #expect(try run([700, 9], threads: 3) == tall)
  #expect(relativeError(tall, try run([9, 700], threads: 2)) < 1e-5)
}

@Test func `a group that matches nothing is an error that lists the names`() throws {
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
      == "training.groups.0.match: \"class\" matches no trainable parameter. Their names end with: "
      + "LayerNorm.weight, classifier.weight, dense.weight, query.bias, query.weight.")
  #expect(fault(.init(.pattern("query")))?.contains("\"query\" matches no trainable parameter") == true)
  #expect(fault(.init(.pattern("(")))?.contains("the pattern \"(\" cannot be used") == true)
  #expect(
    fault(.init(.pattern(".*")), .init(.names(["query"])))?.hasPrefix("training.groups.1: all matching parameters")
      == true)
}

@Test func `a group's ratio is multiplied by the method's factor, its learning rate is not`() throws {
  let table = ParameterTable(training: shapes.map { Parameter($0.name, shape: $0.shape) })
  var settings = TrainingSettings()
  settings.learningRate = 1e-3
  settings.groups = [
    .init(.names(["query"]), learningRate: .ratio(2)), .init(.names(["classifier"]), learningRate: .peak(5e-3)),
  ]
  let rules = try table.rules(settings) { layerDecayFactor($0.name, decay: 0.5, layers: 2) }
  #expect(rules.map(\.learningRateFactor) == [0.5, 0.5, 0.25, 0.5, 5])
  #expect(rules.map(\.weightDecay) == [0.01, 0, 0, 0.01, 0.01])
}

@Test func `layer-wise decay factors fall from the head to the embeddings`() {
  func factor(_ name: String) -> Double { layerDecayFactor(name, decay: 0.5, layers: 4) }
  #expect(factor("classifier.weight") == 1 && factor("cls.predictions.transform.dense.weight") == 1)
  #expect(
    factor("bert.encoder.layer.3.output.dense.weight") == 0.5
      && factor("distilbert.transformer.layer.0.ffn.lin1.bias") == 0.0625)
  #expect(factor("bert.embeddings.LayerNorm.weight") == 0.03125)
}
