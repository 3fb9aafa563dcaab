/// `tune ls`, `tune cp` and `tune cat`: the recipes that ship with `tune`.
import ArgumentParser
import Files
import Recipes

extension RecipeLibrary {
  /// The path of a recipe: `argument` if it is a file, else the recipe of that name that ships with `tune`.
  static func path(of argument: String) throws -> String {
    if fileExists(argument) || argument.contains("/") || argument.hasSuffix(".json") { return argument }
    return try find(argument).path
  }
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the recipes that ship with tune.")

  @Flag(help: "Print the list as JSON.")
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
    commandName: "cp", abstract: "Copy a recipe that ships with tune, to edit it.")

  @Argument(help: "The recipe's name.")
  var name: String
  @Argument(help: "The new file, or a folder.")
  var destination: String

  func run() throws {
    let text = try readText(RecipeLibrary.path(of: name))
    let name = lastPathComponent(name)
    let target =
      isFolder(destination) ? "\(destination)/\(name.hasSuffix(".json") ? name : name + ".json")" : destination
    if fileExists(target) {
      throw FileFault.unwritable(path: target, why: "it exists; choose another name or remove it first")
    }
    try writeFile(text, to: target)
    note("wrote \(target)")
    if let base = (try? JSON(path: target))?["extends"]?.string {
      note("it extends \(base): copy that file too, or change the path in \"extends\"")
    }
  }
}

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "cat", abstract: "Print a recipe that ships with tune.")

  @Argument(help: "The recipe's name.")
  var name: String

  func run() throws { try emit(try readText(RecipeLibrary.path(of: name))) }
}
