/// `tune adapter`: makes adapters from other adapters, and checks them.
package import Adapters
import ArgumentParser
import Files
import ModelHub
import Reporting
import Serving
import Tasks

struct AdapterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter", abstract: "Make adapters of other adapters and models, and check them.",
    subcommands: [CombineCommand.self, CompressCommand.self, ExtractCommand.self, VerifyCommand.self])
}

struct CombineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "combine", abstract: "Combine adapters of one base model into one adapter.",
    discussion: """
      The updates of the adapters are combined by PEFT's rules. The adapters may be of different tasks: the result is a folder \
      for each, with the combined update and that adapter's own head; --head makes one adapter. linear, cat, ties, dare_linear, \
      dare_ties and magnitude_prune are for LoRA; svd and the types that end with _svd for every method that changes weights. \
      dare_linear and dare_ties choose numbers at random, by --seed.
      """)

  @Argument(help: "The base model's folder or name on the Hub.", completion: .directory)
  var model: String
  @Option(
    help: ArgumentHelp("A folder of an adapter or a run, and its name. Two or more.", valueName: "name=folder"))
  var adapter: [AdapterArgument]
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "A factor for each adapter, which may be negative: 1,-0.5. Default: 1 for all.", valueName: "numbers"),
    transform: { list in
      try list.split(separator: ",", omittingEmptySubsequences: false).map { text in
        guard let weight = Double(text), weight.isFinite else {
          throw ValidationError("expected numbers with commas between them, found '\(text)'")
        }
        return weight
      }
    })
  var weights: [Double] = []
  @Option(
    name: .customLong("type"),
    help: ArgumentHelp("How: \(CombinationType.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "type"))
  var type = CombinationType.svd
  @Option(help: "The share of numbers that ties, dare and magnitude_prune keep.")
  var density: Double?
  @Option(
    help: ArgumentHelp("How ties elects a sign.", valueName: "total|frequency"))
  var majoritySignMethod = MajoritySignMethod.total
  @Option(help: "The rank of svd's result; default: the largest of the adapters.")
  var rank: Int?
  @Option(help: "Of dare's random choice.")
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("Write one adapter, with the head of this one.", valueName: "name"))
  var head: String?
  @Flag(help: "Skip the check that the adapters were trained on this base model.")
  var anyBase = false
  @OptionGroup var output: AdapterOutput
  @OptionGroup var threads: ThreadOption

  func validate() throws {
    let names = adapter.map(\.name)
    if adapter.count < 2 { throw ValidationError("Expected --adapter twice or more, found \(adapter.count).") }
    if Set(names).count < names.count { throw ValidationError("Two adapters have the same name; write NAME=FOLDER.") }
    if !weights.isEmpty, weights.count != adapter.count {
      throw ValidationError(
        "--weights: expected \(adapter.count) numbers, one for each adapter; found \(weights.count).")
    }
    if type.prunes != (density != nil) {
      throw ValidationError(
        type.prunes ? "--type \(type.rawValue) requires --density." : "--type \(type.rawValue) has no --density.")
    }
    if let density, !(0...1).contains(density) || density == 0 {
      throw ValidationError("--density: expected a number above 0, up to 1; found \(density).")
    }
    if rank != nil, !type.isOnWholeUpdates { throw ValidationError("--rank is for svd and types that end with _svd.") }
    if let head, !names.contains(head) {
      throw ValidationError("--head: expected one of \(names.joined(separator: ", ")); found \(head).")
    }
    try checkRank(rank)
  }

  func run() throws {
    try output.check()
    try threads.start(quiet: true)
    let base = try RunParts.model(modelFolder(model))
    let sources = try adapter.map { (name: $0.name, path: try RunParts.adapter($0.path)) }
    let weights = weights.isEmpty ? adapter.map { _ in 1 } : weights
    let adapters = try CombinedAdapters(base: base, sources, anyBase: anyBase, threads: threads.count)
    let combination = AdapterCombination(
      type, density: density ?? 1, majoritySign: majoritySignMethod, rank: rank, seed: seed)
    let result = try adapters.combine(combination, weights: weights)
    var origin: [String: JSON] = [
      "combination_type": .string(type.rawValue), "adapters": .array(adapter.map { .string($0.name) }),
      "weights": .array(weights.map(JSON.double)),
    ]
    if let density { origin["density"] = .double(density) }
    if type.electsSigns { origin["majority_sign_method"] = .string(majoritySignMethod.rawValue) }
    if type.isRandom { origin["seed"] = .int(Int(clamping: seed)) }
    try replaceFolder(at: output.path) { folder in
      for name in head.map({ [$0] }) ?? sources.map(\.name) {
        try adapters.save(
          result, headOf: name, to: head == nil ? "\(folder)/\(name)" : folder, origin: .object(origin))
      }
    }
    for name in head == nil ? sources.map({ "/" + $0.name }) : [""] {
      try emit("\(output.path)\(name): rank \(result.rank), \(result.factors.count) modules")
    }
    if let worst = result.errors.max(by: { $0.value < $1.value }) {
      try emit("largest error by the rank: \(fixed(worst.value, 4)) of \(worst.key)")
    }
  }
}

struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress", abstract: "Reduce an adapter to a LoRA of a lower rank.",
    discussion: """
      Each module's update is cut by a singular value decomposition. The error is what the cut lacks, as a ratio of Frobenius \
      norms. Any method that changes weights becomes a LoRA.
      """)

  @Argument(
    help: "The base model's folder or name on the Hub, or the folder of a run with an adapter.", completion: .directory)
  var model: String
  @OptionGroup var adapterOptions: AdapterOptions
  @Option(help: "The new rank.")
  var rank: Int
  @Flag(help: "Print the errors as JSON.")
  var json = false
  @OptionGroup var output: AdapterOutput
  @OptionGroup var threads: ThreadOption

  func validate() throws { try checkRank(rank) }

  func run() throws {
    try output.check()
    try threads.start(quiet: true)
    let (base, adapter) = try adapterOptions.folders(of: model)
    guard let adapter else { throw ValidationError("Expected --adapter, or the folder of a run with an adapter.") }
    let adapters = try CombinedAdapters(
      base: base, [("adapter", adapter)], anyBase: adapterOptions.anyBase, threads: threads.count)
    let result = try adapters.combine(AdapterCombination(.svd, rank: rank), weights: [1])
    try replaceFolder(at: output.path) {
      try adapters.save(
        result, headOf: "adapter", to: $0,
        origin: ["combination_type": "svd", "adapters": [.string(lastPathComponent(adapter))], "weights": [1.0]])
    }
    if json { return try emit(.object(result.errors.mapValues(JSON.double)), pretty: true) }
    try emit(errors: result.errors)
  }
}

private func emit(errors: [String: Double]) throws {
  let rows = errors.sorted { $0.key < $1.key }.map { [$0.key, fixed($0.value, 4)] }
  for line in textTable(["module", "error"], rows) { try emit(line) }
}

struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract", abstract: "Make a LoRA out of a model that was fine-tuned in full.",
    discussion: """
      Each matrix's change from the base is cut to the rank by a singular value decomposition; the error is what the cut lacks, \
      as a ratio of Frobenius norms. Biases of these matrices, LayerNorms and the head are copied. What else has changed, such as \
      the embeddings, is not in the adapter; the command says how much that is.
      """)

  @Argument(help: "The base model's folder or name on the Hub.", completion: .directory)
  var base: String
  @Argument(help: "The fine-tuned model's folder, or that of its run.", completion: .directory)
  var model: String
  @Option(help: "The rank of the LoRA.")
  var rank: Int
  @Flag(help: "Print the errors as JSON.")
  var json = false
  @OptionGroup var output: AdapterOutput
  @OptionGroup var threads: ThreadOption

  func validate() throws { try checkRank(rank) }

  func run() throws {
    try output.check()
    try threads.start(quiet: true)
    let extracted = try ExtractedAdapter(
      base: RunParts.model(modelFolder(base)), model: RunParts.model(modelFolder(model)), rank: rank,
      threads: threads.count)
    try replaceFolder(at: output.path) { try extracted.save(to: $0) }
    let (errors, missing) = (extracted.extraction.errors, extracted.extraction.missing)
    for (name, change) in missing {
      note("note: \(name) has changed by \(fixed(100 * change, 2)) % of its norm and is not in the adapter")
    }
    if !json { return try emit(errors: errors) }
    let changes = Dictionary(uniqueKeysWithValues: missing.map { ($0.name, JSON.double($0.change)) })
    try emit(["errors": .object(errors.mapValues(JSON.double)), "missing": .object(changes)], pretty: true)
  }
}

/// The new folder of these commands.
struct AdapterOutput: ParsableArguments {
  @Option(
    name: .customLong("output"), help: "The new folder. It is written completely or not at all, and must not exist.",
    completion: .directory)
  var path: String

  func check() throws {
    recoverFolder(at: path)
    if fileExists(path) { throw FileFault.unwritable(path: path, why: "it exists; choose another folder") }
  }
}

extension CombinationType: ExpressibleByArgument {}
extension MajoritySignMethod: ExpressibleByArgument {}

private func checkRank(_ rank: Int?) throws {
  if let rank, !(1...65536).contains(rank) { throw ValidationError("--rank: expected 1 to 65536, found \(rank).") }
}
