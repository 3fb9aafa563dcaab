/// `tune convert`: a copy of a model or an adapter with its weights as safetensors.
import Adapters
import ArgumentParser
import Checkpoints
import Files
import FoundationEssentials
import Kernels

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Copy a model or an adapter with its weights as safetensors.",
    discussion: """
      Every command also reads PyTorch's own files (pytorch_model.bin, adapter_model.bin); other programs may not, and \
      should not: they can hold code, which tune never runs. Numbers and types are unchanged.
      """)

  @Argument(help: "A folder of a model or an adapter.", completion: .directory)
  var folder: String
  @Argument(
    help: "The new folder. It is written completely or not at all, and must not exist.", completion: .directory)
  var output: String

  func run() throws {
    if fileExists(output) {
      throw FileFault.unwritable(path: output, why: "it exists; choose another folder")
    }
    let isAdapter = fileExists(folder + "/adapter_config.json")
    if isAdapter { try AdapterFormat.check(folder) }
    // An adapter's head may be in a file of its own.
    let weights =
      isAdapter
      ? try AdapterFormat.weights(in: folder).map { (AdapterFormat.safetensorsName(of: $0), try Checkpoint(file: $0)) }
      : [("model.safetensors", try Checkpoint(folder: folder, threads: Processor.count))]
    // Checksums only: numbers are copied as they are.
    for (_, checkpoint) in weights { try checkpoint.checkFinite([]) }
    for note in weights.flatMap(\.1.notes) { tune.note("note: " + note) }
    try replaceFolder(at: output) { new in
      for (name, checkpoint) in weights { try checkpoint.copy(to: "\(new)/\(name)", rows: [:]) }
      for name in try companions() { try writeFile(try readFile("\(folder)/\(name)"), to: "\(new)/\(name)") }
    }
    note("\(weights.reduce(0) { $0 + $1.1.names.count }) tensors: \(output)")
  }

  /// Configuration, tokenizer and descriptions: the folder's files that have no weights.
  private func companions() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { name in
      let isText = [".json", ".txt", ".md", ".model", "LICENSE"].contains { name.hasSuffix($0) }
      return isText && !name.hasSuffix(".index.json") && !isFolder("\(folder)/\(name)")
    }
  }
}
