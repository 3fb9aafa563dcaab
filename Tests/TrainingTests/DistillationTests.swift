/// Tests that gradient checkpointing and shared teacher passes do not change distillation's results.
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

/// What the terms compare, which decides which of the student's blocks can be checkpointed.
enum Compared: CaseIterable {
  /// Logits and the last hidden state; the first state; every state; the second block's attention; every block's.
  case lastState, firstState, everyState, oneBlock, everyBlock

  /// Whether some blocks can be checkpointed.
  var allowsCheckpointing: Bool { self != .everyState && self != .everyBlock }

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
  let labeled: LabeledBatch

  init() throws {
    try Processor.initialize()
    func make(_ family: Family, seed: UInt64) throws -> TextModel {
      let folder = fixture("distillation/teacher")
      var json = try JSON(path: folder + "/config.json").object ?? [:]
      json["num_hidden_layers"] = 4
      var config = try ModelConfig(json: family.convertedConfig(.object(json), from: .bert), file: "config.json")
      (config.dropout, config.attentionDropout) = (0.1, 0.2)
      return try TextModel(config, nil, headType: .maskedLM, classes: 0, reuseHead: false, seed: seed)
    }
    (teacher, student) = (try make(.bert, seed: 1), try make(.distilbert, seed: 2))
    let batch = Batch([Array(5..<27), [7], Array(20..<31)]), rows: [Int32] = [2, 9, 10, 25, 30]
    labeled = LabeledBatch(
      examples: [0, 1, 2], input: batch, rows: rows, targets: .classes(rows.map { $0 + 5 }), weight: Float(rows.count))
  }

  private struct FixedTask: Task {
    let lengths: [Int] = []
    let fixedBatch: LabeledBatch
    func tokens(in split: Split) -> Int { 0 }
    func batch(_ examples: [Int], at step: Int) -> LabeledBatch { fixedBatch }
    func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }
  }

  private struct Step {
    let losses: [Double]
    let gradients: [UInt32]
    let buffers: Int
  }

  private func step(
    _ settings: DistillationSettings, _ compared: Compared = .lastState, checkpointing: Bool = false
  ) -> Step {
    student.gradientCheckpointing = checkpointing
    let objective = Distillation(settings, teachers: [compared.teacher(teacher)], student: student, seed: 0)
    let table = ParameterTable(training: student.parameters + objective.parameters)
    let gradients = Gradients(table), workspace = Workspace()
    let pass = Pass(workspace, gradients: gradients, randomKey: RandomKey(seed: 3, step: 4, shard: 1))
    let losses = objective.losses(
      student, adapters: .none, FixedTask(fixedBatch: labeled), labeled, totals: BatchTotals([labeled]), pass)
    gradients.finish()
    return Step(
      losses: losses, gradients: (0..<gradients.count).map { gradients.pointer[$0].bitPattern },
      buffers: workspace.allocations)
  }

  @Test(arguments: Compared.allCases)
  func `gradient checkpointing distills to the same bits, with fewer buffers where blocks allow it`(
    _ compared: Compared
  ) {
    let plain = step(compared.settings, compared)
    let checkpointed = step(compared.settings, compared, checkpointing: true)
    #expect(checkpointed.losses == plain.losses && checkpointed.gradients == plain.gradients)
    #expect(plain.losses.allSatisfy { $0.isFinite && $0 > 0 } && plain.gradients.contains { $0 != 0 })
    if compared.allowsCheckpointing { #expect(checkpointed.buffers < plain.buffers) }
  }

  @Test func `the cosine loss is the same with and without the teacher's logits`() {
    var settings = DistillationSettings()
    (settings.klWeight, settings.taskWeight) = (0, 0)
    let all = step(DistillationSettings()), cosine = step(settings)
    #expect(all.losses.last == cosine.losses.last)
  }

  @Test func `the task loss is the same with logits of labeled tokens only`() {
    var settings = DistillationSettings()
    (settings.klWeight, settings.cosineWeight) = (0, 0)
    let task = step(settings), all = step(DistillationSettings())
    #expect(abs(task.losses[0] / all.losses[1] - 1) < 1e-6)
  }
}
