/// Runs on BioASQ's JSON: from questions with snippets to scores, and to the file that its program reads.
import Files
import Foundation
import TestSupport
import Testing

/// Questions of one letter, whose answers are the words after that letter in the snippets; and of yes or no: whether the
/// snippets have the word "drug".
private func addQuestions(to program: Program) throws {
  for (name, count, seed) in [("train", 60, 1), ("dev", 12, 2), ("test", 12, 3)] {
    let words = ["aspirin", "liver", "gene", "cell"]
    let questions = (0..<count).flatMap { index -> [JSON] in
      let first = words[(index * seed + index / 4) % 4], second = words[(index + 2 * seed) % 4]
      let snippets: [JSON] = [
        ["text": .string("b \(first) d c \(second) of")], ["text": .string("d a b \(first.uppercased()) of")],
        ["text": .string("of a d")],
      ]
      func question(_ kind: JSON, _ body: JSON, _ snippets: [JSON], _ answer: JSON) -> JSON {
        [
          "id": .string("\(name)-\(index)-\(kind.string ?? "")"), "type": kind, "body": body,
          "snippets": .array(snippets), "exact_answer": answer,
        ]
      }
      let hasDrug = (index + seed) % 2 == 0
      return [
        question("factoid", "b", snippets, [.string(first), .string("of the \(first)")]),
        question("list", "c", [snippets[0]], [[.string(second)]]), question("summary", "a", snippets, .null),
        question(
          "yesno", "drug", [["text": .string("a \(hasDrug ? "drug" : "cell")")], ["text": "of"]],
          hasDrug ? "yes" : "no"),
      ]
    }
    try writeFile(JSON.object(["questions": .array(questions)]).text(), to: "\(program.folder)/\(name).json")
  }
  let recipe = """
    {
      "seed": 3, "model": {"path": "base"}, "task": {"type": "extractive_qa", "max_answer_length": 3},
      "data": {"format": "bioasq", "train": "train.json", "dev": "dev.json", "test": "test.json", "max_length": 16, "stride": 4},
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"},
      "training": {"epochs": 10, "batch_size": 8, "learning_rate": 0.01},
      "output": "run"
    }
    """
  try writeFile(recipe, to: program.folder + "/answer.json")
}

private func withProgram(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try addQuestions(to: program)
  try body(program)
}

