/// Checks the runs of a grid before the first one begins, and executes them one after the other in one process.
import Files
import Kernels
public import Recipes
public import Training

/// What happens while a grid is executed. `index` is the cell's.
public enum GridEvent: Sendable {
  /// The run had already finished.
  case skipped(index: Int)
  case began(index: Int)
  /// A message for the user about the current run.
  case note(String)
  /// A step or an evaluation of the current run.
  case training(TrainingEvent)
}

extension RunGrid {
  /// Builds one run of each configuration, to find errors that the recipe alone does not show before any run begins.
  /// - Parameters:
  ///   - steps: those of `plan`; the runs that it skips are not built. nil: all configurations are checked.
  ///   - inspect: called with every run that was built.
  /// - Throws: `GridFault` with all errors.
  public func check(
    threads: Int, _ steps: [Step]? = nil, until shouldStop: () -> Bool = { false },
    inspect: (GridCell, Run) -> Void = { _, _ in }
  ) throws {
    var problems: [String] = []
    var seen: Set<[String: String]> = []
    for (index, cell) in cells.enumerated() where !shouldStop() {
      if case .skip? = steps?[index] { continue }
      guard seen.insert(cell.configuration.mapValues { $0.text(pretty: false) }).inserted else { continue }
      do {
        inspect(cell, try RunBuilder(cell.recipe, threads: threads).build())
      } catch {
        problems.append("in the run \(cell.name): \(error)")
      }
    }
    if !problems.isEmpty { throw GridFault(problems) }
  }

  /// Executes the runs that are not finished. A run that fails does not stop the grid.
  /// - Parameters:
  ///   - steps: those of `plan`, one for each cell.
  ///   - shouldStop: asked after every step of a run; if true, the current run is interrupted and the others are
  ///     pending, but skipped ones still count as finished.
  /// - Returns: an outcome for each cell.
  public func execute(
    _ steps: [Step], threads: Int, shouldStop: () -> Bool, report: (GridEvent) -> Void
  ) -> [Outcome] {
    precondition(steps.count == cells.count, "\(steps.count) steps for \(cells.count) cells")
    let unnamedFiles = UnnamedFiles()
    return zip(cells, steps).enumerated().map { index, planned in
      let (cell, step) = planned
      switch step {
      case .skip(let result):
        cell.clean()
        report(.skipped(index: index))
        return .finished(result)
      case .run where shouldStop(): return .pending
      case .run(let mode):
        report(.began(index: index))
        let outcome = cell.execute(mode, threads: threads, unnamedFiles, shouldStop: shouldStop, report: report)
        if case .pending = outcome { return outcome }
        do { try endReplacement(of: cell.name) } catch { report(.note("note: \(error)")) }
        return outcome
      }
    }
  }
}

extension GridCell {
  /// Removes what a finished run left if it was killed while it removed its snapshots.
  fileprivate func clean() {
    if let folder = try? RunFolder(recipe, .resume), folder.finished != nil { try? folder.begin() }
  }

  fileprivate func execute(
    _ mode: RunMode, threads: Int, _ unnamedFiles: UnnamedFiles, shouldStop: () -> Bool, report: (GridEvent) -> Void
  ) -> RunGrid.Outcome {
    func note(_ text: String) { report(.note(text)) }
    // Otherwise the peak in result.json would be that of the largest run so far.
    Processor.resetPeakMemory()
    var lockedFolder: RunFolder?
    do {
      let folder = try RunFolder(recipe, mode)
      let run = try RunBuilder(recipe, threads: threads, unnamedFiles: unnamedFiles).build()
      try folder.begin()
      lockedFolder = folder
      run.notes.forEach { note("note: " + $0) }
      let result = try indexed(recipe.output, note: { note("note: " + $0) }) {
        try run.execute(
          in: folder, resume: mode == .resume, shouldStop: shouldStop, report: { report(.training($0)) })
      }
      return result["status"] == "interrupted" ? .pending : .finished(result)
    } catch {
      note("failed: \(error)")
      // With this result.json the next attempt starts over. If it cannot be written, the outcome reports the failure.
      if error is SnapshotFault { return .failed("\(error)") }
      try? lockedFolder?.saveResult(["status": "failed", "error": .string(withoutPaths("\(error)", of: recipe.json))])
      return .failed("\(error)")
    }
  }
}
