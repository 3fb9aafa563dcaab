/// What a terminal shows: a progress line that fits the window, the progress of evaluations, no control characters of data,
/// and after Ctrl-C the command that continues.
import Files
import Foundation
import Glibc
import Testing

private let long = [
  "run", "recipe.json", "training.epochs=60", "training.eval_steps=40", "training.logging_steps=5", "--threads", "2",
]

@Test func `the progress line fits the window, also after it was resized`() throws {
  let program = try Program()
  defer { program.remove() }
  let terminal = try Terminal(program, long, columns: 60)
  terminal.read { $0.contains("step 40/") }
  let before = terminal.output
  terminal.resize(33)
  terminal.read { $0.count > before.count + 200 }
  let resized = terminal.output.count
  #expect(terminal.finish() == 0, "\(terminal.output)")
  func bars(_ text: Substring) -> [String] { String(text).rows.filter { $0.contains("ETA") && $0.contains("step") } }
  let (wide, narrow) = (bars(before[...]), bars(terminal.output.dropFirst(resized)))
  #expect(wide.count > 1 && narrow.count > 1 && wide.allSatisfy { $0.count < 60 }, "\(wide)")
  #expect(wide.contains { $0.contains("loss") })
  #expect(narrow.allSatisfy { $0.count < 33 }, "\(narrow)")
  #expect(!terminal.output.rows.contains { $0.contains("evaluating") && $0.count >= 60 })
}

@Test func `the evaluation of dev and the final scoring have progress`() throws {
  let program = try Program()
  defer { program.remove() }
  let terminal = try Terminal(program, ["run", "recipe.json"], columns: 100)
  #expect(terminal.finish() == 0)
  let rows = terminal.output.rows
  #expect(rows.contains { $0.contains("evaluating dev") && $0.contains("ETA") }, "\(rows)")
  let eval = try Terminal(program, ["eval", "run", "test.tsv"], columns: 100)
  #expect(eval.finish() == 0 && eval.output.contains("evaluating test  100 %"), "\(eval.output)")
}

extension Program {
  /// The exit status of a command line of bash.
  fileprivate func shell(_ command: String) throws -> Int32 {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.arguments = ["-c", command]
    shell.currentDirectoryURL = URL(fileURLWithPath: folder)
    (shell.standardOutput, shell.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try shell.run()
    shell.waitUntilExit()
    return shell.terminationStatus
  }
}

@Test func `control characters of labels, settings and paths reach no terminal`() throws {
  let program = try Program()
  defer { program.remove() }
  let bad = "A\u{1B}]0;title\u{7}\u{9B}2J"
  for name in ["train", "dev", "test"] {
    let path = "\(program.folder)/\(name).tsv"
    try writeFile(readText(path).replacing("B-A", with: "B-" + bad), to: path)
  }
  func shows(_ arguments: [String], _ status: Int32 = 0) throws -> String {
    let terminal = try Terminal(program, arguments, columns: 80)
    #expect(terminal.finish() == status, "\(terminal.output)")
    let output = terminal.output.replacing("\u{1B}[K", with: "")
    #expect(!output.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7}" || $0 == "\u{9B}" }, "\(arguments)")
    return output
  }
  #expect(try shows(["validate", "recipe.json"]).contains(#"A\u001b]0;title\u0007\u009b2J"#))
  #expect(try shows(["run", "recipe.json"]).contains("dev"))
  #expect(try shows(["eval", "run", "test.tsv"]).contains(#"A\u001b]0"#))
  #expect(try shows(["eval", "run", "test.tsv", "--json"]).contains(#"A\u001b]0"#))
  #expect(try shows(["tokenize", "base\u{1B}[2J", "x"], 1).contains(#"base\u001b[2J"#))
  #expect(try shows(["run", "recipe.json", "output=other", "model.path=\u{1B}c"], 1).contains("model.path"))
}

@Test func `output to a pipe controls no terminal either`() throws {
  let program = try Program()
  defer { program.remove() }
  let bad = "A\u{9B}2J\u{202E}", name = "my\u{1B}[2J.json"
  for split in ["train", "dev", "test"] {
    let path = "\(program.folder)/\(split).tsv"
    try writeFile(readText(path).replacing("B-", with: "B-" + bad), to: path)
  }
  #expect(try program.run("run", "recipe.json").status == 0)
  let predicted = try program.run("predict", "run", "-", input: "a b c b\n").out
  #expect(predicted.contains(#""label":"A\u009b2J\u202eB""#), "\(predicted)")
  let initial = try program.run("init", "train.tsv", "--model", "base", "--output", name)
  #expect(initial.out.hasSuffix(#"run $'my\x1b\x5b2J.json'"# + "\n"), "\(initial.out)")
  #expect(try program.shell(initial.out.dropLast() + " training.epochs=1") == 0)
  try makeFolder(program.folder + "/own")
  let recipe = try readText(program.folder + "/recipe.json").replacing("letters", with: #"x\n\u009b2J"#)
  try writeFile(recipe, to: "\(program.folder)/own/\(name)")
  let list = try program.run(["ls"], environment: ["TUNE_RECIPES": "own"]).out
  #expect(list.contains(#"my\u001b[2J  "#) && list.contains(#"x\u000a\u009b2J"#), "\(list)")
}

@Test(arguments: [
  ["run", "no\nFAKE: x.json"], ["eval", "no\nFAKE: x", "test.tsv"], ["fr\nFAKE: ob"],
  ["predict", "base", "-", "--adapter", "a=no\nFAKE: x"], ["runs", ".", "--where", "no\nFAKE: x"],
])
func `a line feed in an argument begins no line of a message`(_ arguments: [String]) throws {
  let program = try Program()
  defer { program.remove() }
  let result = try program.run(arguments)
  #expect(result.status != 0 && result.err.contains(#"\u000aFAKE"#) && !result.err.contains("\nFAKE"), "\(result.err)")
}

@Test(arguments: [false, true])
func `Ctrl-C prints the command that continues, and it does, also if the run replaces another`(_ replaces: Bool) throws
{
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run(long + ["output=whole"]).status == 0)
  if replaces { #expect(try program.run("run", "recipe.json", "output=my run's", "seed=5").status == 0) }
  let terminal = try Terminal(program, long + ["output=my run's", "--overwrite"], columns: 80)
  terminal.read { $0.contains("step 30/") || $0.contains("best so far") }
  kill(terminal.process.processIdentifier, SIGINT)
  #expect(terminal.finish() == 130, "\(terminal.output)")
  let text = terminal.output.replacing("\r\n", with: "\n")
  let command = try #require(text.split(separator: "continue with: ").last?.split(separator: "\n").first)
  if !replaces { #expect(command.hasSuffix(#"run 'my run'\''s' --resume --threads 2"#), "\(command)") }
  #expect(try program.shell(String(command)) == 0)
  let files = try ["whole", "my run's"].map {
    try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors")
  }
  #expect(files[0] == files[1])
}
