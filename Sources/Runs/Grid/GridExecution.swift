/// Checks the runs of a grid before the first one begins, and executes them one after the other in one process, or divided
/// between processes that execute the same grid.
import Files
import Glibc
import Kernels
package import Recipes
package import Training

/// What happens while a grid is executed. `index` is the cell's.
package enum GridEvent: Sendable {
  /// The run had already finished.
  case skipped(index: Int)
  case began(index: Int)
  /// All runs that are left are those of other processes.
  case waiting(runs: Int)
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
  package func check(
    threads: Int, _ steps: [Step]? = nil, until shouldStop: () -> Bool = { false },
    inspect: (GridCell, Run) -> Void = { _, _ in }
  ) throws {
    var errors: [(run: String, error: String)] = []
    var seen: Set<[String: String]> = []
    for (index, cell) in cells.enumerated() where !shouldStop() {
      if case .skip? = steps?[index] { continue }
      guard seen.insert(cell.configuration.mapValues { $0.text(pretty: false) }).inserted else { continue }
      do {
        inspect(cell, try RunBuilder(cell.recipe, threads: threads).build())
      } catch {
        errors.append((cell.name, "\(error)"))
      }
    }
    if !errors.isEmpty { throw GridFault(errors) }
  }

  /// Executes the runs that are not finished, as far as no other process does. A run that fails does not stop the grid.
  /// - Parameters:
  ///   - steps: those of `plan`, one for each cell.
  ///   - mode: that of `plan`.
  ///   - wanted: the cells to execute next, given the outcomes so far; empty: the grid is done. Default: all without one.
  ///   - shouldStop: asked after every step of a run; if true, the current run is interrupted and the others are
  ///     pending, but skipped ones still count as finished.
  ///   - shouldSave: that of the runs; see `Run.execute`.
  /// - Returns: an outcome for each cell.
  /// - Throws: `FileFault` if the grid's folder cannot be written.
  package func execute(
    _ steps: [Step], _ mode: RunMode = .resume, wanted: ([Outcome?]) -> [Int] = Self.withoutOutcome, threads: Int,
    shouldStop: () -> Bool, shouldSave: () -> Bool = { false }, report: (GridEvent) -> Void
  ) throws -> [Outcome] {
    precondition(steps.count == cells.count, "\(steps.count) steps for \(cells.count) cells")
    let unnamedFiles = UnnamedFiles(), failures = cells.map(\.failure), claims = claims
    var outcomes = [Outcome?](repeating: nil, count: cells.count), data = DataChanges(), isWaiting = false
    for (index, step) in steps.enumerated() {
      guard case .skip(let result) = step else { continue }
      outcomes[index] = .finished(result)
      cells[index].clean()
      report(.skipped(index: index))
    }
    while !shouldStop() {
      let open = wanted(outcomes)
      if open.isEmpty { break }
      guard let (index, claim) = try firstClaimed(of: open, claims) else {
        if !isWaiting { report(.waiting(runs: open.count)) }
        isWaiting = true
        usleep(500_000)
        continue
      }
      defer { claim.release() }
      isWaiting = false
      let cell = cells[index]
      do {
        switch try step(of: cell, mode, steps[index], failedBefore: failures[index], &data) {
        case .skip(let result): outcomes[index] = .finished(result)
        case .run(let mode):
          report(.began(index: index))
          let outcome = cell.execute(
            mode, threads: threads, unnamedFiles, shouldStop: { shouldStop() || claim.isLost }, shouldSave: shouldSave,
            report: report)
          if case .pending = outcome { continue }
          outcomes[index] = outcome
          do { try endReplacement(of: cell.name) } catch { report(.note("note: \(error)")) }
        }
      } catch {
        outcomes[index] = .failed("\(error)")
      }
    }
    return outcomes.map { $0 ?? .pending }
  }

  /// The cells without an outcome.
  package static func withoutOutcome(_ outcomes: [Outcome?]) -> [Int] {
    outcomes.indices.filter { outcomes[$0] == nil }
  }

  private func firstClaimed(of open: [Int], _ claims: GridClaims) throws -> (Int, GridClaim)? {
    for index in open {
      if let claim = try claims.claim(cells[index].name) { return (index, claim) }
    }
    return nil
  }

  /// What to do with a run that this process has claimed, which another may have executed since `planned`.
  private func step(
    of cell: GridCell, _ mode: RunMode, _ planned: Step, failedBefore: Failure?, _ data: inout DataChanges
  ) throws -> Step {
    let isToReplace = try unreplacedCells.contains(cell.name)
    if mode == .overwrite, isToReplace { return planned }
    if let failure = cell.failure, failure != failedBefore { throw GridFault([failure.why]) }
    return try step(of: cell, .resume, isToReplace: isToReplace, &data)
  }

  fileprivate struct Failure: Equatable {
    let why: String
    /// Of its result.json.
    let time: Int
  }
}

extension GridCell {
  /// nil: the run has not failed.
  fileprivate var failure: RunGrid.Failure? {
    let path = recipe.output + "/result.json"
    guard let result = try? JSON(path: path), result["status"] == "failed" else { return nil }
    return .init(why: result["error"]?.string ?? "failed", time: FileIdentity(path: path)?.modified ?? 0)
  }

  /// Removes what a finished run left if it was killed while it removed its snapshots.
  fileprivate func clean() {
    if let folder = try? RunFolder(recipe, .resume), folder.finished != nil { try? folder.begin() }
  }

  fileprivate func execute(
    _ mode: RunMode, threads: Int, _ unnamedFiles: UnnamedFiles, shouldStop: () -> Bool, shouldSave: () -> Bool,
    report: (GridEvent) -> Void
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
          in: folder, resume: mode == .resume, shouldStop: shouldStop, shouldSave: shouldSave,
          report: { report(.training($0)) })
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
