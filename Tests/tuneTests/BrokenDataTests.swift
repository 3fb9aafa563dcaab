/// Data that cannot be trained on, in every task's format: the file, the line, what is wrong and how to mend it, and
/// nothing is written.
import Files
import Foundation
import TestSupport
import Testing

private struct Broken: CustomStringConvertible {
  let task, format, name, text: String
  var keys = "{}"
  /// What the message has: the place, and how to mend it.
  let place, advice: String
  var isLatin1 = false
  var description: String { "\(task), \(format): \(name)" }

  /// The bytes; é is one byte in Latin-1.
  var bytes: [UInt8] { isLatin1 ? text.unicodeScalars.map { UInt8($0.value) } : Array(text.utf8) }
}

private let iconv = "iconv"

private let tables: [Broken] = [
  "sequence_classification", "multi_label_classification", "regression", "relation_extraction",
]
.flatMap { task -> [Broken] in
  ["jsonl", "tsv", "csv"].flatMap { format -> [Broken] in
    let isJSON = format == "jsonl", separator = format == "tsv" ? "\t" : ",", header = isJSON ? 0 : 1
    func row(_ text: String, _ label: String, _ id: String) -> String {
      let label = task == "regression" ? (label == "x" ? "1" : "2") : isJSON ? "\"\(label)\"" : label
      return isJSON
        ? #"{"text": "\#(text)", "label": \#(label), "id": "\#(id)"}"# : [text, label, id].joined(separator: separator)
    }
    func file(_ rows: String...) -> String {
      ((isJSON ? [] : [["text", "label", "id"].joined(separator: separator)]) + rows).joined(separator: "\n") + "\n"
    }
    func broken(
      _ name: String, _ text: String, line: Int, _ advice: String, _ keys: String = "{}", isLatin1: Bool = false
    ) -> Broken {
      Broken(
        task: task, format: format, name: name, text: text, keys: keys, place: "broken:\(line): ", advice: advice,
        isLatin1: isLatin1)
    }
    let two = file(row("a", "x", "1"), row("b", "y", "2"))
    return [
      broken("wrong column", two, line: 1, "did you mean 'text'?", #"{"text_column": "texts"}"#),
      broken(
        "duplicate id", file(row("a", "x", "1"), row("b", "y", "2"), row("c", "x", "1")), line: header + 3,
        "Make the ids unique", #"{"id_column": "id"}"#),
      broken("empty file", "", line: 1, "Is this the right file?"),
      broken("Latin-1", file(row("a", "x", "1"), row("caf\u{E9}", "y", "2")), line: header + 2, iconv, isLatin1: true),
      broken("empty text", file(row("a", "x", "1"), row("", "y", "2")), line: header + 2, "Remove these records"),
      broken(
        "other columns", two + (isJSON ? #"{"text": "c"}"# : "c") + "\n", line: header + 3,
        isJSON ? "Name a key that every object has" : "in double quotes"),
    ]
  }
}

private let spans: [Broken] = [
  ("outside", "[0, 1], \"o\": [2, 99]", "Spans count Unicode code points"),
  ("overlap", "[0, 3], \"o\": [2, 3]", "Remove"),
  ("reversed", "[3, 2], \"o\": [0, 1]", "a span of code points"),
].map { name, span, advice in
  Broken(
    task: "relation_extraction", format: "jsonl", name: name,
    text: #"{"text": "a b c", "label": "x", "s": \#(span)}"# + "\n",
    keys: #"{"subject_column": "s", "object_column": "o", "subject_type": "A", "object_type": "B"}"#,
    place: "broken:1: ", advice: advice)
}

private let words: [Broken] = [
  ("columns", "a\tO\nb\n", ":2: ", "Separate all columns"), ("no tags", "a\nb\n", ":1: ", "data.label_column"),
  ("no tag", "a\tO\nb\tfoo\n", ":2: ", "Is the label column correct"), ("empty", "", ": ", "Is this the right file?"),
  ("Latin-1", "a\tO\ncaf\u{E9}\tO\n", ":2: ", iconv),
].map {
  Broken(
    task: "token_classification", format: "conll", name: $0, text: $1, place: "broken\($2)", advice: $3,
    isLatin1: $0 == "Latin-1")
}

private func squad(_ questions: String) -> String {
  #"{"data": [{"paragraphs": [{"context": "a b", "qas": [\#(questions)]}]}]}"#
}

private func question(_ id: String, _ answer: String) -> String {
  #"{"id": "\#(id)", "question": "q", "answers": [{"text": "\#(answer)", "answer_start": 0}]}"#
}

private let questions: [Broken] = [
  ("duplicate id", squad(question("1", "a") + "," + question("1", "b")), ": data[0].paragraphs[0].qas[1]", "unique"),
  ("outside", squad(question("1", "z")), ": data[0].paragraphs[0].qas[0]", "Copy the answer from the context"),
  ("empty", "", ": ", "Is this the right file?"), ("no data", "{}", ": found no 'data'", "Is this the right file?"),
  ("Latin-1", squad(question("1", "\u{E9}")), ": not valid JSON: line 1", iconv),
].map {
  Broken(
    task: "extractive_qa", format: "squad", name: $0, text: $1, place: "broken\($2)", advice: $3,
    isLatin1: $0 == "Latin-1")
}

private func bioasq(_ id: String, _ type: String, _ answer: String) -> String {
  #"{"id": "\#(id)", "type": "\#(type)", "body": "q", "snippets": [{"text": "a b"}], "exact_answer": \#(answer)}"#
}

private let snippets: [Broken] = [
  (
    "duplicate id", "extractive_qa", bioasq("1", "list", #"["a"]"#) + "," + bioasq("1", "list", #"["b"]"#),
    ": questions[1] (id '1')", "unique"
  ),
  ("numbers", "extractive_qa", bioasq("1", "factoid", "[1]"), ": questions[0] (id '1')", "a synonym"),
  ("other types", "extractive_qa", bioasq("1", "yesno", #""yes""#), ": found no questions", "sequence_classification"),
  ("maybe", "sequence_classification", bioasq("1", "yesno", #""maybe""#), ": questions[0] (id '1')", "yes or no"),
  ("type", "sequence_classification", bioasq("1", "open", #""yes""#), ": questions[0] (id '1')", "type"),
].map {
  Broken(
    task: $1, format: "bioasq", name: $0, text: #"{"questions": [\#($2)]}"#, place: "broken\($3)", advice: $4)
}

private let texts: [Broken] = [
  ("empty", "", ": ", "documents, one per line"), ("Latin-1", "a b\ncaf\u{E9} a b c d e f g h i\n", ":2: ", iconv),
].map {
  Broken(
    task: "masked_lm", format: "text", name: $0, text: $1, place: "broken\($2)", advice: $3, isLatin1: $0 == "Latin-1")
}

@Test(arguments: tables + spans + words + questions + snippets + texts)
private func `broken data`(_ broken: Broken) throws {
  let program = try Program()
  defer { program.remove() }
  let recipe: JSON = [
    "model": ["path": "base"], "task": ["type": .string(broken.task)], "method": ["type": "full"],
    "data": ["format": .string(broken.format), "train": "broken"], "training": ["max_steps": 1], "output": "out/run",
  ]
  var data = recipe["data"]?.object ?? [:]
  data.merge(try JSON(parsing: Data(broken.keys.utf8), named: "keys").object ?? [:]) { $1 }
  try writeFile(recipe.with("data", .object(data)).text(), to: program.folder + "/r.json")
  try Data(broken.bytes).write(to: URL(fileURLWithPath: program.folder + "/broken"))
  for command in [["run"], ["data", "check"]] {
    let found = try program.run(command + ["r.json"])
    #expect(found.status == 1 && found.out == "", "\(broken)")
    #expect(found.err.contains(broken.place) && found.err.contains(broken.advice), "\(broken): \(found.err)")
    #expect(!fileExists(program.folder + "/out"), "\(broken) wrote something")
  }
}
