/// `tune data check`: what is wrong with a recipe's data, and what they are like, before a run.
import ArgumentParser
import Datasets
import Files
import Kernels
import Recipes
import Reporting
import Runs
import Tasks

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Check the data of a recipe.", subcommands: [DataCheckCommand.self])
}

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Count, measure and compare the examples of a recipe's data, and find errors.",
    discussion: """
      Counts by split and label, illegal tag transitions, repeated examples and those without a token, examples that two \
      splits share, drift of the labels, lengths in tokens, unknown tokens, and suggested class weights. A table with an \
      empty text, and other data that cannot be read, are errors. Texts are not printed, only places and ids. The exit \
      status is 1 if something should be mended before training. See docs/data.md.
      """)

  @Argument(
    help: "A recipe file, the name of a recipe that ships with tune, or the folder of a run.", completion: .file())
  var recipe: String
  @Argument(help: "Settings that override the recipe's.")
  var overrides: [String] = []
  @OptionGroup var files: SetFileOption
  @Flag(help: "Also print the beginning of the examples that are named.")
  var showText = false
  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    let path = try RecipeLibrary.path(of: recipe)
    let recipe = try Recipe.load(path: path, overrides: overrides, setFiles: files.values)
    let checks: [(task: String, check: DataCheck)]
    do {
      checks = try RunBuilder(recipe, threads: Processor.count).checkData(showText: showText)
    } catch let fault as any DataFault where !showText {
      throw fault.withoutText
    }
    if json {
      let byTask = JSON.object(Dictionary(checks.map { ($0.task, $0.check.json) }) { $1 })
      try emit(recipe.multiTask == nil ? checks[0].check.json : byTask, pretty: true)
    } else {
      for (number, (task, check)) in checks.enumerated() {
        if !task.isEmpty { try emit((number > 0 ? "\n" : "") + "\(task):") }
        try print(check)
      }
    }
    if checks.contains(where: { !$0.check.problems.isEmpty }) { throw ExitCode.failure }
  }

  private func print(_ check: DataCheck) throws {
    for line in textTable([""] + check.splits.map(\.split.rawValue), rows(check)) { try emit(line) }
    if let weights = check.weights {
      try emit("\nsuggested \(weights.key), to balance the labels:")
      for (label, weight) in weights.values.sorted(by: { $0.key < $1.key }) {
        try emit("  \(visible(label))  \(fixed(weight, 4))")
      }
    }
    if showText {
      let found = check.splits.flatMap { [$0.empty, $0.repeated] } + check.shared.map(\.found)
      for example in found.flatMap(\.examples) { try emit("\n\(example.description): \(example.text ?? "")") }
    }
    if !check.problems.isEmpty { try emit("") }
    for problem in check.problems { try emit("problem: \(problem)") }
    for text in check.notes { note("note: \(text)") }
  }

  private func rows(_ check: DataCheck) -> [[String]] {
    func row(_ name: String, _ value: (SplitReport) -> String?) -> [String]? {
      let values = check.splits.map(value)
      return values.allSatisfy { $0 == nil } ? nil : [name] + values.map { $0 ?? "–" }
    }
    let labels = Set(check.splits.flatMap(\.labels.keys)).sorted()
    let counts = labels.map { label in row(visible(label)) { "\($0.labels[label] ?? 0)" } }
    let measures = [
      row("mean value") { split in split.values.map { fixed($0.mean, 3) } },
      row("range") { split in split.values.map { "\(fixed($0.minimum, 2)) to \(fixed($0.maximum, 2))" } },
      row("drift from train") { split in
        split.drift.map { "\(fixed($0.value, 3)) (random samples \(fixed($0.expected, 3)))" }
      },
      row("illegal tags") { split in split.illegalTags.map { "\($0.found.count)" } },
      row("empty") { "\($0.empty.count)" },
      row("repeated") { "\($0.repeated.count)" },
      row("… with other labels") { "\($0.conflicting.count)" },
      row("tokens, median") { fixed($0.lengths.median, 0) },
      row("tokens, 95 %") { fixed($0.lengths.percentile95, 0) },
      row("tokens, most") { fixed($0.lengths.maximum, 0) },
      row("windows") { split in split.sequences.map { "\($0)" } },
      row("cut") { split in split.cut.map { "\($0)" } },
      row("tokens per word") { fixed($0.tokensPerWord, 3) },
      row("unknown tokens") { fixed(100 * $0.unknownFraction, 3) + " %" },
    ]
    return ([row(check.noun) { "\($0.count)" }] + counts + measures).compactMap(\.self)
  }
}
