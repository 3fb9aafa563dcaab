/// Saves and loads adapter folders: PEFT's adapter_config.json and adapter_model.safetensors, or those of `adapters`.
import Autograd
import Checkpoints
import Files
public import Models

/// An adapter folder that cannot be used.
public enum AdapterFault: Error, CustomStringConvertible {
  case unsupported(file: String, problems: [String])
  case tensors(file: String, problems: [String])

  public var description: String {
    switch self {
    case .unsupported(let file, let problems):
      "\(file): this adapter cannot be used:" + problems.map { "\n  " + $0 }.joined()
    case .tensors(let file, let problems):
      "\(file): the adapter does not match the model:" + problems.prefix(20).map { "\n  " + $0 }.joined()
        + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
        + "\nIs this the base model that the adapter was trained on?"
    }
  }
}

extension Adapter {
  /// Writes the adapter's files into the folder, which is created if it is missing.
  /// - Parameters:
  ///   - base: `base_model_name_or_path` of adapter_config.json; never a local path.
  ///   - headType: decides `task_type`.
  public func save(to folder: String, base: String, head headType: HeadType) throws {
    try makeFolder(folder)
    let prefix = type(of: method).tensorPrefix
    let tensors: [SavedTensor] = injection.tensors.map { tensor in
      let (shape, values) = tensor.export?() ?? (tensor.parameter.shape, Array(tensor.parameter.values))
      return (tensor.name, shape, values)
    }
    var weights: [SavedTensor] = headParameters.map { (prefix + $0.name, $0.shape, Array($0.values)) }
    weights += replacedWeights.map { ($0.name, $0.parameter.shape, Array($0.parameter.values)) }
    if type(of: method).format == .adapterHub {
      return try saveForAdapterHub(tensors, head: weights, to: folder, base: base, headType)
    }
    try withPointers(tensors + weights) { pointers in
      try writeSafetensors(
        to: folder + "/adapter_model.safetensors", tensors: pointers, dtype: .f32, metadata: ["format": "pt"])
    }
    var settings = try method.configJSON(in: model)
    settings.merge(injection.trainedConfig?() ?? [:]) { _, trained in trained }
    settings["peft_type"] = .string(type(of: method).peftType)
    settings["base_model_name_or_path"] = .string(base)
    settings["inference_mode"] = true
    settings["peft_version"] = "0.21.2"
    settings["task_type"] = headType.peftTaskType.map(JSON.string) ?? .null
    for key in ["auto_mapping", "revision"] { settings[key] = .null }
    // PEFT requires a tokenizer's name if the prompt was initialized from a text, and does not use it.
    if settings["prompt_tuning_init"] == "TEXT" { settings["tokenizer_name_or_path"] = .string(base) }
    try writeFile(JSON.object(settings).text() + "\n", to: folder + "/adapter_config.json")
  }

  /// Loads the adapter in `folder` for `model`.
  /// - Throws: `AdapterFault` with all unsupported settings, or all missing, unexpected and misshapen tensors;
  ///   `CheckpointFault.notFinite` for a tensor with NaN or infinity.
  public convenience init(folder: String, on model: TextModel) throws {
    var method = try readMethod(folder + "/adapter_config.json")
    let prefix = type(of: method).tensorPrefix
    let format = type(of: method).format, files = format.weights.map { folder + "/" + $0 }
    let checkpoint = try Checkpoint(files: [files[0]] + files.dropFirst().filter(fileExists))
    method.addModulesToSave(
      model.headTransformModules.filter { module in
        checkpoint.contains(prefix + module + ".weight") && !belongs(module + ".weight", to: method.modulesToSave)
      })
    var reader = TensorReader(
      checkpoint: checkpoint, file: files[0],
      encoder: (prefix, model.config.family.names.baseModelPrefix + "."))
    let injection = try method.inject(into: model, seed: nil)
    for tensor in injection.tensors { try reader.read(tensor.parameter, savedName: tensor.name) }
    let head = model.headType.isTied ? nil : try reader.head(like: model.classifier)
    self.init(method, on: model, injection, head: head)
    for weight in replacedWeights { try reader.read(weight.parameter, savedName: weight.name) }
    try reader.finish()
  }
}

