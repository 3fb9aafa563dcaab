/// `tune run` for a sweep: executes its grid, and prints a table of the results.
import ArgumentParser
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
    let interrupt = Interrupt()
    sweep.announce()
    try grid.check(threads: threads.count, steps) { interrupt.isRequested }
    let lock = try grid.lock()
    defer { withExtendedLifetime(lock) {} }
    steps = try grid.plan(mode)  // another sweep may have ended in the meantime
    if mode == .overwrite { try grid.beginReplacement() }
    var console = Console(interval: 1)
    let outcomes = grid.execute(steps, threads: threads.count, shouldStop: { interrupt.isRequested }) { event in
      switch event {
      case .skipped(let index): note("\(sweep.title(of: index)): already finished")
      case .began(let index):
        note(sweep.title(of: index))
        console = Console(interval: grid.cells[index].recipe.training.loggingSteps)
      case .note(let text): console.print(text)
      case .training(let event): console.report(event)
      }
    }
    let summary = GridSummary(grid, outcomes)
    try summary.save(as: grid.output + "/sweep")
    if json { try emit(summary.json, pretty: true) } else { try SweepTable(summary).print() }
    note("\(grid.output)/sweep.json, sweep.tsv")
    if grid.cells.allSatisfy({ $0.recipe.parts.allSatisfy { $0.data.files.allSatisfy { $0.split != .dev } } }) {
      note("note: without data.dev no configuration is selected; test scores do not select one")
    }
    let pending = outcomes.count { if case .pending = $0 { true } else { false } }
    if pending > 0 {
      let command = shellCommand(resuming(CommandLine.arguments))
      note("stopped with \(pending) of \(steps.count) runs left. Nothing is lost; continue with: \(command)")
      throw ExitCode(130)
    }
    for case (let cell, .failed(let why)) in zip(grid.cells, outcomes) { note("\(cell.name) failed: \(why)") }
    if summary.hasFailures { throw ExitCode.failure }
  }
}
