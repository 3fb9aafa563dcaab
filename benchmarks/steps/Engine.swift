/// The models of a workload, ready to run: what is measured of the engine, and how it is asked for.
import Adapters
import Autograd
import Kernels
import Models
import Training

enum LowRank {
  static let rank = 8
  static let alpha = 16.0
}

/// A model with random weights, what of it learns, and from what.
struct Engine {
  let model: TextModel
  let table: ParameterTable
  let objective: any Objective

  /// As PEFT does for a sequence classification, LoRA trains the classifier too and leaves the pooler frozen.
  init(_ workload: Workload, _ config: ModelConfig, _ precision: Precision, recompute: Bool) throws {
    guard workload.what != .distil else {
      let student = try workload.student(of: config)
      try self.init(student, of: config, kind: .maskedLM, DistillationSettings(), precision, recompute: recompute)
      return
    }
    let model = try TextModel(
      config, nil, kind: .sequenceClassification, classes: Synthetic.classes, reuseHead: false, seed: 0)
    var trained: [Parameter] = []
    if workload.what == .full { trained = model.parameters }
    if workload.what == .lora {
      var lora = LoRAConfig()
      (lora.rank, lora.alpha, lora.modules.targets) = (LowRank.rank, LowRank.alpha, .suffixes(["query", "value"]))
      let adapter = try Adapter(lora, on: model, seed: 0)
      adapter.attach()
      trained = adapter.trainable
    }
    self.init(model, trained, TaskLoss(), precision, recompute: recompute)
  }

  /// A student, all of which learns, and its frozen teacher.
  init(
    _ student: ModelConfig, of teacher: ModelConfig, kind: HeadType, _ settings: DistillationSettings,
    _ precision: Precision, recompute: Bool, cache: TeacherCache? = nil
  ) throws {
    func make(_ config: ModelConfig, seed: UInt64) throws -> TextModel {
      try TextModel(config, nil, kind: kind, classes: Synthetic.classes, reuseHead: false, seed: seed)
    }
    let student = try make(student, seed: 0), teacher = try make(teacher, seed: 1)
    teacher.setPrecision(precision)
    self.init(
      student, student.parameters,
      Distillation(settings, teachers: [Teacher(teacher)], student: student, cache: cache, seed: 0), precision,
      recompute: recompute)
  }

  private init(
    _ model: TextModel, _ trained: [Parameter], _ objective: any Objective, _ precision: Precision, recompute: Bool
  ) {
    table = ParameterTable(training: trained)
    model.setPrecision(precision)
    model.gradientCheckpointing = recompute
    (self.model, self.objective) = (model, objective)
  }

  var trainableParameters: Int { table.parameters.reduce(0) { $0 + $1.count } }
}
