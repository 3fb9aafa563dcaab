/// Plans a grid: which runs are finished, which are resumed, which start. Writes nothing.
public import Files
import FoundationEssentials
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

extension GridCell {
  fileprivate func step(_ mode: RunMode) throws -> RunGrid.Step {
    let result: JSON? = isStale ? Optional.none : try? JSON(path: recipe.output + "/result.json")
    if mode == .overwrite || result?["status"] == "failed" { return try checked(.overwrite) }
    do {
      return try checked(.new)
    } catch RunFolderFault.interrupted where mode == .resume {
      return try checked(.resume)
    } catch RunFolderFault.finished {
      guard let result else { return try checked(.overwrite) }
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

  /// Whether result.json is older than recipe.json: it belongs to an earlier run, and the later one was killed.
  private var isStale: Bool {
    func date(_ name: String) -> Date? {
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(recipe.output)/\(name)")
      return attributes?[.modificationDate] as? Date
    }
    guard let recipe = date("recipe.json"), let result = date("result.json") else { return false }
    return recipe > result
  }
}
