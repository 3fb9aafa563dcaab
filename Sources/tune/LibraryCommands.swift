/// `tune ls`, `tune cp` and `tune cat`: the recipes that ship with `tune`.
import ArgumentParser
import Files
import Recipes
import Tasks

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the recipes that ship with tune, and what they need.",
    discussion: "Recipes of your own in the folder $TUNE_RECIPES are listed too.")

  @Flag(help: "Print the list as JSON.")
  var json = false

  func run() throws {
    let entries = RecipeLibrary.list()
    if json { return try emit(.array(entries.map(\.json)), pretty: true) }
    let names = entries.map { terminalText($0.name, keepingLines: false) }, width = names.map(\.count).max() ?? 0
    for (entry, name) in zip(entries, names) {
      let gap = String(repeating: " ", count: width - name.count + 2)
      try emit(name + gap + (entry.fault.map { "broken: \($0)" } ?? terminalText(entry.about, keepingLines: false)))
      let indent = String(repeating: " ", count: width + 2)
      if entry.fault == nil, entry.needs.isEmpty {
        try emit(indent + "runs as it is: " + shellCommand(["tune", "run", entry.name]))
      }
      for need in entry.needs {
        try emit(
          indent + terminalText("needs \(need.path)" + (need.source.map { ": \($0)" } ?? ""), keepingLines: false))
      }
    }
  }
}

extension RecipeLibrary.Entry {
  fileprivate var json: JSON {
    let needs = needs.map { JSON.object(["path": .string($0.path), "source": $0.source.map(JSON.string) ?? .null]) }
    return [
      "name": .string(name), "about": .string(about), "path": .string(path), "fault": fault.map(JSON.string) ?? .null,
      "needs": .array(needs),
    ]
  }
}

struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cp", abstract: "Copy a recipe that ships with tune, or that of a run, to edit it.")

  @Argument(help: "The recipe's name, or the folder of a run.", completion: .directory)
  var name: String
  @Argument(help: "The new file, or a folder.", completion: .file())
  var destination: String

  func run() throws {
    let text = try RecipeLibrary.text(at: RecipeLibrary.path(of: name))
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
  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Print a recipe that ships with tune, or that of a run.")

  @Argument(help: "The recipe's name, or the folder of a run.", completion: .directory)
  var name: String

  func run() throws { try emit(try RecipeLibrary.text(at: RecipeLibrary.path(of: name))) }
}
