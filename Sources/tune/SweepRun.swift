/// Runs a sweep, one run after the other in one process, and says what came out. What belongs to a single run is
/// `RunCommand`'s.
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
    note("a sweep of \(sweep.inWords)")
    try sweep.check(threads: threads.count, steps) { interrupt.isRequested }
    var outcomes: [SweepSummary.Outcome] = []
    for (index, (point, step)) in zip(sweep.cells, steps).enumerated() {
      let title = "[\(index + 1)/\(steps.count)] \(point.name)"
      switch step {
      case .skip(let result):
        note("\(title): finished already")
        outcomes.append(.finished(result))
      case .run where interrupt.isRequested: outcomes.append(.pending)
      case .run(let mode):
        note(title)
        outcomes.append(train(point, mode, interrupt))
      }
    }
    let summary = SweepSummary(sweep, outcomes)
    try writeFile(summary.json.text() + "\n", to: sweep.output + "/sweep.json")
    try writeFile(summary.tsv, to: sweep.output + "/sweep.tsv")
    if json { try emit(summary.json, pretty: true) } else { try SweepTable(summary).print() }
    note("\(sweep.output)/sweep.json, sweep.tsv")
    let open = outcomes.count { if case .pending = $0 { true } else { false } }
    if open > 0 {
      note("stopped with \(open) of \(steps.count) runs to go. Nothing is lost; go on with: tune run … --resume")
      throw ExitCode(130)
    }
    for case (let point, .failed(let why)) in zip(sweep.cells, outcomes) { note("\(point.name) failed: \(why)") }
    if summary.hasFailures { throw ExitCode.failure }
  }

  private func train(_ point: Sweep.Cell, _ mode: RunMode, _ interrupt: Interrupt) -> SweepSummary.Outcome {
    let console = Console(every: point.recipe.training.loggingSteps)
    var begun: RunFolder?
    do {
      let folder = try RunFolder(point.recipe, mode)
      let run = try RunBuilder(point.recipe, threads: threads.count).build()
      try folder.begin()
      begun = folder
      run.notes.forEach { console.say("note: " + $0) }
      let result = try indexed(point.recipe.output) {
        try run.execute(
          in: folder, resume: mode == .resume, shouldStop: { interrupt.isRequested }, report: { console.show($0) })
      }
      return result["status"] == "interrupted" ? .pending : .finished(result)
    } catch {
      console.say("failed: \(error)")
      // So that the next attempt begins anew. Where even this cannot be written, the table says it.
      try? begun?.saveResult(["status": "failed", "error": .string("\(error)")])
      return .failed("\(error)")
    }
  }
}

extension Sweep {
  /// `12 runs: learning_rate × 2, rank × 2, seed × 3`.
  var inWords: String {
    let sizes = axes.map { "\($0.path) × \($0.values.count)" }.joined(separator: ", ")
    return "\(cells.count) \(cells.count == 1 ? "run" : "runs"): \(sizes)"
  }

  /// Builds one run of each configuration that is to be run, so that what its recipe alone does not show is found before
  /// the first one begins. Throws `SweepFault` with all of it.
  func check(threads: Int, _ steps: [Step]? = nil, until isOver: () -> Bool = { false }) throws {
    var problems: [String] = []
    var seen: Set<[String: String]> = []
    for (index, point) in cells.enumerated() where !isOver() {
      if case .skip? = steps?[index] { continue }
      let settings = point.settings.filter { $0.key != "seed" }.mapValues { $0.text(pretty: false) }
      guard seen.insert(settings).inserted else { continue }
      do {
        _ = try RunBuilder(point.recipe, threads: threads).build()
      } catch {
        problems.append("in the run \(point.name): \(error)")
      }
    }
    if !problems.isEmpty { throw SweepFault(problems) }
  }
}
