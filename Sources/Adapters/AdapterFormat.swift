/// The file formats of adapter folders.
import Files

package enum AdapterFormat: CaseIterable, Sendable {
  /// PEFT's adapter_config.json, with a `peft_type`, and adapter_model.safetensors or adapter_model.bin.
  case peft
  /// The same two files, with a `peft_type` that PEFT does not have.
  case tune
  /// The `adapters` library's adapter_config.json, with a `config`, and adapter.safetensors; the head in
  /// head_config.json and model_head.safetensors.
  case adapterHub

  /// Tensor files, each with the name of its older form; a separate file for the head comes second.
  var files: [(safetensors: String, torch: String)] {
    switch self {
    case .peft, .tune: [("adapter_model.safetensors", "adapter_model.bin")]
    case .adapterHub:
      [("adapter.safetensors", "pytorch_adapter.bin"), ("model_head.safetensors", "pytorch_model_head.bin")]
    }
  }

  /// Paths of the format's tensor files in `folder`; of both forms of a file, safetensors is read.
  func weights(in folder: String) -> [String] {
    files.compactMap { file in [file.safetensors, file.torch].map { folder + "/" + $0 }.first(where: fileExists) }
  }

  /// A sentence for every tensor file that `folder` has in both forms.
  package static func notes(in folder: String) -> [String] {
    allCases.first { !$0.weights(in: folder).isEmpty }?.notes(in: folder) ?? []
  }

  func notes(in folder: String) -> [String] {
    files.filter { file in [file.safetensors, file.torch].allSatisfy { fileExists(folder + "/" + $0) } }
      .map { "\(folder): has \($0.safetensors) and \($0.torch); \($0.safetensors) is read" }
  }

  /// Paths of the tensor files in `folder`; PEFT's if it has none.
  package static func weights(in folder: String) -> [String] {
    allCases.map { $0.weights(in: folder) }.first { !$0.isEmpty } ?? [folder + "/adapter_model.safetensors"]
  }

  /// The name, as safetensors, of an adapter's tensor file.
  package static func safetensorsName(of path: String) -> String {
    let name = lastPathComponent(path)
    return allCases.flatMap { $0.files }.first { $0.torch == name }?.safetensors ?? name
  }
}
