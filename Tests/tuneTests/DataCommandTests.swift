/// `tune data check`: what it prints, its exit status, and that it prints no text unless asked.
import Files
import Foundation
import TestSupport
import Testing

private let recipe = """
  {
    "model": {"path": "base"}, "task": {"type": "sequence_classification"},
    "data": {"format": "jsonl", "train": "t.jsonl", "dev": "d.jsonl"}, "method": {"type": "full"}, "output": "none"
  }
  """

private func withFiles(train: String, dev: String, _ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile(recipe, to: program.folder + "/r.json")
  try writeFile(train, to: program.folder + "/t.jsonl")
  try writeFile(dev, to: program.folder + "/d.jsonl")
  try body(program)
}

private func rows(_ texts: String...) -> String {
  texts.enumerated().map { #"{"text": "\#($1)", "label": "\#($0 % 2)"}"# + "\n" }.joined()
}

@Test func `data check exits with 1 for data to mend, names places, and prints texts only if asked`() throws {
  try withFiles(train: rows("a secret", "b", "c"), dev: rows("d", "a secret")) { program in
    let found = try program.run("data", "check", "r.json")
    #expect(found.status == 1)
    #expect(found.out.contains("problem: 1 of 2 records of dev are also in train, such as d.jsonl:2 and t.jsonl:1: "))
    #expect(found.out.contains("suggested task.class_weights") && !(found.out + found.err).contains("secret"))
    let shown = try program.run("data", "check", "r.json", "--show-text")
    #expect(shown.out.contains("d.jsonl:2 and t.jsonl:1: a secret"))
    let json = try JSON(parsing: Data(program.run("data", "check", "r.json", "--json").out.utf8), named: "")
    #expect(json["splits"]?["train"]?["labels"] == ["0": 2, "1": 1])
    #expect(json["suggested"]?["values"] == ["0": 0.75, "1": 1.5] && json["problems"]?.array?.count == 1)
    #expect(!fileExists(program.folder + "/none"))
  }
}

@Test func `data check exits with 0 for data without a problem, and takes overrides`() throws {
  try withFiles(train: rows("a", "b"), dev: rows("c", "a")) { program in
    let clean = try program.run("data", "check", "r.json", "data.dev=null")
    #expect(clean.status == 0 && clean.out.contains("records") && !clean.out.contains("problem"), "\(clean.err)")
    #expect(try program.run("data", "check", "r.json").status == 1)
  }
}

@Test func `data check names file and line of data that cannot be read, without their text`() throws {
  try withFiles(train: rows("a", "b") + #"{"text": "a secret", "label": null}"#, dev: rows("c", "d")) { program in
    let found = try program.run("data", "check", "r.json")
    #expect(found.status == 1 && found.err.contains("t.jsonl:3: found null in 'label'"), "\(found.err)")
    #expect(!found.err.contains("secret"))
    #expect(try program.run("data", "check", "r.json", "--show-text").err.contains("secret"))
  }
}
