/// The file formats of adapter folders.
import Files

public enum AdapterFormat: CaseIterable, Sendable {
  /// PEFT's adapter_config.json, with a `peft_type`, and adapter_model.safetensors.
  case peft
  /// The same two files, with a `peft_type` that PEFT does not have.
  case tune
  /// The `adapters` library's adapter_config.json, with a `config`, and adapter.safetensors; the head in
  /// head_config.json and model_head.safetensors.
  case adapterHub

  /// Tensor files; a separate file for the head comes second.
  var weights: [String] {
    switch self {
    case .peft, .tune: ["adapter_model.safetensors"]
    case .adapterHub: ["adapter.safetensors", "model_head.safetensors"]
    }
  }

  /// Paths of the tensor files in `folder`; PEFT's if it has none.
  public static func weights(in folder: String) -> [String] {
    for format in allCases {
      let found = format.weights.map { folder + "/" + $0 }.filter(fileExists)
      if !found.isEmpty { return found }
    }
    return [folder + "/" + Self.peft.weights[0]]
  }
}
