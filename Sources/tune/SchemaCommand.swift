/// `tune schema`: the JSON Schema of recipes. Also declares the option --set-file of the commands that read a recipe.
import ArgumentParser
import Files
import Recipes

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of recipes, for editors and other programs.",
    discussion: """
      After tune schema > recipe.schema.json, and with "$schema": "recipe.schema.json" in a recipe, editors complete \
      keys, show their meaning, and mark errors.
      """)

  func run() throws { try emit(Recipe.schema, pretty: true) }
}

/// Settings whose values are read from files.
struct SetFileOption: ParsableArguments {
  @Option(
    name: .customLong("set-file"),
    help: ArgumentHelp(
      "Set a key to the contents of a file: JSON if it parses, else text. May be repeated.",
      valueName: "key.path=FILE"), completion: .file())
  var values: [String] = []
}
