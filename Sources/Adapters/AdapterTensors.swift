/// The tensors of an adapter file, read by the names that PEFT gives them. Collects all mismatches.
import Autograd
import Checkpoints
import Encoders
import Files

struct AdapterTensors {
  let checkpoint: Checkpoint
  let file: String
  /// `base_model.model.` and `bert.`.
  let encoder: (prefix: String, name: String)
  /// The name in the file of every tensor, by the name that PEFT saves it under.
  private let storedNames: [String: String]
  private var problems: [String] = []
  private var used: Set<String> = []

  init(folder: String, _ format: AdapterFormat, encoder: (prefix: String, name: String)) throws {
    let files = format.weights(in: folder)
    guard let first = files.first else { throw FileFault.missing(path: "\(folder)/\(format.files[0].safetensors)") }
    checkpoint = try Checkpoint(files: files, notes: format.notes(in: folder))
    (file, self.encoder) = (first, encoder)
    let names = checkpoint.names.map { (savedName(of: $0), $0) }
    storedNames = Dictionary(names) { first, _ in first }
    if storedNames.count < names.count {
      throw AdapterFault.unsupported(
        file: file, problems: ["it has the tensors of several adapters. Save each of them in a folder of its own."])
    }
  }

  /// See `Checkpoint.notes`.
  var notes: [String] { checkpoint.notes }

  /// The stored name of a tensor, with or without the encoder's name: PEFT omits it for a model without a head.
  private func find(_ name: String) -> String? {
    storedNames[name] ?? storedNames[encoder.prefix + name.trimmingPrefix(encoder.prefix + encoder.name)]
  }

  /// The modules that have tensors of an adapter in the file.
  func adaptedModules(among modules: [String]) -> [String] {
    let adapted = Set(storedNames.keys.compactMap(adaptedModule))
    return modules.filter { module in
      [module, String(module.trimmingPrefix(encoder.name))].contains { adapted.contains(encoder.prefix + $0) }
    }
  }

  /// What the names of modules in the file lack: `bert.` if PEFT has trained a model without a head.
  var omittedPrefix: String {
    storedNames.keys.contains { $0.hasPrefix(encoder.prefix + encoder.name) } ? "" : encoder.name
  }