/// All methods, found by their `peft_type`.
private let adapterMethods: [any AdapterMethod.Type] = [
  LoRAConfig.self, AdaLoRAConfig.self, IA3Config.self, VeRAConfig.self, LayerNormTuning.self, BitFit.self,
  LinearProbe.self, BottleneckConfig.self, PromptConfig.self, PrefixConfig.self,
]

/// The method and its config, from adapter_config.json.
private func readMethod(_ file: String) throws -> any AdapterMethod {
  let json = try JSON(path: file)
  if json["peft_type"] == nil, var settings = json["config"]?.object {
    settings["name"] = json["name"]
    var reader = AdapterConfigReader(.object(settings))
    if json["version"] == nil {
      reader.problem("'version' is missing: an older version of the library wrote this file, with other keys.")
    }
    let method = BottleneckConfig(&reader)
    if !reader.problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: reader.problems) }
    return method
  }
  guard let type = adapterMethods.first(where: { $0.peftType == json["peft_type"]?.string }) else {
    let found = json["peft_type"]?.text(pretty: false) ?? "missing"
    let supported = adapterMethods.map { "\"\($0.peftType)\"" }.joined(separator: ", ")
    throw AdapterFault.unsupported(file: file, problems: ["'peft_type' is \(found); supported: \(supported)."])
  }
  var reader = AdapterConfigReader(json)
  let method = type.init(&reader)
  if !reader.problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: reader.problems) }
  return method
}

/// Reads tensors by the names in the adapter file, and collects all mismatches.
private struct TensorReader {
  let checkpoint: Checkpoint
  let file: String
  /// `base_model.model.` and `bert.`.
  let encoder: (prefix: String, name: String)
  var problems: [String] = []
  var used: Set<String> = []

  /// The name with or without the encoder's: PEFT omits it for a model without a head.
  private func find(_ name: String) -> String? {
    let shortName = encoder.prefix + name.trimmingPrefix(encoder.prefix + encoder.name)
    return [name, shortName].first { checkpoint.contains($0) }
  }

  mutating func read(_ parameter: Parameter, savedName: String) throws {
    guard let name = find(savedName) else {
      problems.append("missing '\(savedName)' \(parameter.shape)")
      return
    }
    used.insert(name)
    let found = try checkpoint.info(name).shape
    guard found == parameter.shape else {
      problems.append("'\(name)' has shape \(found); this model and adapter_config.json expect \(parameter.shape)")
      return
    }
    try checkpoint.floats(name, into: parameter.pointer)
  }

  /// The adapter's classifier, with any number of classes; a copy of the model's if the file has none.
  mutating func head(like head: Projection) throws -> Projection {
    let savedName = encoder.prefix + head.weight.name
    guard let name = find(savedName), case let shape = try checkpoint.info(name).shape, shape.count == 2 else {
      return head.copy
    }
    let adapterHead = Projection(
      head.name, weight: Parameter(head.weight.name, shape: [shape[0], head.inputs]),
      bias: Parameter(head.bias.name, shape: [shape[0]]))
    try read(adapterHead.weight, savedName: savedName)
    try read(adapterHead.bias, savedName: encoder.prefix + head.bias.name)
    return adapterHead
  }

  func finish() throws {
    // With bias "all" PEFT 0.21 also saves the head's original and wrapped biases, and does not load them.
    let unread = checkpoint.names.filter {
      !used.contains($0) && !$0.contains(".original_module.") && !$0.contains(".modules_to_save.")
    }
    let allProblems = try problems + unread.map { "unexpected '\($0)' \(try checkpoint.info($0).shape)" }
    if !allProblems.isEmpty { throw AdapterFault.tensors(file: file, problems: allProblems) }
    try checkpoint.checkFinite(used)
  }
}

typealias SavedTensor = (name: String, shape: [Int], floats: [Float])

/// Calls `body` with pointers to copies of all tensors, which are valid until it returns.
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
