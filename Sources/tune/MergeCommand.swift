/// `tune merge`: one model from a base model and an adapter.
import ArgumentParser
import Checkpoints
import Files
import Kernels
import Serving

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Merge an adapter into its base model.",
    discussion: """
      The merged model is as fast as the base. transformers loads its folder, and `tune eval` and `tune predict` use \
      it without --adapter. Methods that do not change weights (houlsby, pfeiffer, prefix, prompt) cannot be merged.
      """)

  @Argument(
    help: "The base model's folder or name on the Hub, or the folder of a run with an adapter.", completion: .directory)
  var model: String
  @OptionGroup var adapterOptions: AdapterOptions
  @Option(help: "The new folder. It is written completely or not at all, and must not exist.", completion: .directory)
  var output: String
  @Option(
    help: ArgumentHelp("Number format of the saved weights.", valueName: "fp32|fp16|bf16"),
    transform: { name in
      guard let format = FloatFormat.allCases.first(where: { $0.name == name }) else {
        throw ValidationError("expected fp32, fp16 or bf16")
      }
      return format
    })
  var saveDtype = FloatFormat.f32

  func run() throws {
    recoverFolder(at: output)
    if fileExists(output) {
      throw FileFault.unwritable(path: output, why: "it exists; choose another folder")
    }
    let (model, adapter) = try adapterOptions.folders(of: model)
    guard let adapter else { throw ValidationError("Expected --adapter, or the folder of a run with an adapter.") }
    try Processor.initialize()
    let merged = try MergedModel(
      base: model, adapter: adapter, anyBase: adapterOptions.anyBase, threads: Processor.count)
    try replaceFolder(at: output) { try merged.save(to: $0, as: saveDtype) }
    note("merged \(adapter) into \(output)")
  }
}
