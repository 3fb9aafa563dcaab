import ArgumentParser
import Checkpoints
import Files
import Kernels
import Serving

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Fold an adapter into its base: one model, as fast as the base.",
    discussion: """
      The new folder is a full run's: transformers loads it, `tune eval` and `tune predict` need no --adapter with it. \
      Adapters that are no change of weights (bottlenecks, prefixes, prompts) cannot be merged.
      """)

  @Argument(help: "The base model's folder.")
  var model: String
  @Option(help: ArgumentHelp("The adapter.", valueName: "folder"))
  var adapter: String
  @Option(help: "The folder to write; it is written whole or not at all, and never over another.")
  var output: String
  @Option(
    help: ArgumentHelp("The numbers on disk.", valueName: "fp32|fp16|bf16"),
    transform: {
      let formats: [String: FloatFormat] = ["fp32": .f32, "fp16": .f16, "bf16": .bf16]
      guard let format = formats[$0] else { throw ValidationError("expected fp32, fp16 or bf16") }
      return format
    })
  var saveDtype = FloatFormat.f32
  @Flag(help: "Do not check that the adapter was trained over these weights.")
  var anyBase = false

  func run() throws {
    if fileExists(output) {
      throw FileFault.unwritable(path: output, why: "it is there already; choose another folder")
    }
    try Processor.initialize()
    let merged = try MergedModel(base: model, adapter: adapter, anyBase: anyBase)
    try replaceFolder(at: output) { try merged.save(to: $0, as: saveDtype) }
    note("\(adapter) is part of \(output)")
  }
}
