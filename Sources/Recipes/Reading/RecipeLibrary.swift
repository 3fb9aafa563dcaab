/// Finds the recipes that ship with the program, by name. Does not check them: that is `Recipe.load`'s work.
import Files
import FoundationEssentials

public enum RecipeLibrary {
  /// A recipe that ships.
  public struct Entry: Sendable, Equatable {
    /// The file's name without `.json`.
    public let name: String
    /// What the recipe says about itself; empty when it says nothing.
    public let about: String
    public let path: String
    /// Why the file cannot be read, when it cannot.
    public let fault: String?
  }

  /// The recipes in `folders` by name; of two with one name the first folder's counts.
  public static func list(in folders: [String] = folders()) -> [Entry] {
    var entries: [String: Entry] = [:]
    for folder in folders {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for file in files where file.hasSuffix(".json") {
        let name = String(file.dropLast(".json".count))
        if entries[name] == nil { entries[name] = entry(name, "\(folder)/\(file)") }
      }
    }
    return entries.values.sorted { $0.name < $1.name }
  }

  /// The recipe called `name`. Throws `ShelfFault` with the nearest name when there is none.
  public static func find(_ name: String, in folders: [String] = folders()) throws(RecipeLibraryFault) -> Entry {
    let entries = list(in: folders)
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .noSuchRecipe(name: name, names: entries.map(\.name), folders: folders)
    }
    return entry
  }

  /// Where recipes are looked for: `$TUNE_RECIPES`; the first `recipes` beside the program or beside a folder that it
  /// is in (a build tree stands in its repository); `../share/tune/recipes` of an installed program.
  public static func folders() -> [String] {
    let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return folders(binary: binary, variable: ProcessInfo.processInfo.environment["TUNE_RECIPES"])
  }

  /// - Parameters:
  ///   - binary: the program's real path.
  ///   - variable: what `$TUNE_RECIPES` says.
  static func folders(binary: String?, variable: String?) -> [String] {
    var candidates: [String] = []
    var folder = parent(of: binary ?? "")
    let share = folder.map { "\(parent(of: $0) ?? "")/share/tune/recipes" }
    while let here = folder {
      candidates.append("\(here)/recipes")
      folder = parent(of: here)
    }
    let beside = candidates.first(where: fileExists)
    let known = [variable, beside, share].compactMap(\.self)
    return known.filter { !$0.isEmpty && fileExists($0) }
  }

  /// The folder that an absolute path is in: empty for the root, nil above it.
  private static func parent(of path: String) -> String? {
    path.lastIndex(of: "/").map { String(path[..<$0]) }
  }

  private static func entry(_ name: String, _ path: String) -> Entry {
    do {
      let json = try JSON(path: path)
      guard case .object(let members) = json else {
        return Entry(name: name, about: "", path: path, fault: "\(path): found \(json.shown); expected an object.")
      }
      return Entry(name: name, about: members["about"]?.string ?? "", path: path, fault: nil)
    } catch {
      return Entry(name: name, about: "", path: path, fault: "\(error)")
    }
  }
}

/// A recipe that does not ship.
public enum RecipeLibraryFault: Error, Sendable, Equatable, CustomStringConvertible {
  case noSuchRecipe(name: String, names: [String], folders: [String])

  public var description: String {
    switch self {
    case .noSuchRecipe(let name, _, let folders) where folders.isEmpty:
      "\(printable(name)): no recipe of this name ships; there is no folder with recipes. "
        + "Set TUNE_RECIPES to one, or give a recipe's path."
    case .noSuchRecipe(let name, let names, let folders):
      "\(printable(name)): no recipe of this name in \(folders.joined(separator: ", ")). " + advice(name, names)
    }
  }

  private func advice(_ name: String, _ names: [String]) -> String {
    let near = name.utf8.count <= 255 ? nearest(to: name, among: names) : nil
    return near.map { "Did you mean '\($0)'?" } ?? "These ship: \(names.joined(separator: ", "))."
  }
}