  /// Modules of the model that the file holds weights of, besides the output layers and `modules`: a new head's layers, and
  /// the word embeddings if PEFT has saved them.
  func savedModules(of model: TextModel, besides modules: [String]) -> [String] {
    let output = Set(model.headType.hasClassifier ? model.outputLayers.parameters.map(\.name) : []),
      others = model.tagLayerModules
    let weights = model.parameters.map(\.name).filter { name in
      (name.hasSuffix(".weight") || others.contains(moduleName(of: name))) && !output.contains(name)
        && find(encoder.prefix + name) != nil && !belongs(name, to: modules)
    }
    return weights.map(moduleName).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  mutating func read(_ parameter: Parameter, savedName: String) throws {
    guard let name = try use(savedName, parameter.shape) else { return }
    try checkpoint.floats(name, into: parameter.pointer)
  }

  /// The stored name of a tensor that has this shape; nil, and a problem, if it is missing or has another shape.
  mutating func use(_ savedName: String, _ shape: [Int]) throws -> String? {
    guard let name = find(savedName) else {
      problems.append("missing '\(savedName)' \(shape)")
      return nil
    }
    used.insert(name)
    let found = try checkpoint.info(name).shape
    if found == shape { return name }
    problems.append("'\(name)' has shape \(found); this model and adapter_config.json expect \(shape)")
    return nil
  }

  /// The shape of a tensor; nil: the file has none with this name.
  func shape(_ savedName: String) throws -> [Int]? { try find(savedName).map { try checkpoint.info($0).shape } }

  /// The problems so far, and this one.
  func mismatch(_ problem: String? = nil) -> AdapterFault {
    .tensors(file: file, problems: problems + (problem.map { [$0] } ?? []))
  }

  mutating func readIfPresent(_ parameter: Parameter, savedName: String) throws {
    if find(savedName) != nil { try read(parameter, savedName: savedName) }
  }

  /// The adapter's output layers, with any number of classes; a copy of the model's if the file has none.
  /// - Throws: `AdapterFault` if neither has one.
  mutating func head(of model: TextModel) throws -> OutputLayers {
    let head = model.classifier, savedName = encoder.prefix + head.weight.name
    guard let name = find(savedName), case let shape = try checkpoint.info(name).shape, shape.count == 2 else {
      if model.newlyInitialized.contains(head.weight.name) {
        throw AdapterFault.unsupported(
          file: file,
          problems: [
            "it has no \(head.weight.name), and the base has no head for this task. PEFT saves the head if 'task_type' is "
              + "set, or if 'modules_to_save' names it. Train the adapter again, or give a base with the head."
          ])
      }
      return model.outputLayers.copy
    }
    let adapterHead = OutputLayers(
      Projection(
        head.name, weight: Parameter(head.weight.name, shape: [shape[0], head.inputs]),
        bias: head.bias.map { Parameter($0.name, shape: [shape[0]]) }),
      chain: model.outputLayers.chain.map { ChainWeights(shapedLike: $0, tags: shape[0]) })
    for parameter in adapterHead.parameters { try read(parameter, savedName: encoder.prefix + parameter.name) }
    return adapterHead
  }

  /// PEFT saves a tied decoder beside the word embeddings. It is the same, so it is not needed.
  mutating func skipTiedDecoder(of model: TextModel, _ set: AdapterSet) throws {
    let decoder = model.classifier, parameters = decoder.parameters.map { set[$0] }
    for module in [decoder.name + ".decoder", decoder.name] {
      for (part, parameter) in zip([".weight", ".bias"], parameters) {
        guard let name = find(encoder.prefix + module + part), !used.contains(name),
          try checkpoint.info(name).shape == parameter.shape
        else { continue }
        let own = try model.original(parameter), found = try checkpoint.floats(name)
        if withExtendedLifetime(own, { found.elementsEqual(own.values) }) { used.insert(name) }
      }
    }
  }

  /// PEFT saves the word embeddings beside their trained rows if the vocabulary was resized, and both again for a tied decoder.
  /// They are the base's, so they are not needed.
  mutating func skipTokenAdapters(of model: TextModel, _ rows: TokenRows) throws {
    let bias = model.outputLayers.classifier?.bias?.asFloat32
    let known = model.config.vocabSize - model.config.addedTokenCount
    func isSame(_ found: [Float], _ own: Parameter?, count: Int) -> Bool {
      own.map { found.count >= count && found.prefix(count).elementsEqual($0.values.prefix(count)) } ?? false
    }
    for name in checkpoint.names where name.contains(".token_adapter.") && !used.contains(name) {
      let found = try checkpoint.floats(name), embeddings = try model.original(model.wordEmbeddings)
      let isKnown =
        if name.hasSuffix(".trainable_tokens_delta") {
          isSame(found, rows.rows, count: rows.rows.count)
        } else if name.hasSuffix(".base_layer.bias") {
          isSame(found, bias, count: known)
        } else {
          isSame(found, embeddings, count: known * embeddings.columns)
        }
      if isKnown { used.insert(name) }
    }
  }

  func finish() throws {
    // With bias "all" PEFT 0.21 also saves the head's original and wrapped biases, and does not load them.
    let unread = checkpoint.names.filter {
      !used.contains($0) && !$0.contains(".original_module.") && !$0.hasSuffix(".modules_to_save.bias")
    }
    let allProblems = try problems + unread.map { "unexpected '\($0)' \(try checkpoint.info($0).shape)" }
    if !allProblems.isEmpty { throw AdapterFault.tensors(file: file, problems: allProblems) }
    try checkpoint.checkFinite(used)
  }

  /// Refuses tensors that no base can take here: other types of adapters, and word embeddings of another size.
  func checkTypes(_ model: TextModel, hasTokens: Bool) throws {
    var problems: [String] = []
    for name in storedNames.keys.sorted() {
      if name.contains(".lora_embedding_") {
        problems.append("'\(name)': LoRA on embeddings is not supported. Use PEFT's 'modules_to_save' for them.")
      } else if model.headType.hasClassifier, adaptedModule(name) == encoder.prefix + model.classifier.name {
        problems.append(
          "'\(name)': an adapter of the classifier is not supported; PEFT trains the classifier in full if "
            + "'task_type' is set.")
      } else if name.hasSuffix(".lora_B.bias") {
        problems.append("'\(name)': LoRA with a bias ('lora_bias') is not supported.")
      } else if !hasTokens, name.contains(".token_adapter.") {
        problems.append(
          "'\(name)': adapter_config.json has no 'trainable_token_indices', which say the tokens of these rows.")
      }
    }
    let embeddings = model.wordEmbeddings
    if let name = find(encoder.prefix + embeddings.name), case let found = try checkpoint.info(name).shape,
      found != embeddings.shape
    {
      problems.append(
        "'\(name)' has shape \(found), the base's word embeddings \(embeddings.shape): the adapter was trained on a base "
          + "with another vocabulary and saved its word embeddings. Give that base, or save the tokenizer with the new tokens in "
          + "the adapter's folder (save_pretrained).")
    }
    if !problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: problems) }
  }
}

/// Names of adapters' parameters in PEFT, after the module that they adapt.
private let adapterParameters: Set<String> = [
  "lora_A", "lora_B", "lora_E", "lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector", "ia3_l", "vera_A",
  "vera_B", "vera_lambda_b", "vera_lambda_d", "ln_tuning_layers", "boft_R", "boft_s", "fourierft_spectrum", "hada_w1_a",
  "hada_w1_b", "hada_w2_a", "hada_w2_b", "hra_u", "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a",
  "lokr_w2_b",
  "miss_block", "oft_R", "randlora_A", "randlora_B", "randlora_gamma", "randlora_lambda", "shira_indices",
  "shira_weight",
  "vblora_logits_A", "vblora_logits_A_topk_indices", "vblora_logits_A_topk_weights", "vblora_logits_B",
  "vblora_logits_B_topk_indices", "vblora_logits_B_topk_weights", "vblora_vector_bank",
]

/// The name that PEFT saves a tensor of torch's `state_dict()` under: without the adapter's name, as in
/// `….lora_A.default.weight` and `classifier.modules_to_save.default.weight`.
private func savedName(of name: String) -> String {
  var parts = name.split(separator: ".").map(String.init)
  if let index = parts.lastIndex(where: adapterParameters.contains), index + 1 < parts.count,
    !["weight", "bias"].contains(parts[index + 1])
  {
    parts.remove(at: index + 1)
  } else if let index = parts.firstIndex(of: "modules_to_save"), index + 2 < parts.count {
    parts.removeSubrange(index...index + 1)
  }
  return parts.joined(separator: ".")
}

/// The module that a tensor of an adapter belongs to, with the prefix of the file; nil: another tensor.
private func adaptedModule(_ name: String) -> String? {
  let parts = name.split(separator: ".")
  return parts.lastIndex { adapterParameters.contains(String($0)) }.map { parts[..<$0].joined(separator: ".") }
}
