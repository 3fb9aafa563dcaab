/// Saves an adapter in the format of the `adapters` library (AdapterHub).
import Autograd
import Checkpoints
import Encoders
import Files

extension Adapter {
  /// Writes adapter_config.json and adapter.safetensors; for a head also head_config.json and model_head.safetensors.
  func saveForAdapterHub(
    _ tensors: [SavedTensor], head: [SavedTensor], to folder: String, base: String, _ headType: HeadType
  ) throws {
    let family = model.config.family
    let common: [String: JSON] = [
      "hidden_size": .int(model.config.hiddenSize), "model_class": .string(family.architecture.className(headType)),
      "model_name": .string(base), "model_type": .string(family.rawValue), "version": "adapters.1.3.0",
    ]
    func write(_ tensors: [SavedTensor], _ file: String, _ settings: [String: JSON], _ config: String) throws {
      try withPointers(tensors) { pointers in
        try writeSafetensors(to: folder + "/" + file, tensors: pointers, dtype: .f32, metadata: ["format": "pt"])
      }
      let merged = common.merging(settings) { _, new in new }
      try writeFile(JSON.object(merged).text() + "\n", to: folder + "/" + config)
    }
    let name: JSON = (method as? BottleneckConfig).map { .string($0.name) } ?? .null
    try write(
      tensors, AdapterFormat.adapterHub.files[0].safetensors,
      ["config": .object(try method.configJSON(in: model)), "name": name],
      "adapter_config.json")
    if head.isEmpty { return }
    try write(
      head, AdapterFormat.adapterHub.files[1].safetensors,
      ["config": .null, "name": .null, "num_labels": headType.hasClassifier ? .int(self.head.outputs) : .null],
      "head_config.json")
  }
}
