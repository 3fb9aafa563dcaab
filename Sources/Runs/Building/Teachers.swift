/// Loads a recipe's teachers, checks that they match the student, and sets up the objective and the teacher cache.
import Adapters
import Autograd
import Checkpoints
import Datasets
import Encoders
import Files
import Kernels
import Recipes
import Tasks
import Tokenization
import Training

extension RunBuilder {
  /// The training objective of a run.
  struct ObjectiveSetup {
    var objective: any Objective = TaskLoss()
    var cache: TeacherCache?
    /// One digest per teacher, of its weights and files.
    var digests: [String] = []
    var notes: [String] = []
  }

  /// - Throws: `TeacherFault`, and the errors of the teachers' files.
  func makeObjective(_ student: TextModel, _ setup: TaskSetup, _ tokenizer: TextTokenizer) throws -> ObjectiveSetup {
    guard let recipe = recipe.distillation else { return ObjectiveSetup() }
    if setup.task.batchLoss.isCached { throw TeacherFault.cachedBatches }
    var settings = DistillationSettings(recipe)
    settings.relationHeads = recipe.relationHeads ?? student.config.numAttentionHeads
    var result = ObjectiveSetup(), teachers: [Teacher] = []
    for source in recipe.teachers {
      let (model, adapters, digest, notes) = try load(source, student, setup, tokenizer)
      let config = model.config, layers = student.config.numHiddenLayers
      let teacher = Teacher(
        model, adapters: adapters, pairs: try recipe.matchLayers.pairs(layers, config.numHiddenLayers, source.path),
        relationPair: .init(student: layers, teacher: recipe.relationLayer ?? config.numHiddenLayers))
      try check(settings, teacher, source.path, student.config)
      try checkWindows(settings, teacher, source.path, student.config, maxLength: tokenizer.maxLength)
      teachers.append(teacher)
      result.digests.append(digest)
      result.notes += notes
    }
    let precision = self.recipe.teacherPrecision
    if precision != InferencePrecision(self.recipe.precision) {
      result.notes.append("the teachers compute in \(precision.rawValue)")
    }
    if let folder = recipe.cache {
      let cache = try makeCache(in: folder, recipe, setup, student, tokenizer, teachers: result.digests)
      result.notes.append("teacher log-probabilities are \(cacheNote(cache.path, size: cache.size))")
      result.cache = cache
    }
    result.objective = Distillation(
      settings, teachers: teachers, student: student, cache: result.cache, seed: UInt64(self.recipe.seed))
    return result
  }

