/// Finds the recipes that ship with `tune`, which are in the binary, and those of the folder `$TUNE_RECIPES`, by name. Does
/// not check them: `Recipe.load` does.
package import Files
import FoundationEssentials
import ShippedRecipes
import Tasks

package enum RecipeLibrary {
  /// The base model that ships, below the folder that the program came with.
  static let base = "checkpoints/biomed-mini-l3"

  /// A recipe of the library.
  package struct Entry: Sendable, Equatable {
    /// The file's name without `.json`.
    package let name: String
    /// The recipe's description of itself; empty if it has none.
    package let about: String
    package let path: String
    /// Why the file cannot be read, or is not a recipe; nil: it is.
    package let fault: String?
    /// What is missing for a run.
    package let needs: [RecipeNeed]
  }

  /// The recipes in `folder`, and those in the binary whose names it does not have, sorted by name.
  package static func list(in folder: String? = folder) -> [Entry] {
    let files = folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
    let own = files.filter { $0.hasSuffix(".json") }.map {
      (String($0.dropLast(".json".count)), "\(folder ?? "")/\($0)")
    }
    let shipped = shippedRecipes.keys.map { ($0, ShippedRecipe.path(of: $0)) }
    return Dictionary(own + shipped) { own, _ in own }.map(entry).sorted { $0.name < $1.name }
  }

  /// The path of a recipe: `argument` if it is a file, the recipe of a run's folder, else that of the recipe with this name.
  package static func path(of argument: String) throws(RecipeLibraryFault) -> String {
    if let run = RunParts(argument) { return run.recipe }
    if isFolder(argument) { throw .folder(argument, ofSweep: fileExists(argument + "/.tune-sweep")) }
    if fileExists(argument) || argument.contains("/") || argument.hasSuffix(".json") { return argument }
    return try find(argument)
  }

  /// The path of the recipe called `name`. Throws `RecipeLibraryFault`, with the nearest name, if there is none.
  package static func find(_ name: String, in folder: String? = folder) throws(RecipeLibraryFault) -> String {
    let path = folder.map { "\($0)/\(name).json" }
    if let path, fileExists(path) { return path }
    if ShippedRecipe.exists(at: ShippedRecipe.path(of: name)) { return ShippedRecipe.path(of: name) }
    throw .noSuchRecipe(name: name, names: list(in: folder).map(\.name))
  }

  /// The text of a recipe: a file, or one in the binary.
  /// - Throws: `FileFault`.
  package static func text(at path: String) throws(FileFault) -> String { try ShippedRecipe.text(at: path) }

  /// The base model that ships; nil where it is neither in the working directory nor beside or above the program.
  package static var baseModel: String? {
    if fileExists(base + "/config.json") { return base }
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return ShippedRecipe.home(of: program).map { "\($0)/\(base)" }
  }

  /// `$TUNE_RECIPES`; nil if it is not set, or not there.
  package static var folder: String? {
    ProcessInfo.processInfo.environment["TUNE_RECIPES"].flatMap { fileExists($0) ? $0 : nil }
  }

  private static func entry(_ name: String, _ path: String) -> Entry {
    do {
      let about = try ShippedRecipe.tree(at: path)["about"]?.string ?? ""
      return Entry(name: name, about: about, path: path, fault: nil, needs: try RecipeNeed.all(ofRecipeAt: path))
    } catch {
      return Entry(name: name, about: "", path: path, fault: "\(error)", needs: [])
    }
  }
}

/// What is given is no recipe.
package enum RecipeLibraryFault: Error, Sendable, Equatable, CustomStringConvertible {
  case noSuchRecipe(name: String, names: [String])
  case folder(String, ofSweep: Bool)

  package var description: String {
    switch self {
    case .folder(let path, let isOfSweep):
      "\(path): \(isOfSweep ? "the folder of a sweep" : "a folder without recipe.json"); expected a recipe, or the folder of a run."
    case .noSuchRecipe(let name, let names): "\(printable(name)): no such recipe. \(advice(name, names))"
    }
  }

  private func advice(_ name: String, _ names: [String]) -> String {
    let near = name.utf8.count <= 255 ? nearest(to: name, among: names) : nil
    return near.map { "Did you mean '\($0)'?" } ?? "Available recipes: \(names.joined(separator: ", "))."
  }
}
