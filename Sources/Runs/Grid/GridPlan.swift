/// Plans a grid: which runs are finished, which are resumed, which start. Writes nothing.
package import Files
import Glibc
import Recipes

/// Why a grid cannot start: one message for each run that prevents it.
package struct GridFault: Error, CustomStringConvertible {
  package let problems: [String]

  package init(_ problems: [String]) { self.problems = problems }

  /// Runs that cannot be built. One message for all that have the same error.
  init(_ errors: [(run: String, error: String)]) {
    problems = errors.grouped(\.error).map { same in
      let others = same.count > 1 ? " and \(same.count - 1) more" : ""
      return "in the run \(same[0].run)\(others): \(same[0].error)"
    }
  }

  package var description: String { problems.joined(separator: "\n") }
}

extension RunGrid {
  package enum Step: Sendable {
    /// Already finished with the same recipe; the value is its result.json.
    case skip(JSON)
    case run(RunMode)
  }

  /// A step for each cell. Unfinished runs are a fault in mode `new`, unless another process is executing the grid, and are
  /// resumed in mode `resume`. In mode `overwrite` all runs start again. Failed runs are repeated. Throws `GridFault`.
  package func plan(_ mode: RunMode) throws -> [Step] {
    if fileExists("\(output)/.tune-run") {
      throw GridFault(["\(output): holds a single run, not a sweep. Choose another 'output'."])
    }
    let claims = claims, claimed = Set(cells.map(\.name).filter(claims.isClaimed))
    if mode == .overwrite, !claimed.isEmpty {
      throw GridFault(["\(output): another tune process is executing these runs. Stop it before --overwrite."])
    }
    let mode = mode == .new && !claimed.isEmpty ? .resume : mode
    let unreplaced = try unreplacedCells
    if mode == .new, !unreplaced.isEmpty {
      throw GridFault([
        "\(output): holds a sweep that was to replace an earlier one and was interrupted. Continue it with --resume, or start "
          + "again with --overwrite."
      ])
    }
    var problems: [String] = [], data = DataChanges()
    let steps = cells.map { cell -> Step? in
      do {
        if claimed.contains(cell.name) { return .run(.resume) }
        return try step(of: cell, mode, isToReplace: unreplaced.contains(cell.name), &data)
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
  func step(of cell: GridCell, _ mode: RunMode, isToReplace: Bool, _ data: inout DataChanges) throws -> Step {
    try mode == .resume && isToReplace ? cell.stepOfReplacement : cell.step(mode, &data)
  }

  var claims: GridClaims { GridClaims(folder: output + "/.tune-claims") }

  /// Marks the folder, and removes what a killed process left.
  /// - Parameter files: those that will be written into the folder.
  package func begin(writing files: [String]) throws {
    try makeFolder(output)
    let marker = output + "/.tune-sweep"
    if !fileExists(marker) { try writeFile("", to: marker) }
    for name in files { recoverFolder(at: "\(output)/\(name)") }
  }
}

extension RunGrid {
  private var replacementFile: String { output + "/.tune-overwrite" }

  /// The names of the cells that a sweep with `--overwrite` has still to replace.
  var unreplacedCells: [String] {
    get throws {
      guard fileExists(replacementFile) else { return [] }
      return try JSON(path: replacementFile).array?.compactMap(\.string) ?? []
    }
  }

  /// Records that all cells are to be replaced, so that `--resume` knows it after an interruption.
  package func beginReplacement() throws { try write(unreplaced: cells.map(\.name)) }

  /// Records that a cell has been replaced.
  func endReplacement(of name: String) throws {
    let names = try unreplacedCells
    if names.contains(name) { try write(unreplaced: names.filter { $0 != name }) }
  }

  private func write(unreplaced names: [String]) throws {
    if names.isEmpty {
      unlink(replacementFile)
    } else {
      try writeFile(JSON.array(names.map(JSON.string)).text() + "\n", to: replacementFile)
    }
  }
}

extension GridCell {
  /// Of a cell that is to be replaced: its replacement continues, if that has begun.
  fileprivate var stepOfReplacement: RunGrid.Step {
    get throws {
      do { return try checked(.new) } catch RunFolderFault.interrupted {
        do { return try checked(.resume) } catch RunFolderFault.recipeChanged { return .run(.overwrite) }
      } catch RunFolderFault.finished { return .run(.overwrite) }
    }
  }

  fileprivate func step(_ mode: RunMode, _ data: inout DataChanges) throws -> RunGrid.Step {
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
            + "\nChoose another 'output', remove this folder, or start a sweep again with --overwrite."
        ])
      }
      let changed = try data.changed(since: result, recipe)
      guard changed.isEmpty else {
        throw GridFault([
          "\(recipe.output): holds a finished run on other inputs: \(changed.joined(separator: ", ")) has changed since. Choose "
            + "another 'output', remove this folder, or start a sweep again with --overwrite."
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
