/// Opens a recipe's teachers, and sees that they and the student speak of the same things.
import Adapters
import Autograd
import Checkpoints
import Files
import Kernels
import Models
import Tasks
import Tokenizers
import Training

extension RunBuilder {
  /// What a run learns by, and what it was made from.
  struct Teaching {
    var objective: any Objective = HardLabels()
    var cache: TeacherCache?
    /// Of all that the teachers are.
    var digests: [String] = []
    var notes: [String] = []
  }

  func makeTeaching(_ student: TextModel, _ work: Work, _ encoder: TextEncoder) throws -> Teaching {
    guard let recipe = recipe.distillation else { return Teaching() }
    var settings = DistillationSettings(recipe)
    settings.relationHeads = recipe.relationHeads ?? student.config.heads
    var teaching = Teaching(), teachers: [Teacher] = []
    for place in recipe.teachers {
      let (model, digest) = try open(place, student, work, encoder)
      let config = model.config, layers = student.config.layers
      let teacher = Teacher(
        model, pairs: try recipe.matchLayers.pairs(layers, config.layers, place.path),
        relationPair: .init(student: layers, teacher: recipe.relationLayer ?? config.layers))
      try check(settings, teacher, place.path, student.config)
      teachers.append(teacher)
      teaching.digests.append(digest)
    }
    if let folder = recipe.cache {
      let cache = try makeCache(in: folder, recipe, work, student, encoder, teachers: teaching.digests)
      let tail = fileExists(cache.path) ? "is there" : "is to be made"
      teaching.notes = ["teachers' answers: \(cache.size) bytes for \(cache.rows) rows; \(cache.path) \(tail)"]
      teaching.cache = cache
    }
    teaching.objective = Distillation(
      settings, teachers: teachers, student: student, cache: teaching.cache, seed: UInt64(self.recipe.seed))
    return teaching
  }

  private func open(
    _ teacher: Recipe.Distillation.Teacher, _ student: TextModel, _ work: Work, _ encoder: TextEncoder
  ) throws -> (TextModel, digest: String) {
    let path = teacher.path, asksLogits = recipe.distillation.map { $0.soft > 0 } ?? false
    let tokenizer = try WordPiece(folder: path)
    guard tokenizer.settings == encoder.tokenizer.settings, tokenizer.tokens == encoder.tokenizer.tokens else {
      throw TeacherFault.tokens(teacher: path, student: recipe.model.name)
    }
    let config = try ModelConfig(folder: path)
    // Whatever the student's tokenizer says must be a row of the teacher's table.
    _ = try TextEncoder(tokenizer, config)
    guard config.positions >= encoder.maxLength else {
      throw TeacherFault.positions(teacher: path, config.positions, maxLength: encoder.maxLength)
    }
    if asksLogits && work.kind == .masked && config.vocabulary != student.config.vocabulary {
      throw TeacherFault.vocabulary(teacher: path, config.vocabulary, student: student.config.vocabulary)
    }
    let labels = try labelsOf(teacher, config)
    if asksLogits && work.kind != .masked && labels != work.labels {
      throw TeacherFault.labels(teacher: teacher.adapter ?? path, found: labels, wanted: work.labels)
    }
    let checkpoint = try Checkpoint(folder: path), hash = try checkpoint.sha256()
    let model = try TextModel(
      config, checkpoint, kind: work.kind, classes: max(work.labels.count, 1), reuseHead: true, seed: 0)
    var files = [path + "/config.json"], learned: Set<String> = []
    if let folder = teacher.adapter {
      if let wanted = try Sidecar(folder: folder)?.baseHash, wanted != hash {
        throw TeacherFault.otherBase(adapter: folder, base: path)
      }
      let adapter = try Adapter(folder: folder, on: model)
      if asksLogits && work.kind == .tokens && adapter.head.outputs != work.labels.count {
        throw TeacherFault.classes(adapter: folder, adapter.head.outputs, labels: work.labels.count)
      }
      let positions = config.positions - adapter.method.positions
      if positions < encoder.maxLength {
        throw TeacherFault.positions(teacher: folder, positions, maxLength: encoder.maxLength)
      }
      adapter.attach()
      learned = adapter.changed
      files += AdapterFormat.weights(in: folder) + [folder + "/adapter_config.json"]
    }
    // A decoder's bias starts at 0, which is as good as any.
    let absent = Set(model.fresh).subtracting(learned).subtracting([model.classifier.bias.name])
    if asksLogits && !absent.isEmpty { throw TeacherFault.noHead(teacher.adapter ?? path) }
    model.use(recipe.precision, except: learned)
    return (model, try ([hash] + files.map { try sha256(ofFile: $0) }).joined(separator: " "))
  }

