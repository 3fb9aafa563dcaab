/// Knowledge distillation: the student is trained on the teachers' outputs, with or without labels (Hinton et al. 2015;
/// DistilBERT, Sanh et al. 2019; TinyBERT, Jiao et al. 2020; MiniLM v2, Wang et al. 2021).
package import Autograd
package import Encoders
package import Tasks

/// Sendable: teachers are read only; the projections are trainable parameters like the model's.
package final class Distillation: Objective, @unchecked Sendable {
  private let settings: DistillationSettings
  private let teachers: [Teacher]
  private let studentLayers: Int
  /// The teachers' log-probabilities on disk; nil: the teachers run at every step.
  private let cache: TeacherCache?
  /// By teacher and layer pair: maps the student's hidden size to the teacher's; nil where both are equal.
  private let projections: [[LinearWeights?]]

  /// - Parameter teachers: frozen, with the student's vocabulary; the loss is the mean over them.
  package init(
    _ settings: DistillationSettings, teachers: [Teacher], student: TextModel, cache: TeacherCache? = nil,
    seed: UInt64
  ) {
    self.settings = settings
    self.teachers = teachers
    studentLayers = student.config.numHiddenLayers
    self.cache = cache
    projections = teachers.enumerated().map { number, teacher in
      teacher.pairs.map { pair in
        let (from, to) = (student.config.hiddenSize, teacher.model.config.hiddenSize)
        guard settings.hiddenWeight > 0, from != to else { return nil }
        let name = "distillation.\(number).projection.\(pair.student).\(pair.teacher)"
        let weight = Parameter(name + ".weight", shape: [to, from])
        Initializer.normal(0.02).fill(weight, seed: seed)
        return LinearWeights(weight: weight, bias: Parameter(name + ".bias", shape: [to]))
      }
    }
  }

  package var parameters: [Parameter] {
    projections.joined().compactMap { $0 }.flatMap { [$0.weight, $0.bias].compactMap { $0 } }
  }

  package func comparesHiddenStates(below state: Int, of model: TextModel) -> Bool {
    trace(model, teachers, \.student).captures(below: state)
  }

  /// A KL term over all tokens and the terms that compare hidden states have a gradient without a target.
  package var requiresTargets: Bool { !settings.needsAllLogits && !settings.comparesHiddenStates }

  package var terms: [String] { settings.terms.map(\.name) }

  package func losses(
    _ model: TextModel, adapters: RowAdapters, _ task: any Task, _ batch: LabeledBatch, totals: BatchTotals,
    _ pass: Pass
  ) -> [Double] {
    // Without a KL term over all tokens, only rows with a target need logits.
    let batch = settings.needsAllLogits ? batch.withAllRows(model.headType) : batch.withLabeledRows(model.headType)
    let studentTrace = trace(model, teachers, \.student)
    let teacherTraces = teachers.map { trace($0.model, [$0], \.teacher) }
    var losses: [String: Double] = [:]
    if settings.klWeight > 0 || settings.taskWeight > 0 {
      let logits = model(batch.input, adapters: adapters, rows: batch.rows, trace: studentTrace, pass)
      // KL first: the task's loss may overwrite the logits with their gradient.
      if settings.klWeight > 0 { losses["kl"] = klLoss(logits, batch, task, teacherTraces, totals, pass) }
      if settings.taskWeight > 0 {
        losses["task"] = taskLoss(logits, batch, task, adapters.outputLayers(of: model).chain, totals, pass)
      }
    } else {
      model.encode(batch.input, adapters: adapters, trace: studentTrace, pass)
    }
    if settings.comparesHiddenStates {
      losses.merge(hiddenLosses(studentTrace, teacherTraces, batch, totals, pass)) { $1 }
    }
    pass.backward()
    return terms.map { losses[$0] ?? 0 }
  }

  /// The hidden states and attention blocks of `model` that the terms compare.
  private func trace(_ model: TextModel, _ teachers: [Teacher], _ side: KeyPath<Teacher.Pair, Int>) -> Trace {
    let paired = teachers.flatMap(\.pairs).map { $0[keyPath: side] }
    var states: Set<Int> = [], blocks: Set<Int> = []
    if settings.cosineWeight > 0 { states.insert(model.config.numHiddenLayers) }
    if settings.hiddenWeight > 0 { states.formUnion(paired) }
    if settings.attentionWeight > 0 { blocks.formUnion(paired.filter { $0 > 0 }) }
    if settings.relationWeight > 0 { blocks.formUnion(teachers.map { $0.relationPair[keyPath: side] }) }
    return Trace(states: states, blocks: blocks)
  }

  /// The teachers' forward passes also fill `traces`, so that the other terms need no second pass.
  private func klLoss(
    _ logits: Tensor, _ batch: LabeledBatch, _ task: any Task, _ traces: [Trace], _ totals: BatchTotals, _ pass: Pass
  ) -> Double {
    let rows = settings.klTokens == .all ? totals.rows : totals.labeled
    let (temperature, scale) = (Float(settings.temperature), Float(settings.klWeight / Double(max(rows, 1))))
    func computeLogits() -> Tensor {
      mean(
        zip(teachers, traces).map {
          $0.model(batch.input, adapters: $0.adapters, rows: batch.rows, trace: $1, Pass(pass.workspace))
        })
    }
    guard let cache else {
      return task.divergence(
        logits, batch.targets, from: computeLogits(), temperature: temperature, scale: scale, pass)
    }
    let top = cache.logProbabilities(for: batch, temperature: temperature, computeLogits)
    return divergence(logits, from: top, temperature: temperature, scale: scale, pass)
  }

  /// The task's loss. Only rows with a target are gathered: a row over the vocabulary is expensive.
  private func taskLoss(
    _ logits: Tensor, _ batch: LabeledBatch, _ task: any Task, _ chain: ChainWeights?, _ totals: BatchTotals,
    _ pass: Pass
  ) -> Double {
    guard batch.targets.isByRow else {
      return task.loss(of: logits, batch.targets, chain, norm: totals.weight / Float(settings.taskWeight), pass)
    }
    let rows = batch.targets.labeled
    let labeled = rows.count < logits.rows ? gather(logits, rows: rows.map(Int32.init), pass) : logits
    return task.loss(
      of: labeled, batch.targets.selecting(rows), chain, norm: totals.weight / Float(settings.taskWeight), pass)
  }
}

