/// `tune bench`: trainable parameters against accuracy, for bases, tasks and methods.
import ArgumentParser
import Files
import Recipes
import Runs

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Compare methods: trainable parameters against accuracy.",
    discussion: """
      The recipe's section "bench" names bases, tasks and methods; every combination is trained. What its "sweep" lists is \
      chosen on dev with the first seed, and repeated with the other seeds. The results are in OUTPUT/results.json and \
      OUTPUT/bench.html. Finished runs are kept: the same command continues after an interruption, and runs only what \
      is new after a change. Started several times, also on several machines that share the folder, it divides the runs.
      """)

  @Argument(help: "A recipe file with the section \"bench\".", completion: .file())
  var recipe: String
  @Argument(help: "Settings of every run that override the recipe's, such as training.epochs=1 'sweep.seed=[1]'.")
  var overrides: [String] = []
  @OptionGroup var files: SetFileOption
  @OptionGroup var threads: ThreadOption
  @Flag(help: "Write nothing; estimate memory, time and disk space from a few steps of every row.")
  var dryRun = false
  @Flag(help: "Print results.json, or the estimate of --dry-run, as JSON instead of a table.")
  var json = false

  func run() throws {
    let path = try RecipeLibrary.path(of: recipe)
    let bench = try Bench.load(path: path, overrides: overrides, setFiles: files.values)
    let run = BenchRun(bench: bench, threads: threads, json: json)
    run.announce()
    if dryRun { return try run.estimate() }
    try run.run { results in
      if json { try emit(results.json, pretty: true) } else { try BenchTable(results: results).print() }
    }
  }
}
