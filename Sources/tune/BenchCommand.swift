/// `tune bench`: trainable parameters against accuracy, for bases, tasks and methods.
import ArgumentParser
import Files
import Kernels
import Recipes
import Reporting
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
    let expected = bench.expected
    note("a benchmark of \(count(bench.rows.count, "row")), \(expected.cells.count) runs")
    bench.notes.forEach { note("note: " + $0) }
    if dryRun { return try GridEstimateTable(grid: expected, threads: threads, json: json).run() }
    let grid = bench.grid
    var steps = try grid.plan(.resume)
    try threads.start(InferencePrecision(grid.cells[0].recipe.precision))
    let interrupt = Interrupt()
    try bench.check(steps, threads: threads.count) { interrupt.isRequested }
    try grid.begin(writing: [BenchResults.resultsFile, BenchResults.pageFile])
    steps = try grid.plan(.resume)  // another process may have begun in the meantime
    let console = GridConsole(grid, expected: expected.cells.count)
    let outcomes = try grid.execute(
      steps, wanted: bench.wanted, threads: threads.count, shouldStop: { interrupt.isRequested },
      report: console.report)
    var results = try BenchResults(bench, outcomes)
    if bench.crossEvaluates {
      try results.crossEvaluate(threads: threads.count, until: { interrupt.isRequested }) { run in
        note("evaluating \(run) on the other tasks")
      }
    }
    try results.save()
    if json { try emit(results.json, pretty: true) } else { try BenchTable(results: results).print() }
    note("\(results.output)/\(BenchResults.resultsFile), \(BenchResults.pageFile)")
    let pending = results.rows.count { $0.pending > 0 }
    if pending > 0 || bench.crossEvaluates && interrupt.isRequested {
      note("stopped with \(count(pending, "row")) left. Nothing is lost; the same command continues.")
      throw ExitCode(130)
    }
    results.rows.flatMap(\.failures).forEach { note("failed: \($0)") }
    if results.hasFailures { throw ExitCode.failure }
  }

  private func count(_ number: Int, _ name: String) -> String { "\(number) \(name)\(number == 1 ? "" : "s")" }
}
