/// The commands tokenizer train, trim and stats, and tokenize.
import Files
import Foundation
import TestSupport
import Testing

@Test func `a trimmed model has its base's predictions for texts of kept tokens`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile("the cell of a gene, a b c.\nthe drug in the liver\n", to: program.folder + "/text.txt")
  let arguments = ["tokenizer", "trim", "base", "--text", "text.txt", "--size", "45", "--output", "small"]
  let trim = try program.run(arguments)
  #expect(
    trim.status == 0 && trim.out.contains("tokens per word: ") && trim.out.contains("unknown words: 0"), "\(trim.err)")
  #expect(try program.json("small/config.json")["vocab_size"] == 45)
  let lines = try readText(program.folder + "/small/vocab.txt").split(separator: "\n")
  #expect(lines.count == 45)

  let input = "the gene of the cell, a b c\nliver drug .\n"
  func predictions(_ model: String, _ keys: [String]) throws -> [JSON?] {
    try program.run("predict", model, "--logits", "-", input: input).out.split(separator: "\n").flatMap { line in
      let json = try JSON(parsing: .init(line.utf8), named: model), windows = json["windows"]?["base"]?.array ?? []
      return [json["entities"]] + windows.flatMap { window in keys.map { window[$0] } }
    }
  }
  #expect(try predictions("base", ["logits"]).compactMap { $0 }.count == 4)
  #expect(try predictions("base", ["logits"]) == predictions("small", ["logits"]))
  #expect(try predictions("base", ["ids"]) != predictions("small", ["ids"]))

  #expect(try program.run(arguments).err.contains("--overwrite"))
  let again = try program.run(arguments + ["--overwrite", "--json"])
  let result = try JSON(parsing: .init(again.out.utf8), named: "trim")
  #expect(result["vocabulary"] == ["before": 60, "after": 45] && result["after"]?["unknown_words"]?.number == 0)
  #expect(try readText(program.folder + "/small/vocab.txt").split(separator: "\n") == lines)
}

@Test func `a vocabulary is trained, used for tokenization, and compared with another`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile("abab abab abc\nabab\n", to: program.folder + "/a.txt")
  try writeFile(#"{"body": "abc ABC"}"# + "\n", to: program.folder + "/b.jsonl")
  let arguments = ["tokenizer", "train", "a.txt", "b.jsonl", "--field", "body", "--size", "20", "--output"]
  let train = try program.run(arguments + ["v"])
  #expect(train.status == 0 && train.out.hasPrefix("15 tokens; 1.0000 tokens per word"), "\(train.err)")
  #expect(train.err.contains("fewer than 20"))
  let files = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/v").sorted()
  #expect(files == ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"])
  #expect(try program.run("tokenize", "v", "-", input: "ABC ab\n").out == "[CLS] abc ab [SEP]\n")
  let cased = try program.run(arguments + ["w", "--cased", "--min-frequency", "4", "--json"])
  #expect(try JSON(parsing: .init(cased.out.utf8), named: "train")["vocabulary_size"] == 17, "\(cased.err)")
  #expect(try program.run("tokenize", "w", "-", input: "Ab\n").out == "[CLS] A ##b [SEP]\n")

  let stats = ["tokenizer", "stats", "a.txt", "--vocabulary", "v", "--vocabulary", "base"]
  let rows = try JSON(parsing: .init(program.run(stats + ["--json"]).out.utf8), named: "stats").array ?? []
  #expect(rows.map { $0["vocabulary"] } == ["v", "base"] && rows.map { $0["vocabulary_size"] } == [15, 60])
  #expect(rows.map { $0["words"] } == [4, 4] && rows[0]["tokens_per_word"]?.number == 1 && rows[0]["tokens"] == 4)
  #expect(rows[0]["single_token_words"]?.number == 1 && rows[1]["unknown_words"]?.number == 1)
  let table = try program.run(stats).out.split(separator: "\n")
  #expect(table.count == 3 && Set(table.map(\.count)).count == 1 && table[1].contains("100.00 %"))
}

@Test func `invalid vocabulary settings are rejected with a message, and nothing is written`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile("abc", to: program.folder + "/a.txt")
  try writeFile(" \n", to: program.folder + "/empty.txt")
  let output = ["--output", "v"]
  let faults: [([String], String)] = [
    (["train", "a.txt", "--size", "7"] + output, "at least 10"),
    (["train", "empty.txt", "--size", "100"] + output, "empty.txt: found no words"),
    (["train", "nowhere.txt", "--size", "100"] + output, "nowhere.txt: no such file"),
    (["train", "a.txt", "--size", "100", "--alphabet", "0"] + output, "--alphabet"),
    (["train", "a.txt", "--size", "100", "--min-frequency=-1"] + output, "--min-frequency"),
    (["trim", "base", "--text", "a.txt", "--size", "3"] + output, "at least"),
    (["trim", "base", "--text", "a.txt", "--size", "60"] + output, "expected fewer"),
    (["trim", "run", "--text", "a.txt", "--size", "40"] + output, "run: no such file or folder"),
    (["trim", "base", "--text", "empty.txt", "--size", "40"] + output, "empty.txt: found no words"),
    (
      ["trim", "base", "--text", "a.txt", "--size", "40", "--output", "base", "--overwrite"],
      "folder of the model to trim"
    ),
    (["trim", "bpe", "--text", "a.txt", "--size", "40"] + output, "expected WordPiece"),
    (["stats", "a.txt", "--vocabulary", "nowhere"], "nowhere: no such file or folder"),
  ]
  try makeFolder(program.folder + "/bpe")
  try writeFile(
    #"{"model": {"type": "BPE", "vocab": {}, "merges": []}, "post_processor": {"type": "ByteLevel"}}"#,
    to: program.folder + "/bpe/tokenizer.json")
  let before = try FileManager.default.subpathsOfDirectory(atPath: program.folder).sorted()
  for (arguments, message) in faults {
    let result = try program.run(["tokenizer"] + arguments)
    #expect(result.status != 0 && result.status < 128 && result.err.contains(message), "\(arguments): \(result.err)")
  }
  #expect(try FileManager.default.subpathsOfDirectory(atPath: program.folder).sorted() == before)
}
