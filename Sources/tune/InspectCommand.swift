import ArgumentParser
import Checkpoints
import Files

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show the tensors and the parameter counts of a model folder or an adapter.")

  @Argument(help: "A model folder, an adapter folder, a run folder, or a safetensors file.")
  var path: String
  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let folder = ["/adapter", "/model"].map { path + $0 }.first { fileExists($0 + "/tune.json") } ?? path
    let isAdapter = fileExists(folder + "/adapter_config.json")
    let checkpoint =
      folder.hasSuffix(".safetensors")
      ? try Checkpoint(file: folder)
      : isAdapter ? try Checkpoint(file: folder + "/adapter_model.safetensors") : try Checkpoint(folder: folder)
    let config: JSON? = isAdapter ? try JSON(path: folder + "/adapter_config.json") : nil
    let sidecar: JSON? = fileExists(folder + "/tune.json") ? try JSON(path: folder + "/tune.json") : nil
    let tensors = try checkpoint.names.map { ($0, try checkpoint.info($0)) }
    let count = tensors.reduce(0) { $0 + $1.1.shape.reduce(1, *) }
    let base = sidecar?["base"]?["parameters"]?.int
    if json {
      return try emit(
        [
          "kind": isAdapter ? "adapter" : "model",
          "parameters": .int(count),
          "base_parameters": base.map(JSON.int) ?? .null,
          "config": config ?? .null,
          "labels": sidecar?["labels"] ?? .null,
          "tensors": .array(
            tensors.map { name, info in
              [
                "name": .string(name), "dtype": .string(info.dtype.rawValue), "shape": .array(info.shape.map(JSON.int)),
              ]
            }),
        ], pretty: true)
    }
    let width = tensors.map(\.0.count).max() ?? 0
    for (name, info) in tensors {
      try emit(name + String(repeating: " ", count: width - name.count + 2) + "\(info.dtype.rawValue)  \(info.shape)")
    }
    try emit("\(tensors.count) tensors, \(count) parameters")
    if let config {
      let rank = config["r"]?.int.map { ", r \($0)" } ?? ""
      try emit(
        "adapter: \(config["peft_type"]?.string ?? "?")\(rank), over \(config["base_model_name_or_path"]?.string ?? "?")"
      )
    }
    if isAdapter, let base {
      try emit("\(Double(count * 10000 / max(base, 1)) / 100) % of the base's \(base) parameters")
    }
  }
}
