/// Reads the recipes in the binary. Their paths begin with `tune:/`, as in `tune:/quickstart.json`.
import Files
import FoundationEssentials
import ShippedRecipes

enum ShippedRecipe {
  private static let prefix = "tune:/"

  static func path(of name: String) -> String { prefix + name + ".json" }

  static func exists(at path: String) -> Bool { bytes(at: path) != nil }

  /// The text of the recipe at `path`: a file, or one in the binary.
  static func text(at path: String) throws(FileFault) -> String {
    guard let bytes = bytes(at: path) else { return try readText(path) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The recipe at `path`. What one in the binary reads, and the working directory does not have, is taken from the folder
  /// that the program came with.
  static func tree(at path: String) throws -> JSON {
    guard let bytes = bytes(at: path) else { return try JSON(path: path) }
    let json = try JSON(parsing: Data(bytes), named: path)
    guard let home = home(of: try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) else {
      return json
    }
    return .object(
      (json.object ?? [:]).reduce(into: [:]) { members, member in
        members[member.key] =
          ["about", "extends", "output"].contains(member.key) ? member.value : found(member.value, home)
      })
  }

  private static func bytes(at path: String) -> [UInt8]? {
    guard path.hasPrefix(prefix), path.hasSuffix(".json") else { return nil }
    return shippedRecipes[String(path.dropFirst(prefix.count).dropLast(".json".count))]
  }

  private static func found(_ json: JSON, _ home: String) -> JSON {
    switch json {
    case .string(let path) where path.contains("/") && !path.hasPrefix("/") && !fileExists(path):
      fileExists("\(home)/\(path)") ? .string("\(home)/\(path)") : json
    case .array(let elements): .array(elements.map { found($0, home) })
    case .object(let members): .object(members.mapValues { found($0, home) })
    default: json
    }
  }

  /// The folder with the base model that ships: beside the program or above it (a program in a build tree is in its
  /// repository), or `../share/tune` of an installed program.
  static func home(of program: String?) -> String? {
    guard var folder = program.map(parentFolder) else { return nil }
    let installed = parentFolder(of: folder) + "/share/tune"
    while folder != "/", folder != "." {
      if fileExists("\(folder)/\(RecipeLibrary.base)") { return folder }
      folder = parentFolder(of: folder)
    }
    return fileExists("\(installed)/\(RecipeLibrary.base)") ? installed : nil
  }
}
