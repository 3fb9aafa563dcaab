import ArgumentParser
import Files
import Recipes

extension RecipeLibrary {
  /// A recipe's path: the argument where it is a file, else the recipe of that name that ships.
  static func path(of argument: String) throws -> String {
    if fileExists(argument) || argument.contains("/") || argument.hasSuffix(".json") { return argument }
    return try find(argument).path
  }
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the recipes that ship.")

  @Flag(help: "Print a JSON list.")
  var json = false

  func run() throws {
    let entries = RecipeLibrary.list()
    if json {
      return try emit(
        .array(entries.map { ["name": .string($0.name), "about": .string($0.about), "path": .string($0.path)] }),
        pretty: true)
    }
    let width = entries.map(\.name.count).max() ?? 0
    for entry in entries {
      let gap = String(repeating: " ", count: width - entry.name.count + 2)
      try emit(entry.name + gap + (entry.fault.map { "broken: \($0)" } ?? entry.about))
    }
  }
}

struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cp", abstract: "Copy a recipe that ships, to change it.")

  @Argument(help: "The recipe's name.")
  var name: String
  @Argument(help: "The new file.")
  var destination: String

  func run() throws {
    let text = try readText(RecipeLibrary.path(of: name))
    let name = lastPathComponent(name)
    let target =
      isFolder(destination) ? "\(destination)/\(name.hasSuffix(".json") ? name : name + ".json")" : destination
    if fileExists(target) {
      throw FileFault.unwritable(path: target, why: "it exists already; choose another name or remove it first")
    }
    try writeFile(text, to: target)
    note("wrote \(target)")
    if let base = (try? JSON(path: target))?["extends"]?.string {
      note("it extends \(base): put that beside it too, or say where it is")
    }
  }
}

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "cat", abstract: "Print a recipe that ships.")

  @Argument(help: "The recipe's name.")
  var name: String

  func run() throws { try emit(try readText(RecipeLibrary.path(of: name))) }
}
