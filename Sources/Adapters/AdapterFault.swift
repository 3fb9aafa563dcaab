/// Errors of adapter folders.
import Files
import FoundationEssentials

/// An adapter folder that cannot be used.
package enum AdapterFault: Error, CustomStringConvertible {
  case files(String)
  case unsupported(file: String, problems: [String])
  case tensors(file: String, problems: [String])

  package var description: String {
    switch self {
    case .files(let problem): problem
    case .unsupported(let file, let problems):
      "\(file): this adapter cannot be used:" + problems.map { "\n  " + $0 }.joined()
    case .tensors(let file, let problems):
      "\(file): the adapter does not match the model:" + problems.prefix(20).map { "\n  " + $0 }.joined()
        + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
        + "\nIs this the base model that the adapter was trained on?"
    }
  }
}

extension AdapterFormat {
  /// Checks that `folder` has an adapter's files, in a format that is read.
  /// - Throws: `AdapterFault.files`, which says what the folder has instead.
  package static func check(_ folder: String) throws(AdapterFault) {
    func has(_ file: String) -> Bool { fileExists(folder + "/" + file) }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let onnx = files.filter { $0.hasSuffix(".onnx") }.min()
    guard has("adapter_config.json") else {
      if let onnx { throw .files("\(folder): an ONNX model (\(onnx)). Expected an adapter in PEFT's format.") }
      if has("config.json") {
        throw .files(
          "\(folder): a whole model, because it has config.json and no adapter_config.json. It needs no base.")
      }
      return
    }
    if allCases.contains(where: { !$0.weights(in: folder).isEmpty }) { return }
    if let onnx {
      throw .files(
        "\(folder): only an ONNX model (\(onnx)) beside adapter_config.json. Expected adapter_model.safetensors.")
    }
  }
}
