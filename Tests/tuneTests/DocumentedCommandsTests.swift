/// Every `tune` command of the documentation: the program parses it, its recipe reads its settings, and what can run runs.
import ArgumentParser
import Files
import Foundation
import Recipes
import TestSupport
import Testing

@testable import tune

@Suite struct DocumentedCommandsTests {
  @Test func `commands are found in blocks and in sentences`() {
    let lines = DocumentedCommand.all.filter(\.isLine)
    #expect(lines.count > 90 && DocumentedCommand.all.count > lines.count + 100)
    #expect(Set(lines.map(\.page)).count > 15)
    #expect(
      shellCommands(#"echo "a | b" | tune run x.json 'sweep={"a": [1, 2]}' > out.txt  # a comment"#)
        == [["echo", "a | b"], ["tune", "run", "x.json", #"sweep={"a": [1, 2]}"#]])
  }

  @Test func `the program parses every line`() {
    for command in DocumentedCommand.all where command.isLine {
      do { _ = try Tune.parseAsRoot(command.words) } catch {
        Issue.record("\(command.testDescription)\n\(Tune.fullMessage(for: error))")
      }
    }
  }

  @Test func `every command and option that is mentioned exists`() throws {
    let program = try Program()
    defer { program.remove() }
    let help = try JSON(parsing: Data(program.run("--experimental-dump-help").out.utf8), named: "help")
    for command in DocumentedCommand.all {
      var (node, words) = (help["command"], command.words[...])
      while let inner = node?["subcommands"]?.array?.filter({ $0["commandName"] != "help" }), !inner.isEmpty,
        let word = words.first, !word.hasPrefix("-")
      {
        node = inner.first { $0["commandName"]?.string == word }
        words = words.dropFirst()
      }
      #expect(node != nil, "\(command.testDescription): no such command")
      let options = Set(
        (node?["arguments"]?.array ?? []).flatMap { $0["names"]?.array ?? [] }.compactMap { $0["name"]?.string }
          // Of every program with the library, and not in its list.
          + ["generate-completion-script"])
      for word in words where word.hasPrefix("--") {
        let name = String(word.dropFirst(2).prefix { $0 != "=" })
        #expect(options.contains(name), "\(command.testDescription): no option --\(name)")
      }
    }
  }

  @Test func `the recipe of README reads the settings of every command`() throws {
    try inNewFolder { folder in
      let own = folder + "/my.json"
      try writeFile(try readmeRecipe().with("data.dev", "devel.tsv").text(), to: own)
      for command in DocumentedCommand.all where command.isLine && ["run", "validate"].contains(command.words[0]) {
        guard let name = command.words.dropFirst().first(where: { !$0.hasPrefix("-") }) else { continue }
        let several = command.words.contains { $0.hasPrefix("multi_task.") || $0.hasPrefix("sweep={\"multi_task.") }
        let path =
          (try? RecipeLibrary.find(
            several ? "multi-task-lora" : name.replacing("recipes/", with: "").replacing(".json", with: "")))
          ?? own
        let words = command.words.dropFirst(2)
        let settings = zip(words, [command.words[1]] + words).filter { word, before in
          word.contains("=") && !word.hasPrefix("-") && before != "--set-file"
        }.map(\.0)
        #expect(throws: Never.self, "\(command.testDescription)") {
          if try Sweep.load(path: path, overrides: settings, checkFiles: false) == nil {
            _ = try Recipe.load(path: path, overrides: settings, checkFiles: false)
          }
        }
      }
    }
  }
}

/// The recipe in README.md.
func readmeRecipe() throws -> JSON {
  let text = try readText(repository + "/README.md").components(separatedBy: "```json\n")[1].components(
    separatedBy: "```")[0]
  return try JSON(parsing: Data(text.utf8), named: "README.md")
}
