/// Opens a recipe's teachers, and sees that they and the student speak of the same things.
import Adapters
import Autograd
import Checkpoints
import Files
import FoundationEssentials
import Models
import Tasks
import Tokenizers
import Training

/// A teacher that cannot teach this student.
enum TeacherFault: Error, CustomStringConvertible {
  case tokens(teacher: String, student: String)
  case noHead(String)
  case labels(teacher: String, found: [String], wanted: [String])
  case width(teacher: String, Int, student: Int)
  case layer(teacher: String, Int, layers: Int)
  case studentLayer(Int, layers: Int)
  case heads(teacher: String, Int, student: Int)
  case relationHeads(Int, widths: [Int])
  case positions(teacher: String, Int, maxLength: Int)
  case dynamicMasks

  var description: String {
    switch self {
    case .tokens(let teacher, let student):
      "distillation.teachers: \(teacher) reads other token ids than \(student): teacher and student need one vocabulary. "
        + "Start the student from the teacher's folder, or trim both alike (tune tokenizer trim)."
    case .noHead(let path):
      "distillation.teachers: \(path) has no head for this task, and \"soft\" compares logits. "
        + "Fine-tune the teacher first, give its adapter, or set distillation.soft to 0."
    case .labels(let path, let found, let wanted):
      "distillation.teachers: \(path) knows the labels \(found.joined(separator: ", ")); the data and the other teachers "
        + "have \(wanted.joined(separator: ", ")), in this order."
    case .width(let path, let found, let wanted):
      "distillation.cosine: \(path) has hidden states of width \(found), the student of \(wanted). "
        + "Use \"hidden\", which learns a projection, or \"relations\"."
    case .layer(let path, let layer, let layers):
      "distillation: layer \(layer) of \(path) is asked for; it has \(layers) (0 is the embeddings' output)."
    case .studentLayer(let layer, let layers):
      "distillation.match_layers: layer \(layer) of the student is asked for; it has \(layers) (0: the embeddings' output)."
    case .heads(let path, let found, let wanted):
      "distillation.attention: \(path) has \(found) attention heads, the student \(wanted); \"relations\" can compare them."
    case .relationHeads(let heads, let widths):
      "distillation.relation_heads: \(heads) does not divide \(widths.map(String.init).joined(separator: " and "))."
    case .positions(let path, let found, let wanted):
      "distillation.teachers: \(path) reads at most \(found) tokens; data.max_length is \(wanted)."
    case .dynamicMasks:
      "distillation.cache: the masks are drawn anew at every step, and with them every answer. "
        + "Set task.masks to \"fixed\", or leave the cache out."
    }
  }
}

extension RunBuilder {
  /// The recipe's objective, and digests of what it was made from.
  func makeObjective(
    _ student: TextModel, _ work: Work, _ encoder: TextEncoder, inputs: String
  ) throws -> (objective: any Objective, digests: [String], notes: [String]) {
    guard let recipe = recipe.distillation else { return (HardLabels(), [], []) }
    var settings = DistillationSettings()
    (settings.soft, settings.hard, settings.cosine) = (recipe.soft, recipe.hard, recipe.cosine)
    (settings.hidden, settings.attention, settings.relations) = (recipe.hidden, recipe.attention, recipe.relations)
    settings.temperature = recipe.temperature
    settings.scope = recipe.scope == .labelled ? .labelled : .everyToken
    var teachers: [TextModel] = [], digests: [String] = []
    for teacher in recipe.teachers {
      let (model, digest) = try open(teacher, recipe, work, encoder)
      teachers.append(model)
      digests.append(digest)
      settings.pairs = try pairs(recipe.matchLayers, student.config.layers, model.config.layers, teacher.path)
      settings.relationPair = .init(
        student: student.config.layers, teacher: recipe.relationLayer ?? model.config.layers)
      settings.relationHeads = recipe.relationHeads ?? student.config.heads
      try check(settings, teacher.path, model.config, student.config)
    }
    let (cache, notes) = try makeCache(recipe, work, student, settings, key: digests + [inputs])
    return (
      Distillation(settings, teachers: teachers, student: student, cache: cache, seed: UInt64(self.recipe.seed)),
      digests, notes
    )
  }

