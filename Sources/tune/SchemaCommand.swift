import ArgumentParser
import Files
import Recipes

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of recipes, for editors and programs.",
    discussion: """
      tune schema > recipe.schema.json, and "$schema": "recipe.schema.json" in a recipe: an editor then completes keys, \
      shows what they mean, and underlines what is wrong.
      """)

  func run() throws { try emit(Recipe.schema, pretty: true) }
}

/// Settings whose values are files' contents.
struct SetFileOption: ParsableArguments {
  @Option(
    name: .customLong("set-file"),
    help: ArgumentHelp(
      "A setting whose value is what a file holds: JSON where it parses, else a text. May be given several times.",
      valueName: "key.path=FILE"))
  var values: [String] = []
}
