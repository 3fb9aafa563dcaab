/// `tune init` writes a recipe that runs, for files of each kind; `tune ls`, and shipped recipes from any folder.
import Files
import Foundation
import TestSupport
import Testing

private let words = ["a b", "b c d", "c a", "d e f", "e g", "g a b"]

/// 24 rows of a text and the label yes or no.
private func rows(_ line: (_ index: Int, _ text: String, _ label: String) -> String) -> String {
  (0..<24).map { line($0, words[$0 % words.count], $0 % 2 == 0 ? "yes" : "no") + "\n" }.joined()
}

private struct Case: Sendable, CustomTestStringConvertible {
  let name, text, task: String
  let data: [String: JSON]
  var testDescription: String { name }
}

private let cases = [
  Case(
    name: "train.tsv", text: "a O\nb B-X\n\nc B-Y\nd O\n".replacing(" ", with: "\t"), task: "token_classification",
    data: ["format": "conll"]),
  Case(name: "words.txt", text: "a O\nb X\n\nc Y\nd O\n", task: "token_classification", data: ["scheme": "io"]),
  Case(
    name: "records.txt", text: rows { #"{"id":\#($0),"sentence":"\#($1)","label":"\#($2)"}"# },
    task: "sequence_classification", data: ["format": "jsonl", "text_column": "sentence", "label_column": "label"]),
  Case(
    name: "several.jsonl", text: rows { #"{"n":\#($0),"text":"\#($1)","labels":["\#($2)","x"]}"# },
    task: "multi_label_classification", data: ["format": "jsonl", "label_column": "labels"]),
  Case(
    name: "t.csv", text: "n,remark,verdict\n" + rows { "\($0),\"\($1), \($1)\",\($2)" },
    task: "sequence_classification",
    data: ["format": "csv", "text_column": "remark", "label_column": "verdict"]),
  Case(
    name: "pairs.tsv", text: "premise\thypothesis\tlabel\n" + rows { "\($1)\t\($1) a\t\($2)" },
    task: "sequence_classification",
    data: ["format": "tsv", "text_column": "premise", "text_pair_column": "hypothesis", "label_column": "label"]),
  Case(name: "notes.txt", text: rows { "\($1), \($2) \($0)." }, task: "masked_lm", data: ["format": "text"]),
  Case(
    name: "notes.jsonl", text: rows { #"{"body":"\#($1) \#($2)","n":\#($0)}"# }, task: "masked_lm",
    data: ["format": "text", "fields": ["body"]]),
]

@Test(arguments: cases)
private func `init writes a recipe for the user's file, and it runs at once`(_ file: Case) throws {
  let program = try Program()
  defer { program.remove() }
  try makeFolder(program.folder + "/own")
  for name in ["", "dev-"] { try writeFile(file.text, to: "\(program.folder)/own/\(name)\(file.name)") }
  let files = ["own/\(file.name)", "own/dev-\(file.name)"]
  let result = try program.run(["init"] + files + ["--model", "base", "--output", "new.json"])
  try #require(result.status == 0, "\(result.err)")
  #expect(result.out.hasSuffix("run new.json\n"))
  let recipe = try program.json("new.json")
  #expect(recipe["task"]?["type"]?.string == file.task)
  for (key, value) in file.data { #expect(recipe["data"]?[key] == value, "\(key)") }
  #expect(recipe["data"]?["train"]?.string == files[0] && recipe["data"]?["dev"]?.string == files[1])
  #expect(try program.run("validate", "new.json").status == 0)
  let run = try program.run("run", "new.json", "training.epochs=1")
  #expect(run.status == 0, "\(run.err)")
  let again = try program.run(["init"] + files + ["--model", "base", "--output", "new.json"])
  #expect(again.status == 1 && again.err.contains("exists"))
}

@Test(arguments: [
  ("t.csv", "x,y\n1,2\n3,4\n5,6\n", "found no column of labels among 'x', 'y'"), ("empty.txt", "\n\n", "found no text"),
])
func `init says what it does not find, and writes nothing`(_ name: String, _ text: String, _ message: String) throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile(text, to: "\(program.folder)/\(name)")
  let result = try program.run("init", name, "--model", "base", "--output", "new.json")
  #expect(result.status == 1 && result.err.contains(message), "\(result.err)")
  #expect(!fileExists(program.folder + "/new.json"))
}

@Test func `init says which file is train, dev or test`() throws {
  let program = try Program()
  defer { program.remove() }
  for name in ["mytrain", "mydev", "development", "testing"] {
    try writeFile("a\tO\nb\tB-X\n\nc\tO\n", to: "\(program.folder)/\(name).tsv")
  }
  let all = try program.run(
    "init", "mytrain.tsv", "development.tsv", "testing.tsv", "--model", "base", "--output", "a.json")
  #expect(all.err.contains("note: train: mytrain.tsv; dev: development.tsv; test: testing.tsv\n"), "\(all.err)")
  let none = try program.run("init", "mytrain.tsv", "mydev.tsv", "--model", "base", "--output", "b.json")
  #expect(
    none.err.contains("train: mytrain.tsv, mydev.tsv; no dev data: no name has the word dev or valid"), "\(none.err)")
}

@Test func `ls says which recipes run as they are, and what the others need, in any folder`() throws {
  let program = try Program()
  defer { program.remove() }
  let list = try program.run("ls").out
  let entries = try JSON(parsing: .init(program.run("ls", "--json").out.utf8), named: "ls").array ?? []
  #expect(entries.count >= 10)
  for entry in entries {
    #expect(entry["fault"] == .null)
    let name = entry["name"]?.string ?? ""
    #expect(list.contains("runs as it is: tune run \(name)\n") == (entry["needs"] == []), "\(name)")
    for need in entry["needs"]?.array ?? [] { #expect(need["source"]?.string != nil, "\(need)") }
  }
}

@Test func `a shipped recipe runs in any folder, and can be printed and copied`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("cat", "quickstart").out == readText(repository + "/recipes/quickstart.json") + "\n")
  #expect(try program.run("cp", "quickstart", "mine.json").status == 0)
  let data = ["train", "dev", "test"].map { "data.\($0)=\($0).tsv" }
  let run = try program.run(["run", "quickstart", "training.epochs=1", "output=q"] + data)
  #expect(run.status == 0, "\(run.err)")
  let model = try program.json("q/recipe.json")["model"]?["path"]?.string
  #expect(model?.hasSuffix("/checkpoints/biomed-mini-l3") == true && model?.hasPrefix("/") == true)
  let fault = try program.run("run", "quickstart", "training.epcohs=1")
  #expect(fault.err.contains("quickstart.json: ") && fault.err.contains("Did you mean 'epochs'?"))
}
