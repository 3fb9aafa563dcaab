/// Saves a model as a Hub folder that transformers loads.
import Autograd
package import Checkpoints
import Files

extension TextModel {
  /// Writes config.json, with `labels`, `problemType` and all sizes, and model.safetensors with the numbers in `format`. Does not
  /// write the tokenizer.
  package func save(to folder: String, labels: [String], problemType: String?, as format: FloatFormat = .f32) throws {
    try makeFolder(folder)
    var object = config.json.object ?? [:]
    object["architectures"] = [.string(config.family.architecture.className(headType))]
    object["model_type"] = .string(config.family.rawValue)
    for (key, value) in config.sizes { object[key] = .int(value) }
    object["dtype"] = .string(format.name)
    object["torch_dtype"] = nil
    let names = labels.enumerated()
    object["id2label"] =
      labels.isEmpty ? nil : .object(.init(uniqueKeysWithValues: names.map { ("\($0)", .string($1)) }))
    object["label2id"] = labels.isEmpty ? nil : .object(.init(names.map { ($1, .int($0)) }) { first, _ in first })
    object["num_labels"] = nil
    object["problem_type"] = problemType.map(JSON.string)
    try writeFile(JSON.object(object).text() + "\n", to: folder + "/config.json")
    // With bf16 the frozen weights are bfloat16 in memory.
    let weights = parameters.map(\.asFloat32)
    try withExtendedLifetime(weights) {
      try writeSafetensors(
        to: folder + "/model.safetensors",
        tensors: weights.map { (savedName($0.name), $0.shape, UnsafeBufferPointer($0.values)) }, dtype: format,
        metadata: ["format": "pt"])
    }
  }
}

extension TextModel {
  /// The name of a weight or a module in transformers' class: a model without a head has no prefix.
  package func savedName(_ name: String) -> String {
    headType == .embedding ? String(name.trimmingPrefix(config.family.names.baseModelPrefix + ".")) : name
  }
}

extension FloatFormat {
  /// The name in config.json (`dtype`).
  fileprivate var name: String {
    switch self {
    case .f32: "float32"
    case .f16: "float16"
    case .bf16: "bfloat16"
    }
  }
}