  private func check(
    _ settings: DistillationSettings, _ teacher: Teacher, _ path: String, _ student: ModelConfig
  ) throws {
    let config = teacher.model.config
    if settings.cosine > 0 && config.width != student.width {
      throw TeacherFault.width(teacher: path, config.width, student: student.width)
    }
    if settings.attention > 0 {
      if config.heads != student.heads {
        throw TeacherFault.heads(teacher: path, config.heads, student: student.heads)
      }
      if !teacher.pairs.contains(where: { $0.student > 0 && $0.teacher > 0 }) { throw TeacherFault.noAttention }
    }
    guard settings.relations > 0 else { return }
    if teacher.relationPair.teacher > config.layers {
      throw TeacherFault.layer(teacher: path, teacher.relationPair.teacher, layers: config.layers)
    }
    let widths = [config.width, student.width]
    if widths.contains(where: { $0 % settings.relationHeads != 0 }) {
      throw TeacherFault.relationHeads(settings.relationHeads, widths: widths)
    }
  }

  /// The file's name follows from all that the answers follow from, and from nothing else: other runs find it.
  private func makeCache(
    in folder: String, _ distillation: Recipe.Distillation, _ work: Work, _ student: TextModel, _ encoder: TextEncoder,
    teachers: [String]
  ) throws -> TeacherCache {
    if work.kind == .masked && recipe.task.masks == .dynamic { throw TeacherFault.dynamicMasks }
    let isLabelled = distillation.scope == .labelled
    let rows = work.task.lengths.indices.map { example in
      let lesson = work.task.lesson([example], at: 0)
      return (isLabelled ? lesson.whereLabelled(work.kind) : lesson.everywhere(work.kind)).targets.count
    }
    let k = min(distillation.cacheTop, student.classifier.outputs)
    var data = recipe.json["data"]?.object ?? [:]
    for key in ["train", "dev", "test"] { data[key] = nil }
    let what: JSON = [
      "teachers": .array(teachers.map(JSON.string)), "temperature": .double(distillation.temperature),
      "scope": .string(distillation.scope.rawValue), "k": .int(k), "precision": .string(recipe.precision.rawValue),
      "train": .array(try recipe.data.train.map { .string(try sha256(ofFile: $0)) }), "data": .object(data),
      "task": recipe.json["task"] ?? .null, "seed": .int(recipe.seed), "window": .int(encoder.maxLength),
      "stride": .int(encoder.stride), "labels": .array(work.labels.map(JSON.string)),
    ]
    let name = "teacher-" + sha256(of: what.text(pretty: false)).prefix(16) + ".cache"
    return TeacherCache(path: folder + "/" + name, rows: rows, k: k)
  }

  /// The first teacher's labels, where logits are compared: the student's must be the same.
  func teachersLabels() throws -> [String]? {
    guard let distillation = recipe.distillation, distillation.soft > 0, let teacher = distillation.teachers.first
    else {
      return nil
    }
    return try labelsOf(teacher, ModelConfig(folder: teacher.path))
  }

  /// Names of the outputs of a teacher's head, in their order: the adapter's tune.json, the folder's, or config.json.
  private func labelsOf(_ teacher: Recipe.Distillation.Teacher, _ config: ModelConfig) throws -> [String] {
    try Sidecar(folder: teacher.adapter ?? teacher.path)?.labels ?? config.labels
  }
}

extension DistillationSettings {
  fileprivate init(_ recipe: Recipe.Distillation) {
    self.init()
    (soft, hard, cosine) = (recipe.soft, recipe.hard, recipe.cosine)
    (hidden, attention, relations) = (recipe.hidden, recipe.attention, recipe.relations)
    temperature = recipe.temperature
    scope = recipe.scope == .labelled ? .labelled : .everyToken
  }
}

extension Recipe.Distillation {
  /// The terms that count, with their weights.
  var terms: [(name: String, weight: Double)] { DistillationSettings(self).terms }
}

extension Recipe.Distillation.Layers {
  /// Pairs for a student and a teacher of so many layers.
  fileprivate func pairs(_ student: Int, _ teacher: Int, _ path: String) throws -> [Teacher.Pair] {
    switch self {
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
}
