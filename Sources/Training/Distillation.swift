/// A student learns what teachers say of the same text, beside or instead of labels (Hinton et al. 2015; DistilBERT,
/// Sanh et al. 2019; TinyBERT, Jiao et al. 2020; MiniLM v2, Wang et al. 2021).
public import Autograd
public import Models
public import Tasks

/// Sendable: teachers are only read; the projections are parameters of the run like others.
public final class Distillation: Objective, @unchecked Sendable {
  private let settings: DistillationSettings
  private let teachers: [Teacher]
  private let studentLayers: Int
  /// What the teachers said, kept on disk; nil: they are asked every time.
  private let cache: TeacherCache?
  /// By teacher and pair: from the student's width to the teacher's, where they differ.
  private let projections: [[LinearPart?]]

  /// - Parameter teachers: frozen, with the student's vocabulary; the loss is the mean over them.
  public init(
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
        return LinearPart(weight: weight, bias: Parameter(name + ".bias", shape: [to]))
      }
    }
  }

  public var parameters: [Parameter] {
    projections.joined().compactMap { $0 }.flatMap { [$0.weight, $0.bias].compactMap { $0 } }
  }

  public func compares(below state: Int, of model: TextModel) -> Bool {
    trace(model, teachers, \.student).captures(below: state)
  }

  public var terms: [String] { settings.terms.map(\.name) }

  public func losses(
    _ model: TextModel, _ task: any Task, _ lesson: Lesson, of whole: BatchTotals, _ pass: Pass
  ) -> [Double] {
    // Without a soft term logits count only where there is a target.
    let isEverywhere = settings.klWeight > 0 && settings.klTokens == .all
    let lesson = isEverywhere ? lesson.everywhere(model.headType) : lesson.whereLabelled(model.headType)
    let mine = trace(model, teachers, \.student), theirs = teachers.map { trace($0.model, [$0], \.teacher) }
    var losses: [String: Double] = [:]
    if settings.klWeight > 0 || settings.taskWeight > 0 {
      let logits = model(lesson.batch, rows: lesson.rows, trace: mine, pass)
      // The soft term first: the hard one may overwrite the logits.
      if settings.klWeight > 0 { losses["kl"] = klLoss(logits, lesson, theirs, of: whole, pass) }
      if settings.taskWeight > 0 { losses["task"] = taskLoss(logits, lesson, task, of: whole, pass) }
    } else {
      model.record(lesson.batch, in: mine, pass)
    }
    if settings.comparesHiddenStates { losses.merge(hiddenLosses(mine, theirs, lesson, of: whole, pass)) { $1 } }
    pass.backward()
    return terms.map { losses[$0] ?? 0 }
  }

  /// What the terms look at of one side's forward.
  private func trace(_ model: TextModel, _ teachers: [Teacher], _ side: KeyPath<Teacher.Pair, Int>) -> Trace {
    let paired = teachers.flatMap(\.pairs).map { $0[keyPath: side] }
    var states: Set<Int> = [], blocks: Set<Int> = []
    if settings.cosineWeight > 0 { states.insert(model.config.numHiddenLayers) }
    if settings.hiddenWeight > 0 { states.formUnion(paired) }
    if settings.attentionWeight > 0 { blocks.formUnion(paired.filter { $0 > 0 }) }
    if settings.relationWeight > 0 { blocks.formUnion(teachers.map { $0.relationPair[keyPath: side] }) }
    return Trace(states: states, blocks: blocks)
  }

  /// The teachers' forwards leave in their traces what the other terms compare: nobody is asked twice.
  private func klLoss(
    _ logits: Tensor, _ lesson: Lesson, _ traces: [Trace], of whole: BatchTotals, _ pass: Pass
  ) -> Double {
    let rows = settings.klTokens == .all ? whole.tokens : whole.labeled
    let (temperature, scale) = (Float(settings.temperature), Float(settings.klWeight / Double(max(rows, 1))))
    func ask() -> Tensor {
      mean(
        zip(teachers, traces).map { $0.model(lesson.batch, rows: lesson.rows, trace: $1, Pass(pass.workspace)) })
    }
    guard let cache else {
      return divergence(logits, from: ask(), temperature: temperature, scale: scale, pass)
    }
    let top = cache.logProbabilities(to: lesson, temperature: temperature, ask)
    return divergence(logits, from: top, temperature: temperature, scale: scale, pass)
  }

  /// The task's own loss, of the rows that have a target: a vocabulary's logits are not swept for the sake of the others.
  private func taskLoss(
    _ logits: Tensor, _ lesson: Lesson, _ task: any Task, of whole: BatchTotals, _ pass: Pass
  ) -> Double {
    let rows = lesson.targets.indices.filter { lesson.targets[$0] >= 0 }
    let labelled = rows.count < logits.rows ? gather(logits, rows: rows.map(Int32.init), pass) : logits
    return task.loss(
      of: labelled, rows.map { lesson.targets[$0] }, norm: whole.weight / Float(settings.taskWeight), pass)
  }
}

extension Distillation {
  /// The terms that compare states and attention, each the mean over the teachers.
  private func hiddenLosses(
    _ mine: Trace, _ traces: [Trace], _ lesson: Lesson, of whole: BatchTotals, _ pass: Pass
  ) -> [String: Double] {
    var losses: [String: Double] = [:]
    let starts = lesson.batch.sequenceOffsets
    for (number, teacher) in teachers.enumerated() {
      let (theirs, projections, model) = (traces[number], projections[number], teacher.model)
      // Whose logits were asked for has been through its blocks already.
      if theirs.isEmpty { model.record(lesson.batch, in: theirs, Pass(pass.workspace)) }
      /// A weight's share of one of `count` equal things.
      func scale(_ weight: Double, _ count: Int) -> Float { Float(weight / Double(teachers.count * max(count, 1))) }
      func add(_ term: String, _ loss: Double) { losses[term, default: 0] += loss }

      if settings.cosineWeight > 0 {
        let x = mine.hiddenState(studentLayers), t = theirs.hiddenState(model.config.numHiddenLayers)
        add("cosine", cosineDistance(x, from: t, scale: scale(settings.cosineWeight, whole.tokens), pass))
      }
      for (pair, projection) in zip(teacher.pairs, projections) where settings.hiddenWeight > 0 {
        let state = mine.hiddenState(pair.student), t = theirs.hiddenState(pair.teacher)
        let x = projection.map { linear(state, [$0], pass) } ?? state
        add("hidden", squaredError(x, from: t, scale: scale(settings.hiddenWeight, whole.tokens * t.columns), pass))
      }
      for pair in teacher.pairs where settings.attentionWeight > 0 && pair.student > 0 && pair.teacher > 0 {
        let heads = model.config.numAttentionHeads
        add(
          "attention",
          scoreError(
            mine.queryKeyValue(pair.student), from: theirs.queryKeyValue(pair.teacher), sequenceOffsets: starts,
            heads: heads, scale: scale(settings.attentionWeight, heads * whole.scores), pass))
      }
      if settings.relationWeight > 0 {
        let pair = teacher.relationPair, heads = settings.relationHeads
        add(
          "relation",
          relationDivergence(
            mine.queryKeyValue(pair.student), from: theirs.queryKeyValue(pair.teacher), sequenceOffsets: starts,
            heads: heads, scale: scale(settings.relationWeight, 3 * heads * whole.tokens), pass))
      }
    }
    return losses
  }
}
