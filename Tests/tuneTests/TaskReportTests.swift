/// Reports and model cards of runs of every kind of task: each has its sections and no text of the data.
import Files
import Foundation
import TestSupport
import Testing

/// Every text of the data has this word.
private let secret = "sesame"

private func text(_ index: Int) -> String {
  "\(secret) " + (0..<1 + index % 7).map { "abcdefg".map(String.init)[(index + $0) % 7] }.joined(separator: " ")
}

private func addData(to program: Program) throws {
  for (name, count, seed) in [("train", 40, 1), ("dev", 20, 2), ("test", 20, 3)] {
    let rows = (0..<count).map { index -> JSON in
      let text = text(index * seed), pair = pairedText(index, seed)
      return [
        "id": .string("r\(index)"), "text": .string(text), "second": .string(pair),
        "label": .string(["none", "before", "after"][(index * seed) % 3]),
        "topics": .array(
          ["x", "y", "z"].enumerated().filter { (index + $0.offset * seed) % 3 > 0 }.map { .string($0.element) }),
        "score": .double(Double((index * seed) % 5)), "head": [0, 3, "A"], "tail": [3, 6, "B"],
      ]
    }
    try writeFile(rows.map { $0.text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/\(name).jsonl")
    let sentences = (0..<count).map { index in
      text(index * seed).split(separator: " ").map { "\($0)\t\($0 == "b" ? "B-A" : $0 == "c" ? "B-B" : "O")\n" }
        .joined()
    }
    try writeFile(sentences.joined(separator: "\n"), to: "\(program.folder)/\(name).tsv")
    let squad = (0..<count).map { index -> JSON in
      let context = text(index * seed), hasAnswer = index % 4 > 0
      return [
        "context": .string(context),
        "qas": [
          [
            "id": .string("q\(index)"), "question": .string("\(secret) b"), "is_impossible": .bool(!hasAnswer),
            "answers": hasAnswer ? [["text": .string(secret), "answer_start": 0]] : [],
          ]
        ],
      ]
    }
    try writeFile(
      JSON.object(["data": .array(squad.map { ["paragraphs": [$0]] })]).text(),
      to: "\(program.folder)/\(name)-squad.json")
    let bioasq = (0..<count).map { index -> JSON in
      [
        "id": .string("q\(index)"), "type": index % 2 == 0 ? "factoid" : "list", "body": .string("\(secret) b"),
        "snippets": [["text": .string(text(index * seed))]],
        "exact_answer": index % 2 == 0 ? [.string(secret)] : [[.string(secret)]],
      ]
    }
    try writeFile(JSON.object(["questions": .array(bioasq)]).text(), to: "\(program.folder)/\(name)-bioasq.json")
  }
}

private func pairedText(_ index: Int, _ seed: Int) -> String { text(index * seed + index % 3) }

private struct Case: CustomTestStringConvertible, Sendable {
  let name: String
  /// Overrides of the recipe.
  let settings: [String]
  /// Of the sections between the learning curves and the resources.
  let headings: [String]
  /// Columns of the table of lengths.
  let metrics: String

  var testDescription: String { name }
}

private func files(_ suffix: String, _ more: String) -> String {
  #"data={"train": "train\#(suffix)", "dev": "dev\#(suffix)", "test": "test\#(suffix)", \#(more)}"#
}

private let table = #""format": "jsonl", "id_column": "id""#
private let cases = [
  Case(
    name: "sequence_classification",
    settings: [#"task={"type": "sequence_classification"}"#, files(".jsonl", table)],
    headings: ["Labels", "Confusion", "Calibration", "Lengths", "Wrong examples"],
    metrics: "accuracy,f1_micro,f1_macro"),
  Case(
    name: "multi_label_classification",
    settings: [
      #"task={"type": "multi_label_classification"}"#, files(".jsonl", table + #", "label_column": "topics""#),
    ], headings: ["Labels", "Calibration", "Lengths", "Wrong examples"], metrics: "f1_micro"),
  Case(
    name: "relation_extraction",
    settings: [
      #"task={"type": "relation_extraction", "negative_label": "none"}"#,
      files(".jsonl", table + #", "subject_column": "head", "object_column": "tail""#),
    ], headings: ["Labels", "Confusion", "Calibration", "Lengths", "Wrong examples"], metrics: "f1_micro"),
  Case(
    name: "regression",
    settings: [
      #"task={"type": "regression"}"#,
      files(".jsonl", table + #", "text_pair_column": "second", "label_column": "score""#),
    ], headings: ["Predicted numbers", "Lengths", "Largest differences"], metrics: "pearson,spearman,mse"),
  Case(
    name: "embedding",
    settings: [
      #"task={"type": "embedding"}"#,
      files(".jsonl", table + #", "text_pair_column": "second", "label_column": "score""#),
    ], headings: ["Predicted numbers", "Lengths", "Largest differences"], metrics: "spearman,pearson"),
  Case(
    name: "extractive_qa of SQuAD",
    settings: [
      #"task={"type": "extractive_qa", "version_2_with_negative": true}"#, files("-squad.json", #""format": "squad""#),
    ], headings: ["Answers", "Lengths", "Wrong examples"], metrics: "f1,exact_match"),
  Case(
    name: "extractive_qa of BioASQ",
    settings: [#"task={"type": "extractive_qa"}"#, files("-bioasq.json", #""format": "bioasq""#)],
    headings: ["Answers", "Lengths", "Wrong examples"], metrics: "mrr,strict_accuracy,lenient_accuracy,list_f1"),
]

private func headings(_ html: String) -> [String] {
  html.split(separator: "<h2>").dropFirst().map { String($0.prefix { $0 != "<" }) }
}

/// The run's folder, page and card; nothing of them has a text.
private func report(_ program: Program, _ settings: [String], card: String = "adapter") throws -> (
  html: String, card: String
) {
  try addData(to: program)
  let run = try program.run(["run", "recipe.json", "training.epochs=1", "training.learning_rate=0.001"] + settings)
  #expect(run.status == 0 && !run.err.contains("report.html was not written"), "\(run.err)")
  let own = try readText(program.folder + "/run/report.html"),
    made = try program.run("report", "run", "--files", "figures")
  let html = try readText(program.folder + "/run/report.html")
  #expect(made.status == 0 && own == html, "\(made.err)")
  for name in try FileManager.default.contentsOfDirectory(atPath: program.folder + "/figures") {
    #expect(try !readText("\(program.folder)/figures/\(name)").contains(secret), "\(name)")
  }
  let text = try readText("\(program.folder)/run/\(card)/README.md")
  #expect(!html.contains(secret) && !text.contains(secret))
  return (html, text)
}

@Test(arguments: cases)
private func `a run of every task has a report and a card with what can be said of it, and no text`(_ each: Case) throws
{
  let program = try Program()
  defer { program.remove() }
  let (html, card) = try report(program, each.settings)
  #expect(
    headings(html) == ["Summary", "Learning curves"] + each.headings + ["Resources", "Recipe", "Digests"],
    "\(each.name)")
  let lengths = try readText(program.folder + "/figures/lengths.csv").split(separator: "\n")
  #expect(lengths.first?.hasPrefix("records with,\(each.metrics)") == true && lengths.count > 3, "\(lengths)")
  #expect(lengths.dropFirst().allSatisfy { $0.contains(" words,") })
  for part in [
    "## Intended use", "not a medical device", "## Intervals", "resamples of the 20 ",
    "| licence of the data |",
  ] {
    #expect(card.contains(part), "\(part)")
  }
  let shown = try program.run("report", "run", "--show-text", "--output", "shown.html")
  #expect(shown.status == 0, "\(shown.err)")
  // Everything may be right.
  let isRight = html.contains("There are none.") || html.contains("<h2>Wrong examples</h2>\n\n</section>")
  #expect(try readText(program.folder + "/shown.html").contains(secret) || isRight)
}

@Test func `a run of several tasks has the sections of each, and a card for each`() throws {
  let program = try Program()
  defer { program.remove() }
  let tasks = """
    {"tasks": {
      "order": {"task": {"type": "sequence_classification"}, \(files(".jsonl", table).replacing("data=", with: "\"data\": "))},
      "tags": {"task": {"type": "token_classification"}, \(files(".tsv", "\"format\": \"conll\"").replacing("data=", with: "\"data\": "))}
    }}
    """
  let recipe = try program.json("recipe.json").object ?? [:]
  try addData(to: program)
  var several = recipe
  (several["task"], several["data"]) = (nil, nil)
  several["multi_task"] = try JSON(parsing: Data(tasks.utf8), named: "tasks")
  try writeFile(JSON.object(several).text(), to: program.folder + "/recipe.json")
  let (html, card) = try report(program, [], card: "adapter/tags")
  #expect(
    headings(html) == [
      "Summary", "Learning curves", "order: labels", "order: confusion", "order: calibration", "order: lengths",
      "order: wrong examples", "tags: entity types", "tags: confusion", "tags: calibration",
      "tags: mentions seen in training", "tags: lengths", "tags: wrong examples", "Resources", "Recipe", "Digests",
    ])
  #expect(fileExists(program.folder + "/figures/tags-mentions.csv"))
  #expect(card.contains("| entities: seen in training |") || card.contains("| type: "))
  // The digests are those of its own files.
  #expect(card.contains("| SHA-256 of the data | train: ") && card.contains("this one: tags"))
}

@Test func `a card says what the adapter is made of, and how far it can be trusted`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile("---\nlicense: apache-2.0\n---\n# base\n", to: program.folder + "/base/README.md")
  let (html, card) = try report(
    program,
    [
      files(".tsv", #""format": "conll""#), #"task={"type": "token_classification", "temperature": "dev"}"#,
      "data.license=cc-by-4.0",
    ])
  let result = try program.json("run/result.json"), digests = (result["data_sha256"]?.array ?? []).compactMap(\.string)
  #expect(digests.count == 3 && card.contains("train: \(digests[0]); dev: \(digests[1]); test: \(digests[2])"))
  #expect(card.contains("SHA-256 of its weights \(result["base_sha256"]?.string ?? "?")"))
  #expect(result["tune_version"]?.string.map { card.contains("| made with | tune \($0) |") } == true)
  #expect(card.contains("| licence of the base | apache-2.0 |\n| licence of the data | cc-by-4.0 |"))
  #expect(card.contains("| seed | 3 |"))
  let f1 = result["metrics"]?["test"]?["f1"]?.number ?? -1
  let ends = (result["intervals"]?["test"]?["f1"]?.array ?? []).compactMap(\.number)
  func percent(_ value: Double) -> String { String(format: "%.2f", 100 * value) }
  #expect(
    ends.count == 2 && card.contains("| test | f1 \(percent(f1)) [\(percent(ends[0])), \(percent(ends[1]))]"), "\(card)"
  )
  #expect(card.contains("| calibration | expected calibration error ") && card.contains(", temperature "))
  // The lowest scores of the report's tables.
  #expect(card.contains("## Where it is weakest") && card.contains("| part | number | score |"))
  let scores = try ["scores", "mentions", "lengths"].flatMap { name in
    try readText("\(program.folder)/figures/\(name).csv").split(separator: "\n").dropFirst().compactMap { line in
      line.split(separator: ",")[1].drop { $0 == "\"" }.split(separator: " ").first.flatMap { Double($0) }
    }
  }
  let lowest = try #require(scores.min())
  #expect(card.contains(" f1 \(percent(lowest))"), "\(lowest): \(card)")
  #expect(html.contains("<h2>Mentions seen in training</h2>"))
}
