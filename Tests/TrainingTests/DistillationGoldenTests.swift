/// Masked-language training and distillation against PyTorch: gradients of each term, and twenty steps.
import Autograd
import Checkpoints
import Files
import Kernels
import Models
import Tasks
import TestSupport
import Testing

@testable import Training

private func pair(_ json: JSON?) -> Teacher.Pair {
  let pair = (json?.array ?? []).compactMap(\.int)
  return .init(student: pair.first ?? 0, teacher: pair.last ?? 0)
}

/// A run of the fixture: its student, its objective, and what PyTorch saw.
private struct GoldenRun {
  let model: TextModel
  let objective: any Objective
  let task: FixedBatches
  let golden: JSON

  init(_ name: String) throws {
    golden = try JSON(path: fixture("distillation/\(name).json"))
    let facts = golden["settings"], kind: HeadType = name == "tagging" ? .tokenClassification : .maskedLM
    func open(_ key: String) throws -> TextModel? {
      guard let folder = facts?[key]?.string else { return nil }
      return try TextModel(folder: fixture("distillation/\(folder)"), kind: kind, classes: 5, reuseHead: true)
    }
    model = try #require(try open("student"))
    task = try FixedBatches("distillation/batches.json", facts?["batches"]?.string ?? "", labelledOnly: true)
    guard let teacher = try open("teacher") else {
      objective = TaskLoss()
      return
    }
    var settings = DistillationSettings()
    func weight(_ term: String) -> Double { facts?["weights"]?[term]?.number ?? 0 }
    (settings.klWeight, settings.taskWeight, settings.cosineWeight) = (weight("soft"), weight("hard"), weight("cosine"))
    (settings.hiddenWeight, settings.attentionWeight) = (weight("hidden"), weight("attention"))
    settings.relationWeight = weight("relations")
    settings.temperature = facts?["temperature"]?.number ?? 0
    settings.klTokens = facts?["scope"]?.string == "labelled" ? .labeled : .all
    settings.relationHeads = facts?["relation_heads"]?.int ?? 1
    let pairs = (facts?["pairs"]?.array ?? []).map { pair($0) }
    let distillation = Distillation(
      settings, teachers: [Teacher(teacher, pairs: pairs, relationPair: pair(facts?["relation_pair"]))],
      student: model, seed: 0)
    let start = try Checkpoint(file: fixture("distillation/projections.safetensors"))
    for parameter in distillation.parameters {
      // Ours are named by both states of a pair, the fixture's by the student's.
      var parts = parameter.name.split(separator: ".")
      parts.remove(at: 4)
      _ = parameter.values.update(from: try start.array(parts.joined(separator: ".")))
    }
    objective = distillation
  }
}

/// What the fixtures call the terms whose names differ.
private let fixtureTerms = ["kl": "soft", "task": "hard", "relation": "relations"]

@Suite struct DistillationGoldenTests {
  init() throws { try Processor.initialize() }

  @Test(arguments: ["mlm", "triple", "tagging"]) func `twenty steps lose what PyTorch's lose`(_ name: String) throws {
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

  @Test(arguments: ["kl", "task", "cosine"]) func `a term's every gradient is PyTorch's`(_ term: String) throws {
    let run = try GoldenRun("triple"),
      reference = try Checkpoint(file: fixture("distillation/triple-gradients.safetensors"))
    let teacher = try TextModel(folder: fixture("distillation/teacher"), kind: .maskedLM, classes: 0, reuseHead: true)
    var settings = DistillationSettings()
    if term != "kl" { settings.klWeight = 0 }
    if term != "task" { settings.taskWeight = 0 }
    if term != "cosine" { settings.cosineWeight = 0 }
    let objective = Distillation(settings, teachers: [Teacher(teacher)], student: run.model, seed: 0)
    let table = ParameterTable(training: run.model.parameters)
    let gradients = Gradients(table), pass = Pass(Workspace(), gradients: gradients)
    let lesson = run.task.lesson(run.task.batches[0], at: 0)
    let loss = objective.losses(run.model, run.task, lesson, of: BatchTotals([lesson]), pass)[0]
    gradients.finish()
    let fixtureTerm = fixtureTerms[term] ?? term
    let wanted = run.golden["terms"]?[fixtureTerm]?.array?[0].number ?? .nan
    #expect(abs(loss - wanted) < 1e-6 * wanted)
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