  private func load(
    _ teacher: Recipe.Distillation.Teacher, _ student: TextModel, _ setup: TaskSetup, _ studentTokenizer: TextTokenizer
  ) throws -> (TextModel, RowAdapters, digest: String, notes: [String]) {
    let path = teacher.path, comparesLogits = recipe.distillation.map { $0.klWeight > 0 } ?? false
    let settings = try TuneJSON(folder: teacher.adapter ?? path)
    let ofStudent = path == recipe.model.path ? recipe.model.tokenizerOverrides : .init()
    let (tokenizer, hasOwnTokens) = try loadTokenizer(
      adapter: teacher.adapter, base: path, settings?.tokenizerOverrides.or(ofStudent) ?? ofStudent)
    guard tokenizer.identity == studentTokenizer.tokenizer.identity else {
      throw TeacherFault.tokenizer(teacher: path, student: recipe.model.name)
    }
    let baseConfig = try ModelConfig(folder: path)
    var config = baseConfig
    if hasOwnTokens { config.addTokens(upTo: tokenizer.count) }
    // Checks that the teacher's word embeddings have a row for every token.
    _ = try TextTokenizer(tokenizer, config)
    guard config.maxSequenceLength >= studentTokenizer.maxLength else {
      throw TeacherFault.positions(teacher: path, config.maxSequenceLength, maxLength: studentTokenizer.maxLength)
    }
    if comparesLogits && setup.headType.isTied && config.vocabSize != student.config.vocabSize {
      throw TeacherFault.vocabulary(teacher: path, config.vocabSize, student: student.config.vocabSize)
    }
    let labels = try labelsOf(teacher, config)
    if comparesLogits && setup.headType.hasClassifier && labels != setup.labels {
      throw TeacherFault.labels(teacher: teacher.adapter ?? path, found: labels, wanted: setup.labels)
    }
    if comparesLogits, setup.headType == .embedding, config.hiddenSize != student.config.hiddenSize {
      throw TeacherFault.vectorSize(teacher: path, config.hiddenSize, student: student.config.hiddenSize)
    }
    if comparesLogits, let layers = settings?.task.headLayers, layers.lstm != nil,
      !setup.inference.headLayers.readsWords
    {
      throw TeacherFault.words(teacher.adapter ?? path)
    }
    let checkpoint = try Checkpoint(folder: path, threads: threads), hash = checkpoint.sha256
    let model = try TextModel(
      config, checkpoint, headType: setup.headType, layers: try headLayers(settings, path, setup),
      classes: max(setup.labels.count, 1), reuseHead: true, seed: 0)
    var files = [path + "/config.json"], adapterNames: Set<String> = [], set: AdapterSet?
    var notes = checkpoint.notes
    if let folder = teacher.adapter {
      let differences = settings?.differences(of: baseConfig, tokenizer: tokenizer.identity, sha256: hash) ?? []
      if !differences.isEmpty {
        throw TeacherFault.differentBase(adapter: folder, base: path, differences)
      }
      let adapter = try Adapter(folder: folder, on: model)
      if comparesLogits && setup.headType.hasClassifier && adapter.head.outputs != setup.labels.count {
        throw TeacherFault.classes(adapter: folder, adapter.head.outputs, labels: setup.labels.count)
      }
      let positions = config.maxSequenceLength - adapter.method.virtualTokenCount
      if positions < studentTokenizer.maxLength {
        throw TeacherFault.positions(teacher: folder, positions, maxLength: studentTokenizer.maxLength)
      }
      (set, adapterNames) = (adapter.set, adapter.replacedAndHeadNames)
      notes += adapter.notes
      files += AdapterFormat.weights(in: folder) + [folder + "/adapter_config.json"]
    }
    if comparesLogits && !model.missingHeadWeights(besides: adapterNames).isEmpty {
      throw TeacherFault.noHead(teacher.adapter ?? path)
    }
    let precision = recipe.teacherPrecision
    if precision == .int8 { model.quantize() }
    model.setPrecision(precision.products, adapters: [set].compactMap { $0 }, hasGradients: false)
    let digest = try ([hash] + files.map { try sha256(ofFile: $0) }).joined(separator: " ")
    return (model, RowAdapters(set), digest, notes)
  }

  /// Those of the teacher's tune.json; without one, the pooling of its folder of sentence-transformers.
  private func headLayers(_ settings: TuneJSON?, _ path: String, _ setup: TaskSetup) throws -> HeadLayers {
    if let settings { return settings.task.headLayers }
    guard setup.headType == .embedding else { return HeadLayers() }
    return Embedding(try SentenceTransformersFolder(path)?.pooling ?? Pooling()).headLayers
  }

