/// An adapter on disk in PEFT's form, adapter_config.json and adapter_model.safetensors, or in the `adapters` library's.
import Autograd
import Checkpoints
import Files
public import Models

/// What is wrong with an adapter folder.
public enum AdapterFault: Error, CustomStringConvertible {
  case unsupported(file: String, problems: [String])
  case tensors(file: String, problems: [String])

  public var description: String {
    switch self {
    case .unsupported(let file, let problems):
      "\(file): this adapter cannot be used:" + problems.map { "\n  " + $0 }.joined()
    case .tensors(let file, let problems):
      "\(file): the adapter does not fit the model:" + problems.prefix(20).map { "\n  " + $0 }.joined()
        + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
        + "\nIs this the base that the adapter was trained over?"
    }
  }
}

extension Adapter {
  /// Writes its files into the folder. `base` is what adapter_config.json names as the base model; never a path.
  public func save(to folder: String, base: String, head kind: HeadType) throws {
    try makeFolder(folder)
    let prefix = type(of: method).tensorPrefix
    let own: [SavedTensor] = injection.tensors.map { tensor in
      let (shape, numbers) = tensor.export?() ?? (tensor.parameter.shape, Array(tensor.parameter.values))
      return (tensor.name, shape, numbers)
    }
    var whole: [SavedTensor] = headParameters.map { (prefix + $0.name, $0.shape, Array($0.values)) }
    whole += replacedWeights.map { ($0.savedName, $0.parameter.shape, self.values(of: $0)) }
    if type(of: method).format == .adapterHub {
      return try saveForAdapterHub(own, head: whole, to: folder, base: base, kind)
    }
    try withPointers(own + whole) { pointers in
      try writeSafetensors(
        to: folder + "/adapter_model.safetensors", tensors: pointers, dtype: .f32, metadata: ["format": "pt"])
    }
    var settings = try method.configJSON(in: model)
    settings.merge(injection.trainedConfig?() ?? [:]) { _, learned in learned }
    settings["peft_type"] = .string(type(of: method).peftType)
    settings["base_model_name_or_path"] = .string(base)
    settings["inference_mode"] = true
    settings["peft_version"] = "0.21.2"
    settings["task_type"] =
      switch kind {
      case .tokenClassification: "TOKEN_CLS"
      case .sequenceClassification: "SEQ_CLS"
      case .maskedLM: .null
      }
    for key in ["auto_mapping", "revision"] { settings[key] = .null }
    // PEFT wants the tokenizer of a prompt that began as a text, and does not use it.
    if settings["prompt_tuning_init"] == "TEXT" { settings["tokenizer_name_or_path"] = .string(base) }
    try writeFile(JSON.object(settings).text() + "\n", to: folder + "/adapter_config.json")
  }

  /// Opens the adapter in `folder` for `model`; it is not attached yet.
  /// - Throws: `AdapterFault` listing everything that is not supported, missing, unexpected or of another shape.
  public convenience init(folder: String, on model: TextModel) throws {
    var method = try readMethod(folder + "/adapter_config.json")
    let prefix = type(of: method).tensorPrefix
    let format = type(of: method).format, files = format.weights.map { folder + "/" + $0 }
    let checkpoint = try Checkpoint(files: [files[0]] + files.dropFirst().filter(fileExists))
    if format == .adapterHub { method.addModulesToSave(model.headModules(in: checkpoint)) }
    var reader = TensorReader(
      checkpoint: checkpoint, file: files[0],
      encoder: (prefix, model.config.family.names.encoder + "."))
    let fitting = try method.inject(into: model, seed: nil)
    for tensor in fitting.tensors { try reader.read(tensor.parameter, stored: tensor.name) }
    let head = model.headType == .maskedLM ? model.classifier : try reader.head(like: model.classifier)
    self.init(method, on: model, fitting, head: head)
    for (index, override) in replacedWeights.enumerated() {
      let copy = Parameter(override.parameter.name, shape: override.parameter.shape)
      try reader.read(copy, stored: override.savedName)
      setReplacedWeight(index, Array(copy.values))
    }
    try reader.finish()
  }
}

