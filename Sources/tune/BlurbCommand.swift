/// `tune blurb`: a base model on the data sets of BLURB or BLUE, by their rules.
import ArgumentParser
import Files
import FoundationEssentials
import ModelHub
import Recipes
import Runs
import Tasks

struct BlurbCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blurb", abstract: "Score a base model on BLURB or BLUE, by their rules.",
    discussion: """
      Finds the suite's data sets in the known layouts, trains each by its rules (a grid of learning rates and batch sizes on \
      dev, then five or ten seeds of what was chosen), and prints their scores and the suite's. It is a benchmark as of \
      'tune bench', with its recipe in OUTPUT/bench.json: the same command continues after an interruption, and started \
      several times it divides the runs.
      """)

  @Option(help: "The base model: its folder, or its name on the Hub.", completion: .directory)
  var base: String
  @Option(help: "The folder that has the data sets.", completion: .directory)
  var data: String
  @Option(
    help: ArgumentHelp("The suite.", valueName: "blurb|blue"),
    transform: { name in
      guard let suite = Suite.named(name) else { throw ValidationError("expected blurb or blue") }
      return suite
    })
  var suite = Suite.blurb
  @Option(
    help: "A method such as lora, or a JSON file with a section \"method\", and possibly \"training\" and \"sweep\".")
  var method = "full"
  @Option(help: "The folder of the runs and the results; default: runs/SUITE-BASE-METHOD.", completion: .directory)
  var output: String?
  @Flag(help: "A first look: one epoch of 1,000 examples with one seed and setting. Its scores are not the suite's.")
  var quick = false
  @Argument(help: "Settings of every run that override the suite's, such as precision=bf16.")
  var overrides: [String] = []
  @OptionGroup var threads: ThreadOption
  @Flag(
    help: "Write nothing; say what was found, and estimate memory, time and disk space from a few steps of every set.")
  var dryRun = false
  @Flag(help: "Print the results, or the estimate of --dry-run, as JSON instead of a table.")
  var json = false

  func validate() throws {
    if overrides.contains(where: { $0.hasPrefix("output=") }) {
      throw ValidationError("Give the output with --output.")
    }
    for key in ["training.learning_rate", "training.batch_size"]
    where overrides.contains(where: { $0.hasPrefix(key + "=") }) {
      throw ValidationError(
        "\(key) is searched on dev. Give a list of values in the section \"sweep\" of a file for --method.")
    }
    if let setting = overrides.first(where: { $0.hasPrefix("training.metric_for_best_model=") }) {
      throw ValidationError("\(setting): each set has its metric.")
    }
  }

  func run() throws {
    let model = try RunParts.model(modelFolder(base)), method = try SuiteRecipe.Method(method)
    guard fileExists(model + "/config.json") else { throw FileFault.missing(path: model + "/config.json") }
    let name = lastPathComponent(canonicalPath(base) ?? base)
    let output =
      output
      ?? "runs/\(suite.name.lowercased())-\(safeFolderName(name))-\(safeFolderName(method.name))\(quick ? "-quick" : "")"
    try checkOutput(output)
    // A dry run leaves nothing behind, and nor does a wrong setting.
    let folder = dryRun ? FileManager.default.temporaryDirectory.path + "/tune-blurb-" + UUID().uuidString : output
    let hadData = fileExists(folder + "/data")
    var isLoaded = false
    defer { if dryRun || !isLoaded && !hadData { removeFiles(in: folder) { $0.hasPrefix("data/") } } }
    let prepared = try PreparedSuite(suite, in: data, writingTo: folder + "/data")
    note("\(prepared.found.count) of \(prepared.states.count) sets of \(suite.name) are in \(data)")
    let recipe = try SuiteRecipe(
      prepared, base: model, named: name, method: method, output: output, isQuick: quick)
    (prepared.notes + recipe.notes).forEach { note("note: " + $0) }
    let file = output + "/bench.json", bench = try Bench.load(recipe.json, named: file, overrides: overrides)
    isLoaded = true
    let run = BenchRun(bench: bench, threads: threads, json: json)
    run.announce()
    if dryRun { return try run.estimate() }
    try run.run(begin: { try writeFile(recipe.json.text() + "\n", to: file) }) { results in
      let results = SuiteResults(
        prepared, results, isQuick: quick,
        departures: method.departures.filter { !quick || !SuiteRecipe.quickSettings.contains($0) }
          + overrides.filter(isDeparture)
          + recipe.departures(of: Set(bench.rows.map(\.task))))
      let path = try results.save()
      if json { try emit(results.json, pretty: true) } else { try SuiteTable(results: results).print() }
      note(path)
    }
  }

  /// The sets are written in the output's folder: it must not hold the user's.
  private func checkOutput(_ output: String) throws {
    let isOwn = fileExists(output + "/bench.json") || fileExists(output + "/.tune-claims")
    guard let folder = canonicalPath(output), let data = canonicalPath(data) else { return }
    let isAround = data == folder || data.hasPrefix(folder == "/" ? "/" : folder + "/")
    let others = try isOwn ? [] : folderContents(output).filter { $0 != "data" }
    if isAround || !others.isEmpty {
      throw ValidationError(
        "--output \(output): the folder \(isAround ? "has the data" : "has other files"). Choose one for the results alone."
      )
    }
  }

  /// Whether a setting changes what is trained. A set that is left out is not trained otherwise.
  private func isDeparture(_ setting: String) -> Bool {
    let parts = setting.split(separator: "=", maxSplits: 1).map(String.init), path = parts[0].split(separator: ".")
    if path.starts(with: ["bench", "tasks"]), path.count == 3, parts.last == "null" { return false }
    return ![
      "precision", "logging.", "training.cache_folder", "training.keep_cache", "training.cache_limit_gb",
      "training.save",
      "training.logging_steps",
    ].contains(where: parts[0].hasPrefix)
  }
}