  private func check(
    _ settings: DistillationSettings, _ teacher: Teacher, _ path: String, _ student: ModelConfig
  ) throws {
    let config = teacher.model.config
    if settings.cosineWeight > 0 && config.hiddenSize != student.hiddenSize {
      throw TeacherFault.hiddenSize(teacher: path, config.hiddenSize, student: student.hiddenSize)
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
    let hiddenSizes = [config.hiddenSize, student.hiddenSize]
    if hiddenSizes.contains(where: { $0 % settings.relationHeads != 0 }) {
      throw TeacherFault.relationHeads(settings.relationHeads, hiddenSizes: hiddenSizes)
    }
  }

  /// Throws if attention is compared in a block where not all tokens attend to each other: its scores of distant tokens
  /// mean nothing.
  private func checkWindows(
    _ settings: DistillationSettings, _ teacher: Teacher, _ path: String, _ student: ModelConfig, maxLength: Int
  ) throws {
    var pairs: [(term: String, pair: Teacher.Pair)] = []
    if settings.attentionWeight > 0 { pairs += teacher.pairs.map { ("attention_weight", $0) } }
    if settings.relationWeight > 0 { pairs.append(("relation_weight", teacher.relationPair)) }
    for (term, pair) in pairs where pair.student > 0 && pair.teacher > 0 {
      for (config, layer, name) in [(student, pair.student, "the student"), (teacher.model.config, pair.teacher, path)]
      {
        if let window = config.attentionWindows[layer - 1], window < maxLength - 1 {
          throw TeacherFault.window(term: term, model: name, layer: layer, window, maxLength: maxLength)
        }
      }
    }
  }

  /// The file's name is a digest of everything that the log-probabilities depend on, and of nothing else, so that other
  /// runs find it.
  private func makeCache(
    in folder: String, _ distillation: Recipe.Distillation, _ setup: TaskSetup, _ student: TextModel,
    _ tokenizer: TextTokenizer, teachers: [String]
  ) throws -> TeacherCache {
    if let varying = setup.task.varyingInput { throw TeacherFault.varyingInput(varying) }
    if type(of: setup.inference).labelKind != .one { throw TeacherFault.noClasses(TaskType(of: setup.inference)) }
    let labeledOnly = distillation.klTokens == .labeled
    let rows = setup.task.lengths.indices.map { example in
      let batch = setup.task.batch([example], at: 0)
      let chosen = labeledOnly ? batch.withLabeledRows(setup.headType) : batch.withAllRows(setup.headType)
      return chosen.rows?.count ?? chosen.targets.count
    }
    let k = min(distillation.cacheTopK, student.classifier.outputs)
    var data = recipe.json["data"]?.object ?? [:]
    for key in ["train", "dev", "test"] { data[key] = nil }
    let identity: JSON = [
      "teachers": .array(teachers.map(JSON.string)), "temperature": .double(distillation.temperature),
      "kl_tokens": .string(distillation.klTokens.rawValue), "k": .int(k),
      "precision": .string(recipe.teacherPrecision.rawValue),
      "train": .array(try recipe.data.splits[0].paths.map { .string(try sha256(ofFile: $0)) }), "data": .object(data),
      "task": recipe.json["task"] ?? .null, "seed": .int(recipe.seed), "window": .int(tokenizer.maxLength),
      "stride": .int(tokenizer.stride), "labels": .array(setup.labels.map(JSON.string)),
      "tokenizer": tokenizer.tokenizer.identity,
    ]
    let name = "teacher-" + sha256(of: identity.text(pretty: false)).prefix(16) + ".cache"
    return TeacherCache(cacheFile(folder + "/" + name), rows: rows, k: k)
  }

  /// The first teacher's labels if logits are compared, because the student's must be the same; else nil.
  func teacherLabels() throws -> [String]? {
    guard let distillation = recipe.distillation, distillation.klWeight > 0, let teacher = distillation.teachers.first
    else {
      return nil
    }
    return try labelsOf(teacher, ModelConfig(folder: teacher.path))
  }

  /// The labels of a teacher's head, in order: from tune.json of the adapter or the folder, else from config.json.
  private func labelsOf(_ teacher: Recipe.Distillation.Teacher, _ config: ModelConfig) throws -> [String] {
    try TuneJSON(folder: teacher.adapter ?? teacher.path)?.task.labels ?? config.labels
  }
}

extension Recipe {
  /// Of the teachers' passes.
  fileprivate var teacherPrecision: InferencePrecision { distillation?.precision ?? InferencePrecision(precision) }
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
  /// The loss terms with a weight above 0.
  var terms: [(name: String, weight: Double)] { DistillationSettings(self).terms }
}

extension Recipe.Distillation.Layers {
  /// The layer pairs of a student and a teacher with these numbers of layers.
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
