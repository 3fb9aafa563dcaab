/// `tune run` for a sweep: executes its grid, and prints a table of the results.
import ArgumentParser
import Files
import Kernels
import Recipes
import Reporting
import Runs
import Tasks

struct SweepRun {
  private let sweep: Sweep
  private let mode: RunMode
  private let threads: ThreadOption
  private let json: Bool

  init(_ sweep: Sweep, _ mode: RunMode, _ threads: ThreadOption, json: Bool) {
    (self.sweep, self.mode, self.threads, self.json) = (sweep, mode, threads, json)
  }

  func run() throws {
    let grid = RunGrid(sweep)
    var steps = try grid.plan(mode)
    try threads.start(InferencePrecision(grid.cells[0].recipe.precision))
    var interrupt = Interrupt(grid.cells[0].recipe)
    sweep.announce()
    try grid.check(threads: threads.count, steps) { interrupt.isRequested }
    try grid.begin(writing: ["sweep.json", "sweep.tsv"])
    steps = try grid.plan(mode)  // another process may have begun in the meantime
    if mode == .overwrite { try grid.beginReplacement() }
    let console = GridConsole(grid)
    let outcomes = try grid.execute(
      steps, mode, threads: threads.count, shouldStop: { interrupt.isRequested },
      shouldSave: { interrupt.takeSaveRequest() }
    ) { event in
      if case .began(let index) = event { interrupt.onSIGUSR1 = grid.cells[index].recipe.training.onSIGUSR1 }
      console.report(event)
    }
    let summary = GridSummary(grid, outcomes)
    try summary.save(as: grid.output + "/sweep")
    if isFirstTask {
      if json { try emit(summary.json, pretty: true) } else { try SweepTable(summary).print() }
      note("\(grid.output)/sweep.json, sweep.tsv")
    }
    if grid.cells.allSatisfy({ $0.recipe.parts.allSatisfy { !$0.data.hasDev } }) {
      note("note: without a dev split no configuration is selected; test scores do not select one")
    }
    let pending = outcomes.count { if case .pending = $0 { true } else { false } }
    if pending > 0 {
      let command = shellCommand(resuming(CommandLine.arguments))
      note("stopped with \(pending) of \(counted(steps.count, "run")) left. Nothing is lost; continue with: \(command)")
      throw ExitCode(130)
    }
    for case (let cell, .failed(let why)) in zip(grid.cells, outcomes) { note("\(cell.name) failed: \(why)") }
    if summary.hasFailures { throw ExitCode.failure }
  }
}

extension Sweep {
  /// Prints what will be run, with the sweep's notes.
  func announce() {
    note("a sweep of \(summary)")
    notes.forEach { note("note: " + $0) }
  }

  /// `12 runs: learning_rate × 2, rank × 2, seed × 3`.
  var summary: String {
    let sizes = axes.map { "\($0.path) × \($0.values.count)" }.joined(separator: ", ")
    return "\(counted(cells.count, "run")): \(sizes)"
  }
}
