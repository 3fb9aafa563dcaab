/// What a user may mean who gives a command or an option that there is not, as far as the library does not say it.
import ArgumentParser
import Files
import Recipes

/// Throws if the first of `arguments` is not a command of `parent`, with the nearest name, or if a command has options that
/// are settings of a recipe, or one with a single dash. Only commands without arguments of their own have commands.
func checkArguments(
  _ arguments: ArraySlice<String>, of parent: any ParsableCommand.Type
) throws(ValidationError) {
  let commands = parent.configuration.subcommands, names = commands.map { $0.configuration.commandName ?? "" }
  if commands.isEmpty { return try checkOptions(arguments, of: parent) }
  guard let name = arguments.first, name != "help" else { return }
  if name.hasPrefix("-") {
    // The library names the nearest option of a command, but not of a group of commands.
    guard let near = nearest(to: String(name.prefix(64)), among: ["--help", "--version"]), near != name else {
      return
    }
    throw ValidationError("'\(name)' is not an option. Did you mean '\(near)'?")
  }
  if let index = names.firstIndex(of: name) {
    return try checkArguments(arguments.dropFirst(), of: commands[index])
  }
  let isRecipe = name.hasSuffix(".json") && fileExists(name)
  let completions = names.filter { $0.hasPrefix(name) }
  let near =
    isRecipe
    ? "run \(name)" : completions.count == 1 ? completions[0] : nearest(to: String(name.prefix(64)), among: names)
  let advice =
    otherWords[name] ?? near.map { "Did you mean '\($0)'?" } ?? "The commands are \(names.joined(separator: ", "))."
  throw ValidationError("'\(name)' is not a command. \(advice)")
}

/// What other tools' words for a command are here.
private let otherWords = [
  "train": "Did you mean 'run'?", "finetune": "Did you mean 'run'?",
  "sweep": "'tune run RECIPE' trains once per combination if the recipe has a section \"sweep\".",
]

private func checkOptions(
  _ arguments: ArraySlice<String>, of command: any ParsableCommand.Type
) throws(ValidationError) {
  let takesSettings: [any ParsableCommand.Type] = [
    RunCommand.self, BenchCommand.self, ValidateCommand.self, DataCheckCommand.self,
  ]
  let options = arguments.prefix { $0 != "--" }
  for (index, option) in zip(options.indices, options) {
    // The library reads '-threads' as '-t -h …', and prints the help.
    if option.wholeMatch(of: /-[a-z][a-z-]+/) != nil {
      throw ValidationError("'\(option)' is not an option. Options have two dashes: '-\(option)'.")
    }
    guard option.hasPrefix("--"), takesSettings.contains(where: { $0 == command }) else { continue }
    let parts = option.dropFirst(2).split(separator: "=", maxSplits: 1)
    let settings = parts.first.map { Recipe.settings(named: String($0).replacing("-", with: "_")) } ?? []
    if settings.isEmpty { continue }
    let next = options[options.index(after: index)...].first { !$0.hasPrefix("-") }
    let value = parts.count > 1 ? String(parts[1]) : next ?? "…"
    let advice = settings.map { $0.contains("=") ? "'\($0)'" : "'\($0)=\(value)'" }
    throw ValidationError(
      "'--\(parts[0])' is not an option. A setting of the recipe is given without dashes: \(oneOf(advice)).")
  }
}
