/// What a teacher is asked once, and blocks that are computed again, must not show in the numbers.
import Autograd
import Checkpoints
import Files
import Kernels
import Models
import Tasks
import TestSupport
import Testing

@testable import Training

/// What a term looks at decides which of the student's blocks are recomputed.
enum Looks: CaseIterable {
  /// At logits and the last state; at the first state; at every state; into the second block; into every block.
  case lastState, firstState, everyState, oneBlock, everyBlock

  /// Whether it leaves a block closed.
  var leavesSome: Bool { self != .everyState && self != .everyBlock }

  func teacher(_ model: TextModel) -> Teacher {
    let states = 0...(self == .firstState ? 0 : 4)
    return Teacher(
      model, pairs: states.map { .init(student: $0, teacher: $0) }, relationPair: .init(student: 2, teacher: 3))
  }

  var settings: DistillationSettings {
    var settings = DistillationSettings()
    if self == .firstState || self == .everyState { settings.hiddenWeight = 0.5 }
    if self == .oneBlock { (settings.relationWeight, settings.relationHeads) = (0.5, 2) }
    if self == .everyBlock { settings.attentionWeight = 0.5 }
    return settings
  }
}

@Suite struct DistillationTests {
  let teacher, student: TextModel
  let lesson: Lesson

  init() throws {
    try Processor.initialize()
    func make(_ family: Family, seed: UInt64) throws -> TextModel {
      let folder = fixture("distillation/teacher")
      var json = try JSON(path: folder + "/config.json").object ?? [:]
      json["num_hidden_layers"] = 4
      var config = try ModelConfig(json: family.convertedConfig(.object(json), from: .bert), file: "config.json")
      (config.dropout, config.attentionDropout) = (0.1, 0.2)
      return try TextModel(config, nil, kind: .maskedLM, classes: 0, reuseHead: false, seed: seed)
    }
    (teacher, student) = (try make(.bert, seed: 1), try make(.distilbert, seed: 2))
    let batch = Batch([Array(5..<27), [7], Array(20..<31)]), rows: [Int32] = [2, 9, 10, 25, 30]
    lesson = Lesson(
      examples: [0, 1, 2], batch: batch, rows: rows, targets: rows.map { $0 + 5 }, weight: Float(rows.count))
  }

  private struct FreeTask: Task {
    let lengths: [Int] = []
    let given: Lesson
    func tokens(in split: Split) -> Int { 0 }
    func lesson(_ examples: [Int], at step: Int) -> Lesson { given }
    func evaluate(_ model: TextModel, on split: Split, _ run: ParallelFor) -> Evaluation? { nil }
  }

  private struct Step {
    let losses: [Double]
    let gradients: [UInt32]
    let buffers: Int
  }

  private func step(_ settings: DistillationSettings, _ looks: Looks = .lastState, recompute: Bool = false) -> Step {
    student.gradientCheckpointing = recompute
    let objective = Distillation(settings, teachers: [looks.teacher(teacher)], student: student, seed: 0)
    let table = ParameterTable(training: student.parameters + objective.parameters)
    let gradients = Gradients(table), workspace = Workspace()
    let pass = Pass(workspace, gradients: gradients, randomKey: RandomKey(seed: 3, step: 4, shard: 1))
    let losses = objective.losses(student, FreeTask(given: lesson), lesson, of: BatchTotals([lesson]), pass)
    gradients.finish()
    return Step(
      losses: losses, gradients: (0..<gradients.count).map { gradients.pointer[$0].bitPattern },
      buffers: workspace.allocations)
  }

  @Test(arguments: Looks.allCases)
  func `recomputed blocks distil to the same bits, from fewer buffers where some are closed`(_ looks: Looks) {
    let kept = step(looks.settings, looks), again = step(looks.settings, looks, recompute: true)
    #expect(again.losses == kept.losses && again.gradients == kept.gradients)
    #expect(kept.losses.allSatisfy { $0.isFinite && $0 > 0 } && kept.gradients.contains { $0 != 0 })
    if looks.leavesSome { #expect(again.buffers < kept.buffers) }
  }

  @Test func `what a teacher says beside its logits is what it says alone`() {
    var alone = DistillationSettings()
    (alone.klWeight, alone.taskWeight) = (0, 0)
    let both = step(DistillationSettings()), cosine = step(alone)
    #expect(both.losses.last == cosine.losses.last)
  }

  @Test func `without a soft term logits are asked for where there is a target`() {
    var settings = DistillationSettings()
    (settings.klWeight, settings.cosineWeight) = (0, 0)
    let hard = step(settings), all = step(DistillationSettings())
    #expect(abs(hard.losses[0] / all.losses[1] - 1) < 1e-6)
  }
}