  private func open(
    _ teacher: Recipe.Distillation.Teacher, _ recipe: Recipe.Distillation, _ work: Work, _ encoder: TextEncoder
  ) throws -> (TextModel, digest: String) {
    let tokenizer = try WordPiece(folder: teacher.path)
    guard tokenizer.settings == encoder.tokenizer.settings, tokenizer.tokens == encoder.tokenizer.tokens else {
      throw TeacherFault.tokens(teacher: teacher.path, student: self.recipe.model.name)
    }
    let config = try ModelConfig(folder: teacher.path)
    guard config.positions >= encoder.maxLength else {
      throw TeacherFault.positions(teacher: teacher.path, config.positions, maxLength: encoder.maxLength)
    }
    let labels = try labelsOf(teacher, config)
    let asksLogits = recipe.soft > 0
    if asksLogits && work.kind != .masked && labels != work.labels {
      throw TeacherFault.labels(teacher: teacher.adapter ?? teacher.path, found: labels, wanted: work.labels)
    }
    let checkpoint = try Checkpoint(folder: teacher.path)
    let model = try TextModel(
      config, checkpoint, kind: work.kind, classes: max(work.labels.count, 1), reuseHead: true, seed: 0)
    var digest = try checkpoint.sha256()
    if let path = teacher.adapter {
      let adapter = try Adapter(folder: path, on: model)
      adapter.attach()
      digest += " " + (try sha256(ofFile: path + "/adapter_model.safetensors"))
      digest += " " + (try sha256(ofFile: path + "/adapter_config.json"))
    } else if asksLogits && !model.fresh.isEmpty {
      throw TeacherFault.noHead(teacher.path)
    }
    model.use(self.recipe.precision)
    return (model, digest)
  }

  private func pairs(
    _ layers: Recipe.Distillation.Layers, _ student: Int, _ teacher: Int, _ path: String
  ) throws -> [DistillationSettings.Pair] {
    switch layers {
    case .last: return [.init(student: student, teacher: teacher)]
    case .uniform:
      return (0...student).map { .init(student: $0, teacher: ($0 * teacher + student / 2) / student) }
    case .pairs(let pairs):
      for pair in pairs {
        if pair[0] > student { throw TeacherFault.studentLayer(pair[0], layers: student) }
        if pair[1] > teacher { throw TeacherFault.layer(teacher: path, pair[1], layers: teacher) }
      }
      return pairs.map { .init(student: $0[0], teacher: $0[1]) }
    }
  }

  private func check(
    _ settings: DistillationSettings, _ path: String, _ teacher: ModelConfig, _ student: ModelConfig
  ) throws {
    if settings.cosine > 0 && teacher.width != student.width {
      throw TeacherFault.width(teacher: path, teacher.width, student: student.width)
    }
    if settings.attention > 0 && teacher.heads != student.heads {
      throw TeacherFault.heads(teacher: path, teacher.heads, student: student.heads)
    }
    guard settings.relations > 0 else { return }
    if settings.relationPair.teacher > teacher.layers {
      throw TeacherFault.layer(teacher: path, settings.relationPair.teacher, layers: teacher.layers)
    }
    let widths = [teacher.width, student.width]
    if widths.contains(where: { $0 % settings.relationHeads != 0 }) {
      throw TeacherFault.relationHeads(settings.relationHeads, widths: widths)
    }
  }

  private func makeCache(
    _ recipe: Recipe.Distillation, _ work: Work, _ student: TextModel, _ settings: DistillationSettings, key: [String]
  ) throws -> (TeacherCache?, notes: [String]) {
    guard let folder = recipe.cache else { return (nil, []) }
    if work.kind == .masked && self.recipe.task.masks == .dynamic { throw TeacherFault.dynamicMasks }
    let rows = work.task.lengths.indices.map { example in
      let lesson = work.task.lesson([example], at: 0)
      return settings.scope == .labelled
        ? lesson.whereLabelled(work.kind).targets.count : lesson.everywhere(work.kind).targets.count
    }
    let k = min(recipe.cacheTop, student.classifier.outputs)
    let what =
      "\(key) \(recipe.temperature) \(recipe.scope) \(k) \(self.recipe.task) \(self.recipe.data) \(self.recipe.seed)"
    let path = folder + "/teacher-" + sha256(of: what).prefix(16) + ".cache"
    let size = TeacherCache.size(rows: rows, k: k)
    try makeFolder(folder)
    let tail = fileExists(path) ? "is there" : "is made"
    let note = "teachers' answers: \(size) bytes for \(rows.reduce(0, +)) rows, \(k) classes each; \(path) \(tail)"
    return (try TeacherCache(path: path, rows: rows, k: k), [note])
  }

  /// Names of the outputs of a teacher's head, in their order: the adapter's tune.json, the folder's, or config.json.
  func labelsOf(_ teacher: Recipe.Distillation.Teacher, _ config: ModelConfig) throws -> [String] {
    let file = (teacher.adapter ?? teacher.path) + "/tune.json"
    guard fileExists(file) else { return config.labels }
    return try JSON(path: file)["labels"]?.array?.compactMap(\.string) ?? config.labels
  }
}
