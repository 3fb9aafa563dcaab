/// A student learns what teachers say of the same text, beside or instead of labels (Hinton et al. 2015; DistilBERT,
/// Sanh et al. 2019; TinyBERT, Jiao et al. 2020; MiniLM v2, Wang et al. 2021).
public import Autograd
public import Models
public import Tasks

public struct DistillationSettings: Sendable, Equatable {
  /// Which rows of logits the soft term compares.
  public enum Scope: Sendable { case everyToken, labelled }

  /// Weights of the terms; 0: the term is left out. The defaults are DistilBERT's.
  public var soft = 5.0, hard = 2.0, cosine = 1.0, hidden = 0.0, attention = 0.0, relations = 0.0
  /// Both sides' logits are divided by it for the soft term, which is then multiplied by its square.
  public var temperature = 2.0
  public var scope = Scope.everyToken
  /// Into how many heads `relations` cuts queries, keys and values.
  public var relationHeads = 12

  public init() {}

  var looksInside: Bool { cosine > 0 || hidden > 0 || attention > 0 || relations > 0 }

  /// The terms that count, with their weights.
  public var terms: [(name: String, weight: Double)] {
    [
      ("soft", soft), ("hard", hard), ("cosine", cosine), ("hidden", hidden), ("attention", attention),
      ("relations", relations),
    ].filter { $0.1 > 0 }
  }
}

/// Who teaches, and which of its layers the student's are held against.
public struct Teacher: Sendable {
  /// 0 is the embeddings' output, k that of the k-th block.
  public struct Pair: Sendable, Hashable {
    public let student, teacher: Int

    public init(student: Int, teacher: Int) {
      self.student = student
      self.teacher = teacher
    }
  }

  public let model: TextModel
  /// States that `hidden` and `attention` match; no two are the same.
  public let pairs: [Pair]
  /// States whose blocks `relations` compares.
  public let relationPair: Pair

  public init(_ model: TextModel, pairs: [Pair] = [], relationPair: Pair = Pair(student: 1, teacher: 1)) {
    self.model = model
    self.pairs = pairs
    self.relationPair = relationPair
  }
}

/// Sendable: teachers are only read; the projections are parameters of the run like others.
public final class Distillation: Objective, @unchecked Sendable {
  private let settings: DistillationSettings
  private let teachers: [Teacher]
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
    self.cache = cache
    projections = teachers.enumerated().map { number, teacher in
      teacher.pairs.map { pair in
        let (from, to) = (student.config.width, teacher.model.config.width)
        guard settings.hidden > 0, from != to else { return nil }
        let name = "distillation.\(number).projection.\(pair.student).\(pair.teacher)"
        let weight = Parameter(name + ".weight", shape: [to, from])
        Start.normal(0.02).fill(weight, seed: seed)
        return LinearPart(weight: weight, bias: Parameter(name + ".bias", shape: [to]))
      }
    }
  }

  public var parameters: [Parameter] {
    projections.joined().compactMap { $0 }.flatMap { [$0.weight, $0.bias].compactMap { $0 } }
  }

  public var terms: [String] { settings.terms.map(\.name) }

  public func losses(
    _ model: TextModel, _ task: any Task, _ lesson: Lesson, of whole: LessonSize, _ pass: Pass
  ) -> [Double] {
    let asksLogits = settings.soft > 0 || settings.hard > 0
    let lesson = settings.scope == .everyToken ? lesson.everywhere(model.kind) : lesson.whereLabelled(model.kind)
    let trace = settings.looksInside ? Trace() : nil
    let logits = asksLogits ? model(lesson.batch, rows: lesson.rows, trace: trace, pass) : nil
    if !asksLogits {
      _ = model.encoder(
        lesson.batch, precision: model.precision, recompute: model.recompute, trace: trace, pass)
    }
    var losses: [String: Double] = [:]
    if let logits {
      // The soft term first: the hard one overwrites the logits.
      if settings.soft > 0 { losses["soft"] = soft(logits, lesson, of: whole, pass) }
      if settings.hard > 0 {
        losses["hard"] = task.loss(
          of: logits, lesson.targets, norm: whole.weight / Float(settings.hard), pass)
      }
    }
    if let trace { losses.merge(inside(trace, lesson, of: whole, pass)) { $1 } }
    pass.backward()
    return terms.map { losses[$0] ?? 0 }
  }

  private func soft(_ logits: Tensor, _ lesson: Lesson, of whole: LessonSize, _ pass: Pass) -> Double {
    let rows = settings.scope == .everyToken ? whole.tokens : whole.labelled
    let (temperature, scale) = (Float(settings.temperature), Float(settings.soft / Double(max(rows, 1))))
    func ask() -> Tensor {
      let answers = teachers.map { $0.model(lesson.batch, rows: lesson.rows, Pass(pass.workspace)) }
      return mean(answers)
    }
    guard let cache else {
      return divergence(logits, from: ask(), temperature: temperature, scale: scale, pass)
    }
    let top = cache.answers(to: lesson, temperature: temperature, ask)
    return divergence(logits, from: top, temperature: temperature, scale: scale, pass)
  }
}

extension Distillation {
  /// The terms that compare states and attention, each the mean over the teachers.
  private func inside(_ mine: Trace, _ lesson: Lesson, of whole: LessonSize, _ pass: Pass) -> [String: Double] {
    var losses: [String: Double] = [:]
    let starts = lesson.batch.starts
    for (teacher, projections) in zip(teachers, projections) {
      let theirs = Trace(), model = teacher.model
      _ = model.encoder(lesson.batch, precision: model.precision, trace: theirs, Pass(pass.workspace))
      /// A weight's share of one of `count` equal things.
      func scale(_ weight: Double, _ count: Int) -> Float { Float(weight / Double(teachers.count * max(count, 1))) }
      func add(_ term: String, _ loss: Double) { losses[term, default: 0] += loss }

      if settings.cosine > 0, let x = mine.states.last, let t = theirs.states.last {
        add("cosine", cosineDistance(x, from: t, scale: scale(settings.cosine, whole.tokens), pass))
      }
      for (pair, projection) in zip(teacher.pairs, projections) where settings.hidden > 0 {
        let state = mine.states[pair.student], t = theirs.states[pair.teacher]
        let x = projection.map { linear(state, [$0], pass) } ?? state
        add("hidden", squaredError(x, from: t, scale: scale(settings.hidden, whole.tokens * t.columns), pass))
      }
      for pair in teacher.pairs where settings.attention > 0 && pair.student > 0 && pair.teacher > 0 {
        let heads = model.config.heads
        add(
          "attention",
          scoreError(
            mine.queryKeyValues[pair.student - 1], from: theirs.queryKeyValues[pair.teacher - 1], starts: starts,
            heads: heads, scale: scale(settings.attention, heads * whole.scores), pass))
      }
      if settings.relations > 0 {
        let pair = teacher.relationPair, heads = settings.relationHeads
        add(
          "relations",
          relationDivergence(
            mine.queryKeyValues[pair.student - 1], from: theirs.queryKeyValues[pair.teacher - 1], starts: starts,
            heads: heads, scale: scale(settings.relations, 3 * heads * whole.tokens), pass))
      }
    }
    return losses
  }
}
