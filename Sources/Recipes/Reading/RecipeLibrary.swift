/// Finds the recipes that ship with `tune`, by name. Does not check them: `Recipe.load` does.
import Files
import FoundationEssentials

public enum RecipeLibrary {
  /// A recipe of the library.
  public struct Entry: Sendable, Equatable {
    /// The file's name without `.json`.
    public let name: String
    /// The recipe's description of itself; empty if it has none.
    public let about: String
    public let path: String
    /// Why the file cannot be read; nil: it can.
    public let fault: String?
  }

  /// The recipes in `folders`, sorted by name. Of two recipes with the same name, the first folder's is listed.
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

  /// The recipe called `name`. Throws `RecipeLibraryFault`, with the nearest name, if there is none.
  public static func find(_ name: String, in folders: [String] = folders()) throws(RecipeLibraryFault) -> Entry {
    let entries = list(in: folders)
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw .noSuchRecipe(name: name, names: entries.map(\.name), folders: folders)
    }
    return entry
  }

  /// The folders of recipes that exist: `$TUNE_RECIPES`; the first `recipes` folder beside the program or above it (a
  /// program in a build tree finds its repository's); `../share/tune/recipes` for an installed program.
  public static func folders() -> [String] {
    let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return folders(binary: binary, variable: ProcessInfo.processInfo.environment["TUNE_RECIPES"])
  }

  /// - Parameters:
  ///   - binary: the program's path, without symbolic links.
  ///   - variable: the value of `$TUNE_RECIPES`.
  static func folders(binary: String?, variable: String?) -> [String] {
    var candidates: [String] = []
    var folder = parent(of: binary ?? "")
    let share = folder.map { "\(parent(of: $0) ?? "")/share/tune/recipes" }
    while let current = folder {
      candidates.append("\(current)/recipes")
      folder = parent(of: current)
    }
    let nearby = candidates.first(where: fileExists)
    return [variable, nearby, share].compactMap(\.self).filter { !$0.isEmpty && fileExists($0) }
  }

  /// The parent of an absolute path: empty for the root folder, nil above it.
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

/// A name that no recipe of the library has.
public enum RecipeLibraryFault: Error, Sendable, Equatable, CustomStringConvertible {
  case noSuchRecipe(name: String, names: [String], folders: [String])

  public var description: String {
    switch self {
    case .noSuchRecipe(let name, _, let folders) where folders.isEmpty:
      "\(printable(name)): no such recipe, and no folder with recipes was found. "
        + "Set TUNE_RECIPES to one, or give the path of a recipe."
    case .noSuchRecipe(let name, let names, let folders):
      "\(printable(name)): no such recipe in \(folders.joined(separator: ", ")). " + advice(name, names)
    }
  }

  private func advice(_ name: String, _ names: [String]) -> String {
    let near = name.utf8.count <= 255 ? nearest(to: name, among: names) : nil
    return near.map { "Did you mean '\($0)'?" } ?? "Available recipes: \(names.joined(separator: ", "))."
  }
}
