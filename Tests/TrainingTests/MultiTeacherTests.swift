/// Tests several teachers: the KL term uses the mean of their logits, the other terms the mean of their losses.
import Autograd
import Encoders
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

@Suite struct MultiTeacherTests {
  private let bench: MaskedBench
  private let task: MaskedLMTask
  private let deep, shallow, student: TextModel

  init() throws {
    bench = try MaskedBench()
    task = try bench.task()
    (deep, shallow) = (try MaskedBench.model("teacher"), try MaskedBench.model("student"))
    student = try MaskedBench.model("student", dropout: 0.3)
  }

  private func losses(_ settings: DistillationSettings, _ teachers: [Teacher]) -> [Double] {
    let objective = Distillation(settings, teachers: teachers, student: student, seed: 0)
    return step([task.batch([0, 1, 2], at: 0), task.batch([3], at: 0)], objective, task, student).losses
  }

  private func only(_ change: (inout DistillationSettings) -> Void) -> DistillationSettings {
    var settings = DistillationSettings()
    (settings.klWeight, settings.taskWeight, settings.cosineWeight, settings.relationHeads) = (0, 0, 0, 4)
    change(&settings)
    return settings
  }

  /// Teachers of four and two layers, compared at evenly spaced layers.
  private var both: [Teacher] {
    [
      Teacher(
        deep, pairs: [.init(student: 0, teacher: 0), .init(student: 1, teacher: 2), .init(student: 2, teacher: 4)],
        relationPair: .init(student: 2, teacher: 4)),
      Teacher(
        shallow, pairs: (0...2).map { .init(student: $0, teacher: $0) }, relationPair: .init(student: 2, teacher: 2)),
    ]
  }

  @Test func `hidden-state terms are means over teachers, each with its own layer pairs`() {
    let terms: [DistillationSettings] = [
      only { $0.cosineWeight = 1 }, only { $0.hiddenWeight = 1 }, only { $0.attentionWeight = 1 },
      only { $0.relationWeight = 1 },
    ]
    for settings in terms {
      let first = losses(settings, [both[0]])[0], second = losses(settings, [both[1]])[0]
      #expect(abs(losses(settings, both)[0] - (first + second) / 2) < 1e-6 * max(1, first + second))
      #expect(first > 0 && second > 0 && first != second)
    }
  }

  @Test func `the KL term uses the mean logits`() throws {
    let settings = only { $0.klWeight = 1 }
    #expect(abs(losses(settings, [both[0], both[0]])[0] - losses(settings, [both[0]])[0]) < 1e-6)
    // KL is convex in the teacher: that of the mean is at most the mean of both.
    let first = losses(settings, [both[0]])[0], second = losses(settings, [both[1]])[0]
    #expect(losses(settings, both)[0] < (first + second) / 2)
    let batch = task.batch([0], at: 0), pass = Pass(Workspace())
    func logits(_ model: TextModel) -> [Float] { model(batch.input, pass).array }
    let (a, b) = (logits(deep), logits(shallow))
    #expect(mean([deep(batch.input, pass), shallow(batch.input, pass)]).array == zip(a, b).map { ($0 + $1) / 2 })
  }

  @Test func `each pair has its own projection, also with the same student layer`() throws {
    let pairs: [Teacher.Pair] = [.init(student: 1, teacher: 2), .init(student: 1, teacher: 4)]
    let student = try TextModel(
      folder: fixture("distillation/narrow-student"), headType: .tokenClassification, classes: 5, reuseHead: true)
    let objective = Distillation(
      only { $0.hiddenWeight = 1 }, teachers: [Teacher(deep, pairs: pairs)], student: student, seed: 1)
    let parameters = objective.parameters
    #expect(parameters.count == 4 && Set(parameters.map(\.name)).count == 4)
    #expect(Array(parameters[0].values) != Array(parameters[2].values))
  }

  @Test func `a student equal to its teacher has zero loss and gradient`() throws {
    let settings = only {
      ($0.klWeight, $0.cosineWeight, $0.hiddenWeight, $0.attentionWeight, $0.relationWeight) = (1, 1, 1, 1, 1)
    }
    let copy = try MaskedBench.model("student")
    let objective = Distillation(settings, teachers: [both[1]], student: copy, seed: 0)
    let found = step([task.batch([0, 1], at: 0)], objective, task, copy)
    #expect(found.losses.allSatisfy { abs($0) < 1e-5 } && found.losses.count == 5)
    #expect(found.gradients.allSatisfy { abs($0) < 1e-4 })
  }

  @Test func `hidden-state terms do not train the head`() throws {
    let objective = Distillation(only { $0.hiddenWeight = 1 }, teachers: both, student: student, seed: 0)
    let found = step([task.batch([0, 1], at: 0), task.batch([2], at: 0)], objective, task, student, threads: 2)
    let bias = try #require(student.classifier.bias)
    #expect(found.gradients[(bias.offset ?? 0)..<(bias.offset ?? 0) + bias.count].allSatisfy { $0 == 0 })
    let wordEmbeddings = student.parameters[0]
    #expect(
      found.gradients[(wordEmbeddings.offset ?? 0)..<(wordEmbeddings.offset ?? 0) + wordEmbeddings.count].contains {
        $0 != 0
      })
  }
}
