/// The files of the `adapters` library (AdapterHub), as it reads and writes them.
import Autograd
import Checkpoints
import Files
import Models

extension TextModel {
  /// Modules of the head, its last product aside, of which the `adapters` library's files hold weights: it names none.
  func headModules(in checkpoint: Checkpoint) -> [String] {
    let last = [classifier.weight, classifier.bias].map { moduleName(of: $0.name) }
    let found = parameters.map(\.name).filter(checkpoint.contains).map(moduleName)
    return Set(found).subtracting(last).sorted()
  }
}

extension Adapter {
  /// Writes the four files of the `adapters` library; two of them are the head's.
  func saveForAdapterHub(
    _ own: [SavedTensor], head: [SavedTensor], to folder: String, base: String, _ kind: HeadType
  ) throws {
    let family = model.config.family
    let about: [String: JSON] = [
      "hidden_size": .int(model.config.hiddenSize), "model_class": .string(family.architecture(kind)),
      "model_name": .string(base), "model_type": .string(family.rawValue), "version": "adapters.1.3.0",
    ]
    func write(_ tensors: [SavedTensor], _ file: String, _ settings: [String: JSON], _ config: String) throws {
      try withPointers(tensors) { pointers in
        try writeSafetensors(to: folder + "/" + file, tensors: pointers, dtype: .f32, metadata: ["format": "pt"])
      }
      let all = about.merging(settings) { _, own in own }
      try writeFile(JSON.object(all).text() + "\n", to: folder + "/" + config)
    }
    let name: JSON = (method as? BottleneckConfig).map { .string($0.name) } ?? .null
    try write(
      own, AdapterFormat.adapterHub.weights[0], ["config": .object(try method.configJSON(in: model)), "name": name],
      "adapter_config.json")
    if head.isEmpty { return }
    try write(
      head, AdapterFormat.adapterHub.weights[1],
      ["config": .null, "name": .null, "num_labels": kind == .maskedLM ? .null : .int(self.head.outputs)],
      "head_config.json")
  }
}