@Test func `factoid and list questions of BioASQ are learned, scored, and answered in its form`() throws {
  try withProgram { program in
    let run = try program.run("run", "answer.json")
    #expect(run.status == 0, "\(run.err)")
    #expect(
      run.err.contains("an answer stands in 180 of 240 snippets; questions without an answer in any: 0"), "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    #expect((metrics?["mrr"]?.number ?? 0) > 0.5 && (metrics?["list_f1"]?.number ?? 0) > 0.3, "\(run.out)")
    #expect(metrics?["factoid_questions"] == 12 && metrics?["list_questions"] == 12 && metrics?["f1"] == nil)
    #expect(try program.json("run/recipe.json")["training"]?["metric_for_best_model"] == "mrr")
    let eval = try program.run("eval", "run", "test.json", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let predict = try program.run("predict", "run", "test.json", "--predictions", "answers.json")
    #expect(predict.status == 0, "\(predict.err)")
    let rows = try jsonLines(predict.out),
      saved = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl"))
    let submitted = try #require(program.json("answers.json")["questions"]?.array)
    #expect(rows.count == 24 && saved.count == 24)
    for (row, question) in zip(rows, submitted) {
      let texts = row["answers"]?.object?.values.first?.array?.compactMap { $0["text"] } ?? []
      #expect(question["id"] == row["id"] && question["exact_answer"] == .array(texts.map { [$0] }))
      #expect(!texts.isEmpty && texts.count <= 5 || question["type"] == "list", "\(row)")
    }
    let ranks = saved.compactMap { $0["mrr"]?.number }
    #expect(abs(ranks.reduce(0, +) / 12 - (metrics?["mrr"]?.number ?? 0)) < 1e-12 && ranks.count == 12)
    #expect(saved.allSatisfy { !($0.text().contains("aspirin") || $0.text().contains("liver")) })
    #expect(try program.run("compare", "run", "run").out.contains("test.mrr"))
    let absent = try readText(program.folder + "/test.json").replacing("\"exact_answer\"", with: "\"other\"")
      .replacing("\"type\"", with: "\"exact_answer\": \"zebra\", \"type\"").replacing("\"yesno\"", with: "\"summary\"")
    try writeFile(absent, to: program.folder + "/absent.json")
    let none = try program.run("eval", "run", "absent.json", "--json")
    let zero = try JSON(parsing: .init(none.out.utf8), named: "eval")
    #expect(zero["mrr"]?.number == 0 && zero["support"] == 24 && zero["loss"]?.number == 0, "\(none.err)")
  }
}

@Test func `yes or no is a classification, with the scores of BioASQ`() throws {
  try withProgram { program in
    let run = try program.run(
      "run", "answer.json", #"task={"type": "sequence_classification"}"#, "data.stride=null", "output=yesno")
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("yesno/result.json")["metrics"]?["test"]
    #expect((metrics?["f1_yes_no"]?.number ?? 0) > 0.8 && metrics?["support"] == 12, "\(run.out)")
    let eval = try program.run("eval", "yesno", "test.json", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let predict = try program.run("predict", "yesno", "test.json", "--predictions", "answers.json")
    #expect(predict.status == 0, "\(predict.err)")
    let submitted = try #require(program.json("answers.json")["questions"]?.array)
    let saved = try jsonLines(readText(program.folder + "/yesno/predictions/test.jsonl"))
    #expect(submitted.map { $0["exact_answer"] } == saved.map { $0["predicted"] } && submitted.count == 12)
    #expect(submitted.allSatisfy { $0["type"] == "yesno" })
  }
}

@Test func `the kinds of questions, negatives, cached states and a teacher`() throws {
  try withProgram { program in
    let list = try program.run(
      "run", "answer.json", #"data.question_types=["list"]"#, "output=list", "task.list_threshold=0.2",
      "training.epochs=1")
    #expect(list.status == 0, "\(list.err)")
    let metrics = try program.json("list/result.json")["metrics"]?["test"]
    #expect(metrics?["list_questions"] == 12 && metrics?["mrr"] == nil && list.out.contains("list_f1"), "\(list.out)")
    #expect(try program.json("list/adapter/tune.json")["task"]?["list_threshold"] == 0.2)
    for mode in ["on", "off"] {
      let run = try program.run(
        "run", "answer.json", #"method={"type":"head"}"#, "training.cache_hidden_states=\(mode)", "output=\(mode)",
        "model.dropout=0", "model.attention_dropout=0", "task.version_2_with_negative=true", "training.epochs=1")
      #expect(run.status == 0 && !run.err.contains("have no target"), "\(run.err)")
    }
    let losses = try ["on", "off"].map {
      try program.json("\($0)/result.json")["metrics"]?["test"]?["loss"]?.number ?? 0
    }
    #expect(abs(losses[0] - losses[1]) < 1e-5)
    let student = try program.run(
      "run", "answer.json", #"distillation={"teachers": {"path": "base", "adapter": "list/adapter"}}"#,
      "output=student", "training.epochs=1")
    #expect(student.status == 0, "\(student.err)")
  }
}

@Test func `what BioASQ's format does not have is refused before anything is written`() throws {
  try withProgram { program in
    for (settings, message) in [
      (["training.metric_for_best_model=f1"], "expected \"mrr\""),
      ([#"data.question_types=["factoid"]"#, "training.metric_for_best_model=list_f1"], "expected \"mrr\""),
      ([#"task={"type": "regression"}"#], "expected \"jsonl\", \"tsv\" or \"csv\""),
      ([#"task={"type": "sequence_classification"}"#, #"data.question_types=["list"]"#], "only extractive_qa"),
      ([#"data.question_types=["yesno"]"#], "\"factoid\" or \"list\""),
      (["data.dev=list.json", "training.metric_for_best_model=strict_accuracy"], "dev has no questions of the kind"),
    ] {
      let list: JSON = [
        "id": "1", "type": "list", "body": "b", "snippets": [["text": "a"]], "exact_answer": ["a"],
      ]
      try writeFile(JSON.object(["questions": [list]]).text(), to: program.folder + "/list.json")
      let run = try program.run(["run", "answer.json"] + settings + ["output=broken"])
      #expect(run.status == 1 && run.err.contains(message), "\(settings): \(run.err)")
      #expect(!fileExists(program.folder + "/broken"))
    }
  }
}
