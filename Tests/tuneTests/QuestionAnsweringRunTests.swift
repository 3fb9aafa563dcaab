/// Runs of extractive question answering: from SQuAD's JSON to scores, predictions, a merged model and a student.
import Files
import Foundation
import TestSupport
import Testing

/// Questions of one letter; the answer is the word after that letter in the context. Some have none.
private func addQuestions(to program: Program) throws {
  for (name, count, seed) in [("train", 40, 1), ("dev", 12, 2), ("test", 12, 3)] {
    let words = ["aspirin", "liver", "drug", "gene", "cell"], letters = ["b", "c"]
    let paragraphs = (0..<count).map { index -> JSON in
      let first = words[(index * seed + index / 5) % 5], second = words[(index + 2 * seed) % 5]
      let filler = (0..<index % 4 * 6).map { _ in "a" }.joined(separator: " ")
      let context = "\(filler) b \(first) d c \(second) of"
      let questions = letters.enumerated().map { order, letter -> JSON in
        let answer = order == 0 ? first : second
        let start = context.range(of: "\(letter) \(answer)").map {
          context.unicodeScalars.distance(from: context.startIndex, to: $0.lowerBound) + 2
        }
        return [
          "id": .string("\(name)-\(index)-\(order)"), "question": .string(letter),
          "answers": [["text": .string(answer), "answer_start": .int((start ?? 0) + (index == 0 ? 1 : 0))]],
        ]
      }
      let none: [JSON] =
        index % 3 == 0
        ? [["id": .string("\(name)-\(index)-none"), "question": "x", "answers": [], "is_impossible": true]] : []
      return ["context": .string(context), "qas": .array(questions + none)]
    }
    let file: JSON = ["data": [["paragraphs": .array(paragraphs)]]]
    try writeFile(file.text(), to: "\(program.folder)/\(name).json")
  }
  let recipe = """
    {
      "seed": 3, "model": {"path": "base"}, "task": {"type": "extractive_qa", "max_answer_length": 3},
      "data": {"format": "squad", "train": "train.json", "dev": "dev.json", "test": "test.json", "max_length": 16, "stride": 4},
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

/// The first and last code point of an answer; nil: none.
private func span(_ answer: JSON?) -> [Int]? {
  guard let start = answer?["start"]?.int, let end = answer?["end"]?.int, end > 0 else { return nil }
  return [start, end]
}

@Test func `answers are learned, eval repeats the scores, and predict writes what the scorer reads`() throws {
  try withProgram { program in
    let run = try program.run("run", "answer.json")
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    #expect((metrics?["f1"]?.number ?? 0) > 0.5 && metrics?["exact_match"]?.number != nil, "\(run.out)")
    #expect(metrics?["has_answer"]?["support"]?.int == 24 && metrics?["no_answer"]?["support"]?.int == 4)
    #expect(run.err.contains("do not stand at their answer_start") && run.err.contains("windows"), "\(run.err)")
    let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.json", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let predict = try program.run(
      "predict", "base", "--adapter", "A=run/adapter", "test.json", "--predictions", "answers.json")
    #expect(predict.status == 0, "\(predict.err)")
    let rows = try jsonLines(predict.out),
      saved = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl"))
    #expect(rows.count == 28 && rows.map { span($0["answer"]?["A"]) } == saved.map { span($0["predicted"]) })
    #expect(
      rows.map { $0["n_best"]?["A"]?.array?.map(span) } == saved.map { $0["scores"]?.array?.map(span) }
        && saved.allSatisfy { $0["scores"]?.array?.first?["text"] == nil && $0["gold"]?.array?.first?["text"] == nil })
    let means = ["f1", "exact_match"].map { name in saved.reduce(0.0) { $0 + ($1[name]?.number ?? .nan) } / 28 }
    #expect(abs(means[0] - (metrics?["f1"]?.number ?? 0)) < 1e-12 && means[1] == metrics?["exact_match"]?.number)
    let answers = try program.json("answers.json")
    #expect(
      answers.object?.count == 28 && rows.allSatisfy { answers[$0["id"]?.string ?? ""] == $0["answer"]?["A"]?["text"] })
    #expect(try program.json("run/adapter/adapter_config.json")["task_type"] == "QUESTION_ANS")
    let card = try readText(program.folder + "/run/adapter/README.md")
    #expect(card.contains("pipeline_tag: question-answering") && card.contains("AutoModelForQuestionAnswering"))
    let settings = try program.json("run/adapter/tune.json")["task"]
    #expect(settings?["version_2_with_negative"] == true && settings?["max_answer_length"] == 3)
  }
}

@Test func `a merged model and JSON lines give the same answers, and other input is refused`() throws {
  try withProgram { program in
    #expect(try program.run("run", "answer.json", "training.epochs=2").status == 0)
    let merge = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
    #expect(merge.status == 0, "\(merge.err)")
    #expect(try program.json("merged/config.json")["architectures"] == ["BertForQuestionAnswering"])
    let own = try jsonLines(program.run("predict", "base", "--adapter", "A=run/adapter", "test.json").out)
    let merged = try jsonLines(program.run("predict", "merged", "test.json").out)
    #expect(own.map { $0["answer"]?["A"]?["text"] } == merged.map { $0["answer"]?["base"]?["text"] })
    let paragraph = try program.json("test.json")["data"]?.array?[0]["paragraphs"]?.array?[1]
    let line: JSON = ["question": "b", "context": paragraph?["context"] ?? .null, "note": 1]
    let single = try jsonLines(program.run("predict", "merged", "-", input: line.text(pretty: false)).out)
    #expect(single[0]["answer"] == merged.first { $0["id"] == "test-1-0" }?["answer"] && single[0]["note"] == 1)
    let text = try program.run("predict", "merged", "-", input: "a b c")
    #expect(text.status == 1 && text.err.contains("\"question\""), "\(text.err)")
    let wrong = try program.run("predict", "merged", "-", "--predictions", "p.json", input: "a")
    #expect(wrong.status != 0 && wrong.err.contains("--predictions"), "\(wrong.err)")
  }
}

@Test(arguments: [
  #"{"type":"full"}"#, #"{"type":"ia3"}"#, #"{"type":"vera","rank":8}"#, #"{"type":"layer_norm"}"#,
  #"{"type":"bitfit"}"#, #"{"type":"head"}"#, #"{"type":"houlsby"}"#, #"{"type":"pfeiffer"}"#,
  #"{"type":"prompt","num_virtual_tokens":4}"#, #"{"type":"prefix","num_virtual_tokens":4}"#,
  #"{"type":"adalora","init_r":4,"target_r":2}"#, #"{"type":"lora","rank":2,"use_dora":true,"bias":"all"}"#,
])
func `every method trains answers, and eval repeats the scores`(_ method: String) throws {
  try withProgram { program in
    let run = try program.run("run", "answer.json", "method=\(method)", "training.epochs=1")
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    let model = method.contains("full") ? ["run/model"] : ["base", "--adapter", "run/adapter"]
    let eval = try program.run(["eval"] + model + ["test.json", "--json"])
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
  }
}

@Test func `a student learns its teacher's answers, and cached states change nothing`() throws {
  try withProgram { program in
    #expect(try program.run("run", "answer.json").status == 0)
    let teacher = #"{"teachers": {"path": "base", "adapter": "run/adapter"}, "task_weight": 0, "kl_weight": 1}"#
    let student = try program.run("run", "answer.json", "distillation=\(teacher)", "output=student")
    #expect(student.status == 0, "\(student.err)")
    #expect((try program.json("student/result.json")["metrics"]?["test"]?["f1"]?.number ?? 0) > 0.4)
    let cache = try program.run(
      "run", "answer.json", #"distillation={"teachers": {"path": "base", "adapter": "run/adapter"}, "cache": "c"}"#,
      "output=cached")
    #expect(cache.status != 0 && cache.err.contains("distillation.cache"), "\(cache.err)")
    for mode in ["on", "off"] {
      let run = try program.run(
        "run", "answer.json", #"method={"type":"head"}"#, "training.cache_hidden_states=\(mode)", "output=\(mode)",
        "model.dropout=0", "model.attention_dropout=0", "task.negatives_per_positive=1", "training.epochs=1")
      #expect(run.status == 0, "\(run.err)")
    }
    let losses = try ["on", "off"].map {
      try program.json("\($0)/result.json")["metrics"]?["test"]?["loss"]?.number ?? 0
    }
    #expect(abs(losses[0] - losses[1]) < 1e-5)
  }
}

@Test func `broken questions end a run before anything is written`() throws {
  try withProgram { program in
    let good = try readText(program.folder + "/train.json")
    for (find, replacement, message) in [
      ("\"train-1-0\"", "\"train-2-0\"", "id 'train-2-0'"), ("\"context\"", "\"text\"", "no 'context'"),
      (good, "", "no questions"),
    ] {
      try writeFile(good.replacing(find, with: replacement, maxReplacements: 1), to: program.folder + "/train.json")
      let run = try program.run("run", "answer.json", "output=broken")
      #expect(run.status != 0 && run.err.contains("train.json") && run.err.contains(message), "\(run.err)")
      #expect(!fileExists(program.folder + "/broken"))
    }
  }
}