/// By `peft_type`.
private let adapterMethods: [any AdapterMethod.Type] = [
  LoRAConfig.self, AdaLoRAConfig.self, IA3Config.self, VeRAConfig.self, LayerNormTuning.self, BitFit.self,
  LinearProbe.self, BottleneckConfig.self, PromptConfig.self, PrefixConfig.self,
]

/// The method and its settings, as adapter_config.json has them.
private func readMethod(_ file: String) throws -> any AdapterMethod {
  let json = try JSON(path: file)
  if json["peft_type"] == nil, var settings = json["config"]?.object {
    settings["name"] = json["name"]
    var reader = AdapterConfigReader(.object(settings))
    if json["version"] == nil {
      reader.problem("'version' is missing: a file of an older library, whose words differ.")
    }
    let method = BottleneckConfig(&reader)
    if !reader.problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: reader.problems) }
    return method
  }
  guard let type = adapterMethods.first(where: { $0.peftType == json["peft_type"]?.string }) else {
    let found = json["peft_type"]?.text(pretty: false) ?? "missing"
    let known = adapterMethods.map { "\"\($0.peftType)\"" }.joined(separator: ", ")
    throw AdapterFault.unsupported(file: file, problems: ["'peft_type' is \(found); supported: \(known)."])
  }
  var reader = AdapterConfigReader(json)
  let method = type.init(&reader)
  if !reader.problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: reader.problems) }
  return method
}

/// Reads tensors by the names that PEFT gives them; collects what does not fit.
private struct TensorReader {
  let checkpoint: Checkpoint
  let file: String
  /// `base_model.model.` and `bert.`
  let encoder: (prefix: String, name: String)
  var problems: [String] = []
  var used: Set<String> = []

  /// With and without the encoder's name: PEFT leaves it out for an encoder without a head.
  private func find(_ name: String) -> String? {
    let bare = encoder.prefix + name.trimmingPrefix(encoder.prefix + encoder.name)
    return [name, bare].first { checkpoint.contains($0) }
  }

  mutating func read(_ parameter: Parameter, stored: String) throws {
    guard let name = find(stored) else {
      problems.append("missing '\(stored)' \(parameter.shape)")
      return
    }
    used.insert(name)
    let found = try checkpoint.info(name).shape
    guard found == parameter.shape else {
      problems.append("'\(name)' has shape \(found), this model and adapter_config.json want \(parameter.shape)")
      return
    }
    try checkpoint.floats(name, into: parameter.pointer)
  }

  /// The adapter's classifier, whatever its number of classes; the model's own where the adapter has none.
  mutating func head(like head: Projection) throws -> Projection {
    let stored = encoder.prefix + head.weight.name
    guard let name = find(stored), case let shape = try checkpoint.info(name).shape, shape.count == 2 else {
      return head
    }
    let own = Projection(
      head.name, weight: Parameter(head.weight.name, shape: [shape[0], head.inputs]),
      bias: Parameter(head.bias.name, shape: [shape[0]]))
    try read(own.weight, stored: stored)
    try read(own.bias, stored: encoder.prefix + head.bias.name)
    return own
  }

  func finish() throws {
    // With bias "all" PEFT 0.21 also stores the head's original and its wrapped bias, which it never reads again.
    let unread = checkpoint.names.filter {
      !used.contains($0) && !$0.contains(".original_module.") && !$0.contains(".modules_to_save.")
    }
    let all = try problems + unread.map { "unexpected '\($0)' \(try checkpoint.info($0).shape)" }
    if !all.isEmpty { throw AdapterFault.tensors(file: file, problems: all) }
  }
}

typealias SavedTensor = (name: String, shape: [Int], floats: [Float])

/// Calls `body` with pointers into all the arrays at once.
func withPointers<R>(
  _ tensors: [SavedTensor],
  _ body: ([(name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)]) throws -> R
) rethrows -> R {
  let copies = tensors.map { tensor in
    let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.floats.count)
    _ = copy.initialize(from: tensor.floats)
    return copy
  }
  defer { copies.forEach { $0.deallocate() } }
  return try body(zip(tensors, copies).map { ($0.name, $0.shape, UnsafeBufferPointer($1)) })
}
