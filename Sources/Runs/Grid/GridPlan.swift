/// Plans a grid: which runs are finished, which are resumed, which start. Writes nothing.
public import Files
import Recipes

/// Why a grid cannot start: one message for each run that prevents it.
public struct GridFault: Error, CustomStringConvertible {
  public let problems: [String]

  public init(_ problems: [String]) { self.problems = problems }

  public var description: String { problems.joined(separator: "\n") }
}

extension RunGrid {
  public enum Step: Sendable {
    /// Already finished with the same recipe; the value is its result.json.
    case skip(JSON)
    case run(RunMode)
  }

  /// A step for each cell. Unfinished runs are a fault in mode `new`, and are resumed in mode `resume`. In mode
  /// `overwrite` all runs start again. Failed runs are repeated. Throws `GridFault`.
  public func plan(_ mode: RunMode) throws -> [Step] {
    if fileExists("\(output)/.tune-run") {
      throw GridFault(["\(output): holds a single run, not a sweep. Choose another 'output'."])
    }
    var problems: [String] = []
    let steps = cells.map { cell -> Step? in
      do {
        return try cell.step(mode)
      } catch {
        problems.append("\(error)")
        return nil
      }
    }
    guard problems.isEmpty else { throw GridFault(problems) }
    return steps.compactMap(\.self)
  }
}

extension RunGrid {
  /// Excludes other sweeps from the folder while the lock lives, and removes what a killed one left.
  public func lock() throws -> FileLock {
    try makeFolder(output)
    guard let lock = try FileLock(output + "/.tune-sweep") else {
      throw GridFault(["\(output): another tune process is running a sweep in this folder."])
    }
    for name in ["sweep.json", "sweep.tsv"] { recoverFolder(at: "\(output)/\(name)") }
    return lock
  }
}

extension GridCell {
  fileprivate func step(_ mode: RunMode) throws -> RunGrid.Step {
    let folder = try RunFolder(recipe, .overwrite)
    if mode == .overwrite || folder.hasFailed { return .run(.overwrite) }
    do {
      return try checked(.new)
    } catch RunFolderFault.interrupted where mode == .resume {
      return try checked(.resume)
    } catch RunFolderFault.finished {
      // A replacement without a snapshot begins again.
      guard !folder.hasReplacement, let result = folder.result else { return .run(.overwrite) }
      let old = try JSON(path: recipe.output + "/recipe.json")
      let differences = differences(from: old, to: recipe.json, at: "")
      guard differences.isEmpty else {
        throw GridFault([
          "\(recipe.output): holds a finished run of another recipe:" + differences.map { "\n  " + $0 }.joined()
            + "\nChoose another 'output', or start again with --overwrite."
        ])
      }
      return .skip(result)
    }
  }

  private func checked(_ mode: RunMode) throws -> RunGrid.Step {
    _ = try RunFolder(recipe, mode)
    return .run(mode)
  }
}