extension Distillation {
  /// The terms that compare hidden states and attention, each the mean over the teachers.
  private func hiddenLosses(
    _ studentTrace: Trace, _ teacherTraces: [Trace], _ batch: LabeledBatch, _ totals: BatchTotals, _ pass: Pass
  ) -> [String: Double] {
    var losses: [String: Double] = [:]
    let sequenceOffsets = batch.input.sequenceOffsets
    for (number, teacher) in teachers.enumerated() {
      let (teacherTrace, projections, model) = (teacherTraces[number], projections[number], teacher.model)
      // The trace is already filled if the KL term ran the teacher.
      if teacherTrace.isEmpty {
        model.encode(batch.input, adapters: teacher.adapters, trace: teacherTrace, Pass(pass.workspace))
      }
      /// Makes the loss `weight` times the mean over the teachers and over `count` elements.
      func scale(_ weight: Double, _ count: Int) -> Float { Float(weight / Double(teachers.count * max(count, 1))) }
      func add(_ term: String, _ loss: Double) { losses[term, default: 0] += loss }

      if settings.cosineWeight > 0 {
        let x = studentTrace.hiddenState(studentLayers), t = teacherTrace.hiddenState(model.config.numHiddenLayers)
        add("cosine", cosineDistance(x, from: t, scale: scale(settings.cosineWeight, totals.tokens), pass))
      }
      for (pair, projection) in zip(teacher.pairs, projections) where settings.hiddenWeight > 0 {
        let state = studentTrace.hiddenState(pair.student), t = teacherTrace.hiddenState(pair.teacher)
        let x = projection.map { linear(state, [$0], pass) } ?? state
        add("hidden", squaredError(x, from: t, scale: scale(settings.hiddenWeight, totals.tokens * t.columns), pass))
      }
      for pair in teacher.pairs where settings.attentionWeight > 0 && pair.student > 0 && pair.teacher > 0 {
        let heads = model.config.numAttentionHeads
        add(
          "attention",
          scoreError(
            studentTrace.queryKeyValue(pair.student), from: teacherTrace.queryKeyValue(pair.teacher),
            sequenceOffsets: sequenceOffsets, heads: heads,
            scale: scale(settings.attentionWeight, heads * totals.scores), pass))
      }
      if settings.relationWeight > 0 {
        let pair = teacher.relationPair, heads = settings.relationHeads
        add(
          "relation",
          relationDivergence(
            studentTrace.queryKeyValue(pair.student), from: teacherTrace.queryKeyValue(pair.teacher),
            sequenceOffsets: sequenceOffsets, heads: heads,
            scale: scale(settings.relationWeight, 3 * heads * totals.tokens), pass))
      }
    }
    return losses
  }
}
