/// Repeats twenty steps of PEFT, `adapters` or PyTorch on a tiny BERT, with fixed batches and the same initial weights,
/// and compares the results: `Tests/Fixtures/adapters/README.md`.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

struct TwentySteps {
  let name: String
  let json: JSON
  let model: TextModel
  /// nil: the model itself is trained.
  let adapter: Adapter?
  let task: FixedBatches
  let table: ParameterTable

  /// - Parameter initialAdapter: makes the adapter; default: the one in the run's folder.
  init(_ name: String, initialAdapter: ((TextModel) throws -> Adapter?)? = nil) throws {
    self.name = name
    json = try JSON(path: fixture("adapters/\(name).json"))
    model = try tinyModel()
    if let initialAdapter {
      adapter = try initialAdapter(model)
    } else {
      adapter = try Adapter(folder: fixture("adapters/\(name)-start"), on: model)
    }
    task = try FixedBatches("adapters/batches.json", "batch")
    table = ParameterTable(training: adapter?.trainable ?? model.parameters)
  }

  var adapters: RowAdapters { RowAdapters(adapter?.set) }

  func number(_ key: String, _ index: Int) -> Double { json[key]?.array?[index].number ?? .nan }

  static var settings: TrainingSettings {
    var settings = TrainingSettings()
    (settings.duration, settings.warmup, settings.learningRate) = (.steps(20), .steps(2), 5e-3)
    return settings
  }

  func trainer(threads: Int = 2) throws -> Trainer {
    try Trainer(
      model, task, table, Self.settings, Replicas(threads: threads), adapters: adapters, hook: adapter?.hook)
  }

  /// Expects the same number of trainable parameters, and the same loss, learning rate and gradient norm at every step.
  func expectSteps(within tolerance: Double = 1e-4, _ check: (Int, StepRecord) -> Void = { _, _ in }) throws {
    #expect(table.parameters.reduce(0) { $0 + $1.count } == json["trainable_parameters"]?.int)
    let trainer = try trainer()
    for index in 0..<20 {
      let record = try trainer.step(task.batches[index % 4]), norm = number("gradient_norms", index)
      #expect(abs(record.loss - number("losses", index)) < tolerance, "step \(index + 1)")
      #expect(abs(record.learningRate - number("learning_rates", index)) < 1e-9)
      #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm), "step \(index + 1)")
      check(index, record)
    }
  }

  /// Expects the same losses in bf16, up to rounding.
  func expectBF16Losses(within tolerance: Double) throws {
    model.setPrecision(.bf16, adapters: adapter.map { [$0.set] } ?? [])
    #expect(model.projections.allSatisfy { $0.weight.isBF16 == (adapter != nil) })
    let trainer = try trainer()
    let worst = try (0..<20).reduce(0) {
      max($0, abs(try trainer.step(task.batches[$1 % 4]).loss - number("losses", $1)))
    }
    #expect(worst < tolerance, "\(worst)")
    #expect(worst > 1e-6, "nothing was rounded")
  }

  /// Expects the same gradients of the first batch, before clipping.
  /// - Parameter isSigned: whether a parameter's sign is determined; singular vectors, and so their gradients, may
  ///   differ in sign.
  func expectFirstGradients(within tolerance: Double, isSigned: (String) -> Bool = { _ in true }) throws {
    let golden = try Checkpoint(file: fixture("adapters/\(name)-gradients.safetensors"))
    let batch = task.batch(task.batches[0], at: 0), gradients = Gradients(table)
    let pass = Pass(Workspace(), gradients: gradients)
    _ = TaskLoss().losses(model, adapters: adapters, task, batch, totals: BatchTotals([batch]), pass)
    gradients.finish()
    _ = adapter?.hook?.addLoss(to: gradients)
    for parameter in table.parameters where !parameter.name.hasSuffix("key.bias") {
      let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
      let expected = try Self.values(of: parameter, in: golden)
      let error =
        isSigned(parameter.name) ? relativeError(found, expected) : relativeError(found.map(abs), expected.map(abs))
      #expect(error < tolerance, "\(parameter.name)")
    }
  }

  /// Expects the same final weights.
  func expectFinalWeights(within tolerance: Double) throws {
    let path = fixture("adapters/\(name)-final")
    let final = try Checkpoint(files: adapter == nil ? [path + ".safetensors"] : AdapterFormat.weights(in: path))
    for parameter in adapter?.trainable ?? table.parameters where !parameter.name.hasSuffix("key.bias") {
      #expect(
        relativeError(parameter.values, try Self.values(of: parameter, in: final)) < tolerance, "\(parameter.name)")
    }
  }

  /// The values of a parameter, under any of the names that the libraries give it.
  static func values(of parameter: Parameter, in file: Checkpoint) throws -> [Float] {
    let name = parameter.name, parts = name.split(separator: ".").map(String.init)
    let tuned = (parts.dropLast() + ["ln_tuning_layers"] + parts.suffix(1)).joined(separator: ".")
    let wrapped = String(name.dropLast(".bias".count)) + ".base_layer.bias"
    let names = [name, wrapped, tuned, name + ".weight"]
    let stored = names.flatMap { ["base_model.model." + $0, "base_model." + $0, $0] } + ["prompt_embeddings"]
    return try file.array(#require(stored.first(where: file.contains)))
  }
}

/// Trains for twenty steps, and expects the number of trainable parameters and every loss and gradient norm of `golden`.
/// - Parameter normTolerance: absolute below a norm of 1, relative above.
func expectTwentySteps(
  _ model: TextModel, training parameters: [Parameter], adapters: RowAdapters, _ task: some Task, batches: [[Int]],
  _ golden: JSON?, normTolerance: Double = 2e-4, threads: Int = 2
) throws {
  let table = ParameterTable(training: parameters)
  #expect(table.parameters.reduce(0) { $0 + $1.count } == golden?["trainable_parameters"]?.int)
  let trainer = try Trainer(
    model, task, table, TwentySteps.settings, Replicas(threads: threads), adapters: adapters)
  for index in 0..<20 {
    func expected(_ key: String) -> Double { golden?[key]?.array?[index].number ?? .nan }
    let record = try trainer.step(batches[index % 4]), norm = expected("gradient_norms")
    #expect(abs(record.loss - expected("losses")) < 1e-4, "step \(index + 1)")
    #expect(abs(record.gradientNorm - norm) < normTolerance * max(1, norm), "step \(index + 1)")
  }
}
