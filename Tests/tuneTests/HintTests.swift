/// Misspelled commands, keys and values; completion, the version and the manual page.
import Files
import Foundation
import TestSupport
import Testing

@Test(arguments: [
  (["rnu", "recipe.json"], "'rnu' is not a command. Did you mean 'run'?"),
  (["tokenizer", "trian", "x"], "'trian' is not a command. Did you mean 'train'?"),
  (["recipe.json"], "'recipe.json' is not a command. Did you mean 'run recipe.json'?"),
  (["pred", "run", "x"], "'pred' is not a command. Did you mean 'predict'?"),
  (["--verison"], "'--verison' is not an option. Did you mean '--version'?"),
  (["sweep", "recipe.json"], "'sweep' is not a command. 'tune run RECIPE' trains once per combination"),
  (["frobnicate"], "'frobnicate' is not a command. The commands are run, init,"),
])
func `an unknown command or option gets the nearest one`(_ arguments: [String], _ message: String) throws {
  let program = try Program()
  defer { program.remove() }
  let result = try program.run(arguments)
  #expect(result.status == 64 && result.err.contains(message) && result.out == "", "\(result.err)")
}

@Test(arguments: [
  ("rank=8", "Did you mean 'method.rank'?"), ("lr=1e-3", "Did you mean 'training.learning_rate'?"),
  ("training.lr=1e-3", "Did you mean 'learning_rate'?"), ("fp16=true", "Did you mean 'precision=bf16'?"),
  ("precision=fp16", "Did you mean 'bf16'?"), ("task.type=ner", "Did you mean 'token_classification'?"),
  ("method.lora_alpha=4", "Did you mean 'alpha'?"),
])
func `a setting in another tool's words gets the key or the value here`(_ setting: String, _ advice: String) throws {
  let program = try Program()
  defer { program.remove() }
  let result = try program.run("run", "recipe.json", setting)
  #expect(result.status == 1 && result.err.contains(advice), "\(result.err)")
}

@Test(arguments: [
  (
    ["--epochs", "3"],
    "'--epochs' is not an option. A setting of the recipe is given without dashes: 'training.epochs=3'."
  ),
  (["--learning-rate=1e-4", "--json"], "'training.learning_rate=1e-4'."), (["--fp16"], "'precision=bf16'."),
  (["--dropout", "0.1"], "'method.dropout=0.1' or 'model.dropout=0.1'."),
  (["-threads", "2"], "'-threads' is not an option. Options have two dashes: '--threads'."),
])
func `an option that is a setting, or has one dash, gets advice`(_ options: [String], _ advice: String) throws {
  let program = try Program()
  defer { program.remove() }
  for command in [["run"], ["data", "check"]] {
    let result = try program.run(command + ["recipe.json"] + options)
    #expect(result.status == 64 && result.err.contains(advice) && result.out == "", "\(result.err)")
  }
}

@Test func `a folder without a recipe is not run`() throws {
  let program = try Program()
  defer { program.remove() }
  let result = try program.run("run", "base")
  #expect(result.status == 1 && result.err.contains("base: a folder without recipe.json; expected a recipe"))
}

@Test func `the version and the help are results`() throws {
  let program = try Program()
  defer { program.remove() }
  let version = try program.run("--version")
  #expect(version.status == 0 && version.out.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil && version.err == "")
  let help = try program.run("run", "--help")
  #expect(help.status == 0 && help.out.contains("USAGE: tune run") && help.err == "")
}

/// What bash completes for the last of `words`.
private func completions(_ words: [String], in program: Program) throws -> Set<String> {
  let script = try program.run("--generate-completion-script", "bash").out
  try writeFile(script, to: program.folder + "/completion.bash")
  let list = words.map { "'\($0)'" }.joined(separator: " "), shell = Process(), out = Pipe()
  shell.executableURL = URL(fileURLWithPath: "/bin/bash")
  shell.arguments = [
    "-c",
    "shopt -s progcomp; . ./completion.bash; COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); "
      + "COMP_LINE=\"${COMP_WORDS[*]}\"; COMP_POINT=${#COMP_LINE}; "
      + "_tune tune \"${COMP_WORDS[COMP_CWORD]}\" x; printf '%s\\n' \"${COMPREPLY[@]}\"",
  ]
  shell.currentDirectoryURL = URL(fileURLWithPath: program.folder)
  (shell.standardOutput, shell.standardError) = (out, FileHandle.nullDevice)
  try shell.run()
  let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  shell.waitUntilExit()
  return Set(text.split(separator: "\n").map { $0.hasSuffix("/") ? String($0.dropLast()) : String($0) })
}

@Test func `the shell completes files and folders`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try completions(["tune", "run", "rec"], in: program).contains("recipe.json"))
  #expect(try completions(["tune", "eval", "ba"], in: program).contains("base"))
  #expect(try completions(["tune", "eval", "base", "te"], in: program).contains("test.tsv"))
  #expect(try completions(["tune", "predict", "base", "--adapter", "ba"], in: program).contains("base"))
  #expect(try completions(["tune", "init", "tr"], in: program).contains("train.tsv"))
}

@Test func `every argument that is a path completes files`() throws {
  let program = try Program()
  defer { program.remove() }
  let help = try JSON(parsing: .init(program.run("--experimental-dump-help").out.utf8), named: "help")
  var paths = 0
  try visit(help["command"] ?? [:]) { command, argument in
    let name = argument["valueName"]?.string ?? "", isPath = argument["completionKind"] != nil
    let expected: Set = [
      "file", "files", "folder", "folders", "model", "base", "name=folder", "key.path=FILE", "output", "path",
      "vocabulary", "text", "destination", "recipe",
    ]
    if expected.contains(name), argument["kind"] != "flag" {
      #expect(isPath, "\(command): \(name)")
      paths += 1
    }
  }
  #expect(paths > 25)
}

@Test func `the manual page has every command and option`() throws {
  let program = try Program()
  defer { program.remove() }
  let help = try JSON(parsing: .init(program.run("--experimental-dump-help").out.utf8), named: "help")
  let page = try readText(repository + "/docs/tune.1").replacing("\\-", with: "-")
  var options = 0
  try visit(help["command"] ?? [:]) { command, argument in
    #expect(page.contains(command), "\(command)")
    guard let name = argument["names"]?.array?.compactMap({ $0["name"]?.string }).first else { return }
    #expect(page.contains("-\(name)"), "\(command) --\(name); make man writes the page again")
    options += 1
  }
  #expect(options > 40)
}

/// Calls `body` with every argument of every command below `command`, and the command's name.
private func visit(_ command: JSON, _ body: (String, JSON) throws -> Void) throws {
  for argument in command["arguments"]?.array ?? [] { try body(command["commandName"]?.string ?? "", argument) }
  for inner in command["subcommands"]?.array ?? [] where inner["commandName"] != "help" { try visit(inner, body) }
}
