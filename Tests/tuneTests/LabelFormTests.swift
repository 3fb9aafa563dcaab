/// Label sets and words of any form, from training to prediction: what `eval` scores is what `predict` finds.
import Files
import Foundation
import Testing

extension Program {
  /// Writes the training data with other words and tags, also as dev and test, so that a model can learn them all.
  fileprivate func rewrite(_ change: (_ word: String, _ tag: String) -> String) throws {
    let lines = try readText("\(folder)/train.tsv").split(separator: "\n", omittingEmptySubsequences: false)
    let changed = lines.map { line in
      let columns = line.split(separator: "\t").map(String.init)
      return columns.count == 2 ? change(columns[0], columns[1]) : String(line)
    }
    for name in ["train", "dev", "test"] {
      try writeFile(changed.joined(separator: "\n"), to: "\(folder)/\(name).tsv")
    }
  }

  /// The entities of a CoNLL file's sentences as `eval` reads them, and as `predict` finds them in the joined words.
  fileprivate func f1(_ model: [String], _ file: String) throws -> Double {
    let eval = try run(["eval"] + model + [file, "--json"])
    return try JSON(parsing: .init(eval.out.utf8), named: "eval: \(eval.err)")["f1"]?.number ?? .nan
  }
}

@Test func `entities in joined words are those of the words`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.rewrite { word, tag in (word == "b" ? "b-b" : word) + "\t" + tag }
  let run = try program.run("run", "recipe.json", "training.epochs=30")
  #expect(run.status == 0 && run.err.contains("at whitespace and the punctuation around words"), "\(run.err)")
  let f1 = try program.f1(["base", "--adapter", "run/adapter"], "test.tsv")
  #expect(f1 > 0.9)

  let sentences = try readText(program.folder + "/test.tsv").components(separatedBy: "\n\n").map { sentence in
    sentence.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
  }
  let texts = sentences.map { JSON.object(["text": .string($0.map { $0[0] }.joined(separator: " "))]) }
  let words = sentences.map { JSON.object(["words": .array($0.map { .string($0[0]) })]) }
  let input = (texts + words).map { $0.text(pretty: false) + "\n" }.joined()
  let predict = try program.run("predict", "base", "--adapter", "a=run/adapter", "-", input: input)
  let rows = try jsonLines(predict.out)
  #expect(rows.count == 2 * sentences.count)
  var correct = 0, predicted = 0, gold = 0
  for (index, sentence) in sentences.enumerated() {
    let found = rows[index]["entities"]?["a"]?.array ?? [], ready = rows[sentences.count + index]
    #expect(found.map { $0["text"] } == ready["entities"]?["a"]?.array?.map { $0["text"] })
    #expect(ready["tags"]?["a"]?.array?.count == sentence.count)
    var start = 0
    let expected = sentence.compactMap { columns -> String? in
      defer { start += columns[0].count + 1 }
      return columns[1] == "O" ? nil : "\(columns[1].dropFirst(2)) \(start) \(start + columns[0].count)"
    }
    let names = found.map { "\($0["label"]?.string ?? "") \($0["start"]?.int ?? -1) \($0["end"]?.int ?? -1)" }
    (gold, predicted) = (gold + expected.count, predicted + names.count)
    correct += Set(names).intersection(expected).count
  }
  #expect(abs(2 * Double(correct) / Double(gold + predicted) - f1) < 1e-12)
}

