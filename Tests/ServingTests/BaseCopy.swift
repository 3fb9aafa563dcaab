/// A copy of a tiny model's folder that tests alter, and adapters that were trained on the original.
import Adapters
import Checkpoints
import Encoders
import Files
import FoundationEssentials
import Tasks
import TestSupport
import Tokenization

/// Methods of which the adapters are made; each has a head of its own.
let methods: [(name: String, method: any AdapterMethod)] = [
  ("lora", LoRAConfig()), ("head", LinearProbe()),
]

struct BaseCopy {
  let folder = TemporaryFolder()
  var base: String { folder.path + "/base" }
  var adapter: String { folder.path + "/adapter" }
  private let original: String

  /// - Parameter original: a fixture.
  init(of original: String, _ method: any AdapterMethod) throws {
    self.original = fixture(original)
    try FileManager.default.copyItem(atPath: self.original, toPath: base)
    try saveAdapter(method)
  }

  /// Saves a new adapter of the original with the tune.json that a run writes.
  private func saveAdapter(_ method: any AdapterMethod) throws {
    let model = try tinyModel(lastPathComponent(original))
    try Adapter(method, on: model, seed: 1).save(to: adapter, base: "base", head: .tokenClassification)
    var file = TuneJSON(task: try TokenClassification(labels: ["O", "B-A", "I-A", "B-B", "I-B"]))
    file.base = .init(
      name: "base", sha256: try Checkpoint(folder: original).sha256, parameters: nil,
      config: model.config.outputSettings)
    file.tokenizer = try WordPiece(folder: original).identity
    try file.write(to: adapter)
  }

  /// Changes config.json, tokenizer_config.json or the adapter's tune.json.
  func change(_ file: String, _ key: String, _ value: JSON?) throws {
    try writeFile(JSON(path: "\(folder.path)/\(file)").with(key, value).text(), to: "\(folder.path)/\(file)")
  }

  /// Writes model.safetensors with `change` applied to the values of each tensor.
  func changeWeights(_ change: (String, inout [Float]) -> Void) throws {
    let checkpoint = try Checkpoint(folder: original)
    var tensors: [(name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)] = []
    defer { tensors.forEach { UnsafeMutableBufferPointer(mutating: $0.floats).deallocate() } }
    for name in checkpoint.names {
      var values = try checkpoint.floats(name)
      change(name, &values)
      let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
      _ = copy.initialize(from: values)
      tensors.append((name, try checkpoint.info(name).shape, UnsafeBufferPointer(copy)))
    }
    try writeSafetensors(to: base + "/model.safetensors", tensors: tensors, metadata: ["format": "pt"])
  }
}
