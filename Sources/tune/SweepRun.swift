/// Executes the runs of a sweep one after the other in one process, and prints a table of their results.
import ArgumentParser
import Files
import Kernels
import Recipes
import Reporting
import Training

struct SweepRun {
  private let sweep: Sweep
  private let mode: RunMode
  private let threads: ThreadOption
  private let json: Bool

  init(_ sweep: Sweep, _ mode: RunMode, _ threads: ThreadOption, json: Bool) {
    (self.sweep, self.mode, self.threads, self.json) = (sweep, mode, threads, json)
  }

  func run() throws {
    let steps = try sweep.plan(mode)
    try threads.start(sweep.cells[0].recipe.precision)
    let interrupt = Interrupt()
    note("a sweep of \(sweep.summary)")
    try sweep.check(threads: threads.count, steps) { interrupt.isRequested }
    var outcomes: [SweepSummary.Outcome] = []
    for (index, (cell, step)) in zip(sweep.cells, steps).enumerated() {
      let title = "[\(index + 1)/\(steps.count)] \(cell.name)"
      switch step {
      case .skip(let result):
        note("\(title): already finished")
        outcomes.append(.finished(result))
      case .run where interrupt.isRequested: outcomes.append(.pending)
      case .run(let mode):
        note(title)
        outcomes.append(train(cell, mode, interrupt))
      }
    }
    let summary = SweepSummary(sweep, outcomes)
    try writeFile(summary.json.text() + "\n", to: sweep.output + "/sweep.json")
    try writeFile(summary.tsv, to: sweep.output + "/sweep.tsv")
    if json { try emit(summary.json, pretty: true) } else { try SweepTable(summary).print() }
    note("\(sweep.output)/sweep.json, sweep.tsv")
    let pending = outcomes.count { if case .pending = $0 { true } else { false } }
    if pending > 0 {
      note("stopped with \(pending) of \(steps.count) runs left. Nothing is lost; continue with: tune run … --resume")
      throw ExitCode(130)
    }
    for case (let cell, .failed(let why)) in zip(sweep.cells, outcomes) { note("\(cell.name) failed: \(why)") }
    if summary.hasFailures { throw ExitCode.failure }
  }

  private func train(_ cell: Sweep.Cell, _ mode: RunMode, _ interrupt: Interrupt) -> SweepSummary.Outcome {
    let console = Console(interval: cell.recipe.training.loggingSteps)
    var lockedFolder: RunFolder?
    do {
      let folder = try RunFolder(cell.recipe, mode)
      let run = try RunBuilder(cell.recipe, threads: threads.count).build()
      try folder.begin()
      lockedFolder = folder
      run.notes.forEach { console.print("note: " + $0) }
      let result = try indexed(cell.recipe.output) {
        try run.execute(
          in: folder, resume: mode == .resume, shouldStop: { interrupt.isRequested }, report: { console.report($0) })
      }
      return result["status"] == "interrupted" ? .pending : .finished(result)
    } catch {
      console.print("failed: \(error)")
      // With this result.json the next attempt starts over. If it cannot be written, the table reports the failure.
      try? lockedFolder?.saveResult(["status": "failed", "error": .string("\(error)")])
      return .failed("\(error)")
    }
  }
}

extension Sweep {
  /// `12 runs: learning_rate × 2, rank × 2, seed × 3`.
  var summary: String {
    let sizes = axes.map { "\($0.path) × \($0.values.count)" }.joined(separator: ", ")
    return "\(cells.count) \(cells.count == 1 ? "run" : "runs"): \(sizes)"
  }

  /// Builds one run of each configuration, to find errors that the recipe alone does not show before any run begins.
  /// - Throws: `SweepFault` with all errors.
  func check(threads: Int, _ steps: [Step]? = nil, until shouldStop: () -> Bool = { false }) throws {
    var problems: [String] = []
    var seen: Set<[String: String]> = []
    for (index, cell) in cells.enumerated() where !shouldStop() {
      if case .skip? = steps?[index] { continue }
      let settings = cell.settings.filter { $0.key != "seed" }.mapValues { $0.text(pretty: false) }
      guard seen.insert(settings).inserted else { continue }
      do {
        _ = try RunBuilder(cell.recipe, threads: threads).build()
      } catch {
        problems.append("in the run \(cell.name): \(error)")
      }
    }
    if !problems.isEmpty { throw SweepFault(problems) }
  }
}