@Test(arguments: [
  (#"task.labels=["O","B-A","I-A","L-A","U-A","B-B","I-B","L-B","U-B"]"#, "auto", "B-A B-B"),
  (#"task.labels=["O","A","B"]"#, "auto", "B-A B-B"), (#"task.labels=["O","A","B"]"#, "io", "A B"),
  ("task.labels=null", "auto", "B I"),
]) func `a model with labels of this form predicts and is scored`(
  _ labels: String, _ scheme: String, _ tags: String
) throws {
  let program = try Program()
  defer { program.remove() }
  let names = tags.split(separator: " ")
  try program.rewrite { word, tag in
    "\(word)\t\(tag == "B-A" ? String(names[0]) : tag == "B-B" ? String(names[1]) : "O")"
  }
  let run = try program.run(
    "run", "recipe.json", #"method={"type":"full"}"#, "training.learning_rate=3e-3", "training.epochs=30", labels,
    "data.scheme=\(scheme)")
  #expect(run.status == 0, "\(run.err)")
  // Without tune.json the labels in config.json are all that is known.
  try FileManager.default.removeItem(atPath: program.folder + "/run/model/tune.json")
  let f1 = try program.f1(["run/model", "--data", "scheme=\(scheme)"], "test.tsv")
  #expect(f1 > 0.8)
  #expect(abs(f1 - (try program.json("run/result.json")["metrics"]?["test"]?["f1"]?.number ?? 0)) < 1e-12)
  let sentences = try readText(program.folder + "/test.tsv").components(separatedBy: "\n\n")
  let texts = sentences.map { $0.split(separator: "\n").map { $0.prefix(1) }.joined(separator: " ") }
  let predict = try program.run("predict", "run/model", "-", input: texts.joined(separator: "\n"))
  let found = try predict.out.split(separator: "\n").flatMap { line in
    try JSON(parsing: .init(line.utf8), named: "predict")["entities"]?["base"]?.array ?? []
  }
  #expect(Set(found.compactMap { $0["label"]?.string }) == (tags == "B I" ? ["_"] : ["A", "B"]))
}

@Test func `a type that only dev or test has is a miss with a note`() throws {
  let program = try Program()
  defer { program.remove() }
  let test = try readText(program.folder + "/test.tsv")
  try writeFile(test.replacing("B-B", with: "B-New"), to: program.folder + "/test.tsv")
  let run = try program.run("run", "recipe.json")
  #expect(run.status == 0 && run.err.contains("types that the model does not know count as missed: New ("))
  let scores = try program.json("run/result.json")["metrics"]?["test"]?["per_type"]?["New"]
  #expect(scores?["recall"]?.number == 0 && (scores?["support"]?.int ?? 0) > 0)
  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv")
  #expect(eval.err.contains("test.tsv: ") && eval.err.contains("count as missed: New ("))

  let listed = try program.run(
    "run", "recipe.json", "output=listed", #"task.labels=["O","B-A","I-A","B-B","I-B","B-New","I-New"]"#)
  #expect(listed.status == 0 && !listed.err.contains("count as missed"))
  let unlisted = try program.run("run", "recipe.json", "output=unlisted", #"task.labels=["O","B-A"]"#)
  #expect(unlisted.status != 0 && unlisted.err.contains("task.labels does not list: B-B"))
}

@Test func `tags without a type take the name in the recipe`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.rewrite { word, tag in "\(word)\t\(tag == "O" ? "O" : "B")" }
  #expect(try program.run("run", "recipe.json", "data.entity_type=Drug").status == 0)
  let file = try program.json("run/adapter/tune.json")
  #expect(file["task"]?["labels"] == ["O", "B-Drug"] && file["data"]?["entity_type"] == "Drug")
  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv", "--json")
  let scores = try JSON(parsing: .init(eval.out.utf8), named: "eval")
  #expect(scores["per_type"]?.object?.keys.sorted() == ["Drug"])
}

@Test func `settings that do not suit the tags are errors`() throws {
  let program = try Program()
  defer { program.remove() }
  for (setting, part) in [
    ("data.scheme=io", "tags with prefixes, such as B-A"), ("data.entity_type=Drug", "tags with a type, such as B-A"),
  ] {
    let run = try program.run("run", "recipe.json", setting)
    #expect(run.status == 1 && run.err.contains("train.tsv: ") && run.err.contains(part), "\(run.err)")
  }
}

@Test func `another number of names than the head has outputs is an error`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", #"method={"type":"full"}"#).status == 0)
  let path = program.folder + "/run/model/config.json"
  var config = try JSON(path: path).object ?? [:]
  config["id2label"] = ["0": "O", "1": "B-A"]
  try writeFile(JSON.object(config).text(), to: path)
  try FileManager.default.removeItem(atPath: program.folder + "/run/model/tune.json")
  let predict = try program.run("predict", "run/model", "-", input: "a b\n")
  #expect(predict.status == 1 && predict.err.contains("does not name 5 labels"), "\(predict.err)")
}

@Test func `labels that say nothing are refused by name`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", #"method={"type":"full"}"#).status == 0)
  let path = program.folder + "/run/model/config.json"
  var config = try JSON(path: path).object ?? [:]
  config["id2label"] = ["0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"]
  try writeFile(JSON.object(config).text(), to: path)
  try FileManager.default.removeItem(atPath: program.folder + "/run/model/tune.json")
  for command in [["predict", "run/model", "-"], ["eval", "run/model", "test.tsv"]] {
    let result = try program.run(command, input: "a b\n")
    #expect(result.status == 1 && result.err.contains("run/model: the labels LABEL_0, LABEL_1, LABEL_2"))
  }
}

@Test func `a line that cannot be read has an error of its own, and members are printed as they are`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json").status == 0)
  let input = """
    {"n": 18446744073709551616, "x": 1.10, "text": "a b", "e": 1e400}
    {broken
    a c
    {"text": "a", "words": ["a"]}
    {"words": ["a", ""]}
    {"other": 1}
    {"text": "a b", "entities": 2}
    {"words": []}
    """
  let result = try program.run("predict", "base", "--adapter", "x=run/adapter", "-", "--keep-going", input: input)
  let lines = result.out.split(separator: "\n").map(String.init)
  #expect(
    result.status == 1 && result.err.contains("5 lines have no prediction")
      && result.err.contains("The first: -:1: not"))
  #expect(lines.count == 8)
  let expected = [
    "a number beyond the range", "-:2: not valid JSON", "", "both a text and words", "other values in",
    "an object without text", "", "",
  ]
  for (line, part) in zip(lines, expected) {
    #expect(line.contains(part.isEmpty ? #""entities":{"x":["# : part) && line.hasPrefix(#"{"error":"#) != part.isEmpty)
  }
  try Data("a b\n \u{20}{\"text\": \"a b\"}\n".utf8 + [0xFF, 0x0A]).write(
    to: URL(fileURLWithPath: program.folder + "/in.txt"))
  let mixed = try program.run("predict", "base", "--adapter", "x=run/adapter", "in.txt", "--keep-going")
  let rows = mixed.out.split(separator: "\n").map(String.init)
  #expect(mixed.status == 1 && rows.count == 3, "\(mixed.err)")
  #expect(rows[1].hasPrefix(#"  {"text": "a b","entities""#) && rows[2].contains("in.txt:3: bytes that are not UTF-8"))
  let kept = try program.run(
    "predict", "base", "--adapter", "x=run/adapter", "-",
    input: #"{"n": 18446744073709551616, "x": 1.10, "text": "a b" } "#)
  let gold = try program.run(
    "predict", "base", "--adapter", "x=run/adapter", "-",
    input:
      #"{"entities": [{"label": "A, \\"}], "n": ["\", {}", {"entities": 1.10}], "text": "a b","entities\u0020": 1}"#)
  #expect(gold.status == 0 && gold.err.contains("have replaced the input's entities"), "\(gold.err)")
  #expect(
    gold.out.hasPrefix(##"{ "n": ["\", {}", {"entities": 1.10}], "text": "a b","entities\u0020": 1,"entities":{"x":"##),
    "\(gold.out)")
  #expect(kept.status == 0, "\(kept.err)")
  #expect(kept.out.hasPrefix(#"{"n": 18446744073709551616, "x": 1.10, "text": "a b" ,"entities":"#))
}
