/// Loads adapter folders of PEFT and of `adapters`.
import Autograd
import Checkpoints
package import Encoders
import Files

extension Adapter {
  /// Loads the adapter in `folder` for `model`.
  /// - Throws: `AdapterFault` with all unsupported settings, or all missing, unexpected and misshapen tensors;
  ///   `CheckpointFault.notFinite` for a tensor with NaN or infinity.
  package convenience init(folder: String, on model: TextModel) throws {
    try AdapterFormat.check(folder)
    let file = folder + "/adapter_config.json"
    let (read, tokens) = try readMethod(file)
    var method = read
    try tokens?.check(model, file)
    let prefix = type(of: method).tensorPrefix
    var tensors = try AdapterTensors(
      folder: folder, type(of: method).format,
      encoder: (prefix, model.config.family.names.baseModelPrefix + "."))
    try tensors.checkTypes(model, hasTokens: tokens != nil)
    if var choice = method as? any ModuleMethod {
      let names = model.projections.map(\.name) + model.normNames
      choice.modules.omittedPrefix = tensors.omittedPrefix
      choice.modules.resolvePatterns(among: names, adapted: tensors.adaptedModules(among: names))
      method = choice
    }
    method.addModulesToSave(tensors.savedModules(of: model, besides: method.modulesToSave))
    let injection: Injection
    do { injection = try method.inject(into: model, seed: nil) } catch let fault as TargetFault {
      throw AdapterFault.unsupported(file: file, problems: ["\(fault)"])
    }
    for tensor in injection.tensors { try tensors.read(tensor.parameter, savedName: tensor.name) }
    let head = model.headType.hasClassifier ? try tensors.head(of: model) : nil
    self.init(method, on: model, injection, head: head, trainableTokens: tokens?.ids ?? [], notes: tensors.notes)
    if let rows = set.tokenRows {
      try tensors.read(rows.rows, savedName: prefix + rows.rows.name)
      try tensors.skipTokenAdapters(of: model, rows)
    }
    for weight in replacedWeights { try tensors.read(weight.parameter, savedName: weight.name) }
    let changed = injection.changedProjections
    let changes = try (method as? any WeightMethod)?.changes(of: changed, &tensors) ?? []
    if method is PromptConfig,
      let own = replacedWeights.first(where: { $0.parameter.name == model.wordEmbeddings.name })
    {
      try tensors.readIfPresent(own.parameter, savedName: PromptConfig.wordEmbeddings)
    }
    if model.headType.isTied {
      try tensors.skipTiedDecoder(of: model, set)
    }
    try tensors.finish()
    try change(changed, by: changes, file: tensors.file)
  }
}

extension Adapter {
  /// Reads the method of the adapter in `folder`, without its tensors.
  /// - Throws: `AdapterFault` with all unsupported settings; faults of the file.
  package static func method(in folder: String) throws -> any AdapterMethod {
    try AdapterFormat.check(folder)
    return try readMethod(folder + "/adapter_config.json").0
  }
}

/// All methods, found by their `peft_type`.
private let adapterMethods: [any AdapterMethod.Type] = [
  LoRAConfig.self, AdaLoRAConfig.self, IA3Config.self, VeRAConfig.self, LayerNormTuning.self, BitFit.self,
  LinearProbe.self, TrainableTokensConfig.self, BottleneckConfig.self, PromptConfig.self, PrefixConfig.self,
  LoHa.self, LoKr.self, OFT.self, BOFT.self, HRA.self, MiSS.self, SHiRA.self, RandLoRA.self, FourierFT.self,
  VBLoRA.self,
]

/// The method and its config, from adapter_config.json, and the tokens that it trains.
private func readMethod(_ file: String) throws -> (any AdapterMethod, TrainableTokens?) {
  let json = try JSON(path: file)
  if json["peft_type"] == nil, var settings = json["config"]?.object {
    settings["name"] = json["name"]
    var reader = AdapterConfigReader(.object(settings))
    if json["version"] == nil {
      reader.problem("'version' is missing: an older version of the library wrote this file, with other keys.")
    }
    return (try read(BottleneckConfig.self, &reader, file), nil)
  }
  guard let type = adapterMethods.first(where: { $0.peftType == json["peft_type"]?.string }) else {
    let found = json["peft_type"]?.text(pretty: false) ?? "missing"
    let supported = adapterMethods.map { "\"\($0.peftType)\"" }.joined(separator: ", ")
    throw AdapterFault.unsupported(file: file, problems: ["'peft_type' is \(found); supported: \(supported)."])
  }
  var reader = AdapterConfigReader(json, keyOrder: try JSON.keyOrder(path: file))
  reader.ignore([
    "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_type", "peft_version", "revision", "task_type",
  ])
  let tokens = type.trainableTokens.flatMap { form in
    reader[form.key, "a list of token ids of at least 0, or an object with one", TrainableTokens.init]
  }
  return (try read(type, &reader, file), tokens.flatMap { $0.ids.isEmpty ? nil : $0 })
}

private func read(
  _ type: any AdapterMethod.Type, _ reader: inout AdapterConfigReader, _ file: String
) throws -> any AdapterMethod {
  let method = type.init(&reader)
  reader.refuseUnknown()
  if !reader.problems.isEmpty { throw AdapterFault.unsupported(file: file, problems: reader.problems) }
  return method
}
