/// `tune inspect`: the tensors and parameter counts of a model or an adapter.
import Adapters
import ArgumentParser
import Checkpoints
import Files
import Kernels
import ModelHub
import Tasks

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "List the tensors of a model or an adapter, and count its parameters.")

  @Argument(
    help: "A folder of a model, an adapter or a run, a name on the Hub, or one file of tensors.", completion: .file())
  var path: String
  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let path = try modelFolder(path)
    let folder = ["/adapter", "/model"].map { path + $0 }.first { fileExists($0 + "/tune.json") } ?? path
    let isAdapter = fileExists(folder + "/adapter_config.json")
    let checkpoint =
      fileExists(folder) && !isFolder(folder)
      ? try Checkpoint(files: [folder], threads: Processor.count)
      : isAdapter
        ? try Checkpoint(
          files: AdapterFormat.weights(in: folder), notes: AdapterFormat.notes(in: folder), threads: Processor.count)
        : try Checkpoint(folder: folder, threads: Processor.count)
    // A plain nil would be JSON's null.
    let config = isAdapter ? try JSON(path: folder + "/adapter_config.json") : JSON?.none
    let settings = try TuneJSON(folder: folder)
    let tensors = try checkpoint.names.map { ($0, try checkpoint.info($0)) }
    let count = tensors.reduce(0) { $0 + $1.1.shape.reduce(1, *) }
    let base = settings?.base?.parameters, damaged = checkpoint.damagedTensors
    checkpoint.notes.forEach { note("note: " + $0) }
    if json {
      return try emit(
        [
          "kind": isAdapter ? "adapter" : "model",
          "parameters": .int(count),
          "base_parameters": base.map(JSON.int) ?? .null,
          "config": config ?? .null,
          "task": settings.map { .string(TaskType(of: $0.task).rawValue) } ?? .null,
          "labels": settings.map { .array($0.task.labels.map(JSON.string)) } ?? .null,
          "damaged": .array(damaged.map { .string($0.name) }),
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
    for (name, found) in damaged { try emit("\(checkpoint.file(of: name).path): '\(name)' has \(found)") }
    if let config {
      // Files of the `adapters` library have `model_name` and no `peft_type`.
      let method = config["peft_type"]?.string ?? "bottleneck", rank = config["r"]?.int.map { ", r \($0)" } ?? ""
      let name = config["base_model_name_or_path"]?.string ?? config["model_name"]?.string
      try emit("adapter: \(method)\(rank), base \(name ?? "unknown")")
    }
    if isAdapter, let base {
      try emit("\(Double(count * 10000 / max(base, 1)) / 100) % of the base model's \(base) parameters")
    }
  }
}
