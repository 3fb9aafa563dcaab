/// Builds the model, trainable parameters and objective of a workload.
import Adapters
import Autograd
import Encoders
import Kernels
import Training

enum LowRank {
  static let rank = 8
  static let alpha = 16.0
}

/// A randomly initialized model, its trainable parameters, and the objective.
struct Engine {
  let model: TextModel
  let adapters: RowAdapters
  let table: ParameterTable
  let objective: any Objective

  /// As in PEFT, LoRA for sequence classification also trains the classifier and leaves the pooler frozen.
  init(_ workload: Workload, _ config: ModelConfig, _ precision: InferencePrecision, gradientCheckpointing: Bool) throws
  {
    guard workload.mode != .distil else {
      let student = try workload.student(of: config)
      try self.init(
        student, of: config, headType: .maskedLM, DistillationSettings(), precision.products,
        gradientCheckpointing: gradientCheckpointing)
      return
    }
    let model = try TextModel(
      config, nil, headType: .sequenceClassification, classes: Synthetic.classes, reuseHead: false, seed: 0)
    var trained: [Parameter] = [], set: AdapterSet?
    if workload.mode == .full { trained = model.parameters }
    if workload.mode == .lora {
      var lora = LoRAConfig()
      (lora.rank, lora.alpha, lora.modules.targets) = (LowRank.rank, LowRank.alpha, .suffixes(workload.shape.targets))
      let adapter = try Adapter(lora, on: model, seed: 0)
      (trained, set) = (adapter.trainable, adapter.set)
    }
    if precision == .int8 { model.quantize() }
    self.init(
      model, set, trained, TaskLoss(), precision.products, hasGradients: workload.mode != .infer,
      gradientCheckpointing: gradientCheckpointing)
  }

  /// A student whose parameters are all trained, and its frozen teacher.
  init(
    _ student: ModelConfig, of teacher: ModelConfig, headType: HeadType, _ settings: DistillationSettings,
    _ precision: Precision, gradientCheckpointing: Bool, cache: TeacherCache? = nil
  ) throws {
    func make(_ config: ModelConfig, seed: UInt64) throws -> TextModel {
      try TextModel(config, nil, headType: headType, classes: Synthetic.classes, reuseHead: false, seed: seed)
    }
    let student = try make(student, seed: 0), teacher = try make(teacher, seed: 1)
    teacher.setPrecision(precision, hasGradients: false)
    self.init(
      student, nil, student.parameters,
      Distillation(settings, teachers: [Teacher(teacher)], student: student, cache: cache, seed: 0), precision,
      gradientCheckpointing: gradientCheckpointing)
  }

  private init(
    _ model: TextModel, _ set: AdapterSet?, _ trained: [Parameter], _ objective: any Objective, _ precision: Precision,
    hasGradients: Bool = true, gradientCheckpointing: Bool
  ) {
    table = ParameterTable(training: trained)
    model.setPrecision(precision, adapters: [set].compactMap { $0 }, hasGradients: hasGradients)
    model.gradientCheckpointing = gradientCheckpointing
    (self.model, adapters, self.objective) = (model, RowAdapters(set), objective)
  }

  var trainableParameters: Int { table.parameters.reduce(0) { $0 + $1.count } }
}
