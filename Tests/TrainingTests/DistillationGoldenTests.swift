/// Tests masked-language modeling and distillation against PyTorch: the gradients of each term, and twenty steps.
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

private func pair(_ json: JSON?) -> Teacher.Pair {
  let pair = (json?.array ?? []).compactMap(\.int)
  return .init(student: pair.first ?? 0, teacher: pair.last ?? 0)
}

/// A run of the fixture: the student, the objective, and PyTorch's results.
private struct GoldenRun {
  let model: TextModel
  let objective: any Objective
  let task: FixedBatches
  let golden: JSON

  init(_ name: String) throws {
    golden = try JSON(path: fixture("distillation/\(name).json"))
    let settingsJSON = golden["settings"], headType: HeadType = name == "tagging" ? .tokenClassification : .maskedLM
    func open(_ key: String) throws -> TextModel? {
      guard let folder = settingsJSON?[key]?.string else { return nil }
      return try TextModel(folder: fixture("distillation/\(folder)"), headType: headType, classes: 5, reuseHead: true)
    }
    model = try #require(try open("student"))
    task = try FixedBatches("distillation/batches.json", settingsJSON?["batches"]?.string ?? "", labeledOnly: true)
    guard let teacher = try open("teacher") else {
      objective = TaskLoss()
      return
    }
    var settings = DistillationSettings()
    func weight(_ term: String) -> Double { settingsJSON?["weights"]?[term]?.number ?? 0 }
    (settings.klWeight, settings.taskWeight, settings.cosineWeight) = (weight("soft"), weight("hard"), weight("cosine"))
    (settings.hiddenWeight, settings.attentionWeight) = (weight("hidden"), weight("attention"))
    settings.relationWeight = weight("relations")
    settings.temperature = settingsJSON?["temperature"]?.number ?? 0
    settings.klTokens = settingsJSON?["scope"]?.string == "labelled" ? .labeled : .all
    settings.relationHeads = settingsJSON?["relation_heads"]?.int ?? 1
    let pairs = (settingsJSON?["pairs"]?.array ?? []).map { pair($0) }
    let distillation = Distillation(
      settings, teachers: [Teacher(teacher, pairs: pairs, relationPair: pair(settingsJSON?["relation_pair"]))],
      student: model, seed: 0)
    let initial = try Checkpoint(file: fixture("distillation/projections.safetensors"))
    for parameter in distillation.parameters {
      // Our names have the indices of both layers of a pair, the fixture's only the student's.
      var parts = parameter.name.split(separator: ".")
      parts.remove(at: 4)
      _ = parameter.values.update(from: try initial.array(parts.joined(separator: ".")))
    }
    objective = distillation
  }
}

/// The fixture's names of the terms, where they differ.
private let fixtureTerms = ["kl": "soft", "task": "hard", "relation": "relations"]

@Suite struct DistillationGoldenTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: ["mlm", "triple", "tagging"]) func `losses match PyTorch's for twenty steps`(_ name: String) throws {
    let run = try GoldenRun(name)
    var settings = TrainingSettings()
    settings.duration = .steps(20)
    settings.warmup = .steps(2)
    settings.learningRate = 5e-3
    let table = ParameterTable(training: run.model.parameters + run.objective.parameters)
    let trainer = try Trainer(
      run.model, run.task, table, settings, Replicas(threads: 2), objective: run.objective)
    for index in 0..<20 {
      let record = try trainer.step(run.task.batches[index % 4])
      func golden(_ json: JSON?) -> Double { json?.array?[index].number ?? .nan }
      #expect(abs(record.loss - golden(run.golden["losses"])) < 1e-4, "step \(index + 1)")
      #expect(abs(record.learningRate - golden(run.golden["learning_rates"])) < 1e-9)
      for (term, loss) in record.terms {
        #expect(
          abs(loss - golden(run.golden["terms"]?[fixtureTerms[term] ?? term])) < 1e-4, "step \(index + 1): \(term)")
      }
      let norm = golden(run.golden["gradient_norms"])
      #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm))
    }
  }

  @Test(arguments: ["kl", "task", "cosine"]) func `the gradients of each term match PyTorch's`(_ term: String) throws {
    let run = try GoldenRun("triple"),
      reference = try Checkpoint(file: fixture("distillation/triple-gradients.safetensors"))
    let teacher = try TextModel(
      folder: fixture("distillation/teacher"), headType: .maskedLM, classes: 0, reuseHead: true)
    var settings = DistillationSettings()
    if term != "kl" { settings.klWeight = 0 }
    if term != "task" { settings.taskWeight = 0 }
    if term != "cosine" { settings.cosineWeight = 0 }
    let objective = Distillation(settings, teachers: [Teacher(teacher)], student: run.model, seed: 0)
    let table = ParameterTable(training: run.model.parameters)
    let gradients = Gradients(table), pass = Pass(Workspace(), gradients: gradients)
    let batch = run.task.batch(run.task.batches[0], at: 0)
    let loss = objective.losses(
      run.model, adapters: .none, run.task, batch, totals: BatchTotals([batch]), pass)[0]
    gradients.finish()
    let fixtureTerm = fixtureTerms[term] ?? term
    let expected = run.golden["terms"]?[fixtureTerm]?.array?[0].number ?? .nan
    #expect(abs(loss - expected) < 1e-6 * expected)
    for parameter in table.parameters {
      let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
      if reference.contains("\(fixtureTerm).\(parameter.name)") {
        let error = relativeError(found, try reference.array("\(fixtureTerm).\(parameter.name)"))
        #expect(error < 1e-5, "\(parameter.name)")
      } else {
        #expect(found.allSatisfy { abs($0) < 2e-6 }, "\(parameter.name)")
      }
    }
  }
}
