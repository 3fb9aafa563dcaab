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
  struct ObjectiveSetup {
    var objective: any Objective = TaskLoss()
    var cache: TeacherCache?
    /// Of all that the teachers are.
    var digests: [String] = []
    var notes: [String] = []
  }

  func makeObjective(_ student: TextModel, _ work: Work, _ encoder: TextTokenizer) throws -> ObjectiveSetup {
    guard let recipe = recipe.distillation else { return ObjectiveSetup() }
    var settings = DistillationSettings(recipe)
    settings.relationHeads = recipe.relationHeads ?? student.config.numAttentionHeads
    var teaching = ObjectiveSetup(), teachers: [Teacher] = []
    for place in recipe.teachers {
      let (model, digest) = try open(place, student, work, encoder)
      let config = model.config, layers = student.config.numHiddenLayers
      let teacher = Teacher(
        model, pairs: try recipe.matchLayers.pairs(layers, config.numHiddenLayers, place.path),
        relationPair: .init(student: layers, teacher: recipe.relationLayer ?? config.numHiddenLayers))
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
    _ teacher: Recipe.Distillation.Teacher, _ student: TextModel, _ work: Work, _ encoder: TextTokenizer
  ) throws -> (TextModel, digest: String) {
    let path = teacher.path, asksLogits = recipe.distillation.map { $0.klWeight > 0 } ?? false
    let tokenizer = try WordPiece(folder: path)
    guard tokenizer.settings == encoder.tokenizer.settings, tokenizer.tokens == encoder.tokenizer.tokens else {
      throw TeacherFault.tokens(teacher: path, student: recipe.model.name)
    }
    let config = try ModelConfig(folder: path)
    // Whatever the student's tokenizer says must be a row of the teacher's table.
    _ = try TextTokenizer(tokenizer, config)
    guard config.maxPositionEmbeddings >= encoder.maxLength else {
      throw TeacherFault.positions(teacher: path, config.maxPositionEmbeddings, maxLength: encoder.maxLength)
    }
    if asksLogits && work.headType == .maskedLM && config.vocabSize != student.config.vocabSize {
      throw TeacherFault.vocabulary(teacher: path, config.vocabSize, student: student.config.vocabSize)
    }
    let labels = try labelsOf(teacher, config)
    if asksLogits && work.headType != .maskedLM && labels != work.labels {
      throw TeacherFault.labels(teacher: teacher.adapter ?? path, found: labels, wanted: work.labels)
    }
    let checkpoint = try Checkpoint(folder: path), hash = try checkpoint.sha256()
    let model = try TextModel(
      config, checkpoint, kind: work.headType, classes: max(work.labels.count, 1), reuseHead: true, seed: 0)
    var files = [path + "/config.json"], learned: Set<String> = []
    if let folder = teacher.adapter {
      if let wanted = try Sidecar(folder: folder)?.baseHash, wanted != hash {
        throw TeacherFault.otherBase(adapter: folder, base: path)
      }
      let adapter = try Adapter(folder: folder, on: model)
      if asksLogits && work.headType == .tokenClassification && adapter.head.outputs != work.labels.count {
        throw TeacherFault.classes(adapter: folder, adapter.head.outputs, labels: work.labels.count)
      }
      let positions = config.maxPositionEmbeddings - adapter.method.virtualTokenCount
      if positions < encoder.maxLength {
        throw TeacherFault.positions(teacher: folder, positions, maxLength: encoder.maxLength)
      }
      adapter.attach()
      learned = adapter.ownNames
      files += AdapterFormat.weights(in: folder) + [folder + "/adapter_config.json"]
    }
    // A decoder's bias starts at 0, which is as good as any.
    let absent = Set(model.newlyInitialized).subtracting(learned).subtracting([model.classifier.bias.name])
    if asksLogits && !absent.isEmpty { throw TeacherFault.noHead(teacher.adapter ?? path) }
    model.setPrecision(recipe.precision, except: learned)
    return (model, try ([hash] + files.map { try sha256(ofFile: $0) }).joined(separator: " "))
  }

  private func check(
    _ settings: DistillationSettings, _ teacher: Teacher, _ path: String, _ student: ModelConfig
  ) throws {
    let config = teacher.model.config
    if settings.cosineWeight > 0 && config.hiddenSize != student.hiddenSize {
      throw TeacherFault.width(teacher: path, config.hiddenSize, student: student.hiddenSize)
    }
    if settings.attentionWeight > 0 {
      if config.numAttentionHeads != student.numAttentionHeads {
        throw TeacherFault.heads(teacher: path, config.numAttentionHeads, student: student.numAttentionHeads)
      }
      if !teacher.pairs.contains(where: { $0.student > 0 && $0.teacher > 0 }) { throw TeacherFault.noAttention }
    }
    guard settings.relationWeight > 0 else { return }
    if teacher.relationPair.teacher > config.numHiddenLayers {
      throw TeacherFault.layer(teacher: path, teacher.relationPair.teacher, layers: config.numHiddenLayers)
    }
    let widths = [config.hiddenSize, student.hiddenSize]
    if widths.contains(where: { $0 % settings.relationHeads != 0 }) {
      throw TeacherFault.relationHeads(settings.relationHeads, widths: widths)
    }
  }

  /// The file's name follows from all that the answers follow from, and from nothing else: other runs find it.
  private func makeCache(
    in folder: String, _ distillation: Recipe.Distillation, _ work: Work, _ student: TextModel,
    _ encoder: TextTokenizer,
    teachers: [String]
  ) throws -> TeacherCache {
    if work.headType == .maskedLM && recipe.task.masking == .dynamic { throw TeacherFault.dynamicMasks }
    let isLabelled = distillation.klTokens == .labeled
    let rows = work.task.lengths.indices.map { example in
      let lesson = work.task.lesson([example], at: 0)
      return (isLabelled ? lesson.whereLabelled(work.headType) : lesson.everywhere(work.headType)).targets.count
    }
    let k = min(distillation.cacheTopK, student.classifier.outputs)
    var data = recipe.json["data"]?.object ?? [:]
    for key in ["train", "dev", "test"] { data[key] = nil }
    let what: JSON = [
      "teachers": .array(teachers.map(JSON.string)), "temperature": .double(distillation.temperature),
      "kl_tokens": .string(distillation.klTokens.rawValue), "k": .int(k),
      "precision": .string(recipe.precision.rawValue),
      "train": .array(try recipe.data.train.map { .string(try sha256(ofFile: $0)) }), "data": .object(data),
      "task": recipe.json["task"] ?? .null, "seed": .int(recipe.seed), "window": .int(encoder.maxLength),
      "stride": .int(encoder.stride), "labels": .array(work.labels.map(JSON.string)),
    ]
    let name = "teacher-" + sha256(of: what.text(pretty: false)).prefix(16) + ".cache"
    return TeacherCache(path: folder + "/" + name, rows: rows, k: k)
  }

  /// The first teacher's labels, where logits are compared: the student's must be the same.
  func teacherLabels() throws -> [String]? {
    guard let distillation = recipe.distillation, distillation.klWeight > 0, let teacher = distillation.teachers.first
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
    (klWeight, taskWeight, cosineWeight) = (recipe.klWeight, recipe.taskWeight, recipe.cosineWeight)
    (hiddenWeight, attentionWeight, relationWeight) = (
      recipe.hiddenWeight, recipe.attentionWeight, recipe.relationWeight
    )
    temperature = recipe.temperature
    klTokens = recipe.klTokens == .labeled ? .labeled : .all
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
