/// Saves adapter folders: PEFT's adapter_config.json and adapter_model.safetensors, or those of `adapters`.
import Autograd
import Checkpoints
package import Encoders
import Files

extension Adapter {
  /// Writes the adapter's files into the folder, which is created if it is missing.
  /// - Parameters:
  ///   - base: `base_model_name_or_path` of adapter_config.json; never a local path.
  ///   - headType: decides `task_type`; null for a head with an LSTM.
  package func save(to folder: String, base: String, head headType: HeadType) throws {
    try makeFolder(folder)
    let prefix = type(of: method).tensorPrefix
    let tensors: [SavedTensor] = injection.tensors.map { tensor in
      let (shape, values) = tensor.export?() ?? (tensor.parameter.shape, Array(tensor.parameter.values))
      return (tensor.name, shape, values)
    }
    var weights: [SavedTensor] = headParameters.map { (prefix + $0.name, $0.shape, Array($0.values)) }
    weights += replacedWeights.map { ($0.name, $0.parameter.shape, Array($0.parameter.values)) }
    let form = type(of: method).trainableTokens
    if let tokenRows {
      let saved = form == nil ? tokenRows.written(into: set[model.wordEmbeddings]) : tokenRows.rows
      let names = [prefix + saved.name] + (method is PromptConfig ? [PromptConfig.wordEmbeddings] : [])
      weights += names.map { ($0, saved.shape, Array(saved.values)) }
    }
    if type(of: method).format == .adapterHub {
      return try saveForAdapterHub(tensors, head: weights, to: folder, base: base, headType)
    }
    if model.headType == .embedding {
      weights = (tensors + weights).map {
        (prefix + model.savedName(String($0.name.trimmingPrefix(prefix))), $0.shape, $0.floats)
      }
    } else {
      weights = tensors + weights
    }
    try withPointers(weights) { pointers in
      try writeSafetensors(
        to: folder + "/adapter_model.safetensors", tensors: pointers, dtype: .f32, metadata: ["format": "pt"])
    }
    var settings = try method.configJSON(in: model)
    settings.merge(injection.trainedConfig?() ?? [:]) { _, trained in trained }
    if let tokenRows {
      if let form {
        settings[form.key] = .array(tokenRows.ids.map { .int(Int($0)) })
      } else {
        let module = JSON.string(moduleName(of: model.wordEmbeddings.name))
        settings["modules_to_save"] = .array((settings["modules_to_save"]?.array ?? []) + [module])
      }
    }
    settings["peft_type"] = .string(type(of: method).peftType)
    settings["base_model_name_or_path"] = .string(base)
    settings["inference_mode"] = true
    settings["peft_version"] = "0.21.2"
    settings["task_type"] = headType.peftTaskType.map(JSON.string) ?? .null
    if model.headType == .embedding {
      // Lists of modules, and values by module.
      settings = settings.mapValues { value in
        switch value {
        case .array(let names): .array(names.map { $0.string.map { .string(model.savedName($0)) } ?? $0 })
        case .object(let values): .object(.init(values.map { (model.savedName($0), $1) }) { first, _ in first })
        default: value
        }
      }
    }
    if model.headLayers.lstm != nil {
      // The linear layer is not transformers' classifier, which PEFT would look for.
      settings["task_type"] = .null
      settings["modules_to_save"] = settings["modules_to_save"]?.array.map { modules in
        .array(modules.filter { !($0.string.map(isTrainedWithClassifier) ?? false) })
      }
    }
    for key in ["auto_mapping", "revision"] { settings[key] = .null }
    // PEFT requires a tokenizer's name if the prompt was initialized from a text, and does not use it.
    if settings["prompt_tuning_init"] == "TEXT" { settings["tokenizer_name_or_path"] = .string(base) }
    try writeFile(JSON.object(settings).text() + "\n", to: folder + "/adapter_config.json")
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
