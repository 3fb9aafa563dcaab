/// Runs of sequence classification: every method, pairs, formats, distillation, cached states, sweeps, merge, predict.
import Files
import Foundation
import TestSupport
import Testing

/// Texts of letters. The label says whether `b` or `c` comes first; of a pair, whether the second text repeats the first.
private func addTables(to program: Program) throws {
  for (name, count, seed) in [("train", 60, 1), ("dev", 24, 2), ("test", 24, 3)] {
    let rows = (0..<count).map { row -> (text: String, pair: String, label: String, same: String) in
      let isFirst = (row * 7 + seed) % 3 == 0
      let filler = (0..<row % 5 + 1).map { "adefg".map(String.init)[(row + $0 * seed) % 5] }.joined(separator: " ")
      let text = filler + (isFirst ? " b a c" : " c a b")
      return (text, row % 2 == 0 ? text : "g g \(filler)", isFirst ? "b, first" : "c", row % 2 == 0 ? "yes" : "no")
    }
    let objects = rows.enumerated().map { index, row -> JSON in
      [
        "key": .string("r\(index)"), "text": .string(row.text), "second": .string(row.pair),
        "label": .string(row.label),
        "same": .string(row.same),
        "topics": .array((row.label == "c" ? [] : ["first"]) + (row.text.contains("d") ? ["d", "any"] : ["any"])),
        "score": .double(row.label == "c" ? -0.5 : 1.5),
      ]
    }
    try writeFile(objects.map { $0.text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/\(name).jsonl")
    let tsv = ["text\tlabel"] + rows.map { "\($0.text)\t\($0.label)" }
    try writeFile(tsv.joined(separator: "\n"), to: "\(program.folder)/\(name)-table.tsv")
    let csv = ["label,text"] + rows.map { "\"\($0.label)\",\($0.text)" }
    try writeFile(csv.joined(separator: "\r\n"), to: "\(program.folder)/\(name).csv")
  }
  let recipe = """
    {
      "seed": 3, "model": {"path": "base"}, "task": {"type": "sequence_classification"},
      "data": {"format": "jsonl", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl", "id_column": "key"},
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"},
      "training": {"epochs": 8, "batch_size": 8, "learning_rate": 0.01, "metric_for_best_model": "f1_micro"},
      "output": "run"
    }
    """
  try writeFile(recipe, to: program.folder + "/classify.json")
}

private func withProgram(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try addTables(to: program)
  try body(program)
}

private let pairs = ["data.text_pair_column=second", "data.label_column=same"]

@Test func `a classifier learns, eval repeats its metrics, and predict its predictions`() throws {
  try withProgram { program in
    let run = try program.run("run", "classify.json")
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    #expect((metrics?["accuracy"]?.number ?? 0) > 0.9, "\(run.out)")
    for key in ["f1_micro", "f1_macro", "mcc", "loss"] { #expect(metrics?[key]?.number != nil) }
    #expect(metrics?["per_class"]?["b, first"]?["support"]?.int == 8)
    let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.jsonl", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let lines = try readText(program.folder + "/run/predictions/test.jsonl").split(separator: "\n")
      .map { try JSON(parsing: .init($0.utf8), named: "line") }
    #expect(lines.count == 24 && lines[5]["id"] == "r5" && lines[5]["text"] == nil)
    let predict = try program.run("predict", "base", "--adapter", "A=run/adapter", "test.jsonl")
    let predicted = try predict.out.split(separator: "\n").map { try JSON(parsing: .init($0.utf8), named: "line") }
    #expect(predicted.map { $0["labels"]?["A"]?["label"] } == lines.map { $0["predicted"] }, "\(predict.err)")
    #expect(predicted.map { $0["labels"]?["A"]?["probabilities"] } == lines.map { $0["scores"] })
    #expect(predicted[0]["key"] == "r0" && predicted[0]["text"]?.string != nil)
    let card = try readText(program.folder + "/run/adapter/README.md")
    #expect(card.contains("pipeline_tag: text-classification") && card.contains("accuracy"))
    let config = try program.json("run/adapter/adapter_config.json")
    #expect(config["task_type"] == "SEQ_CLS")
  }
}

@Test(arguments: [
  ("multi_label_classification", "topics", "f1_micro", ["task.threshold=dev_per_label"]),
  ("regression", "score", "pearson", []),
])
func `sets of labels and numbers are learned, and eval repeats the metrics of dev and test`(
  _ task: String, _ column: String, _ metric: String, _ settings: [String]
) throws {
  try withProgram { program in
    let own = ["task.type=\(task)", "data.label_column=\(column)", "training.metric_for_best_model=\(metric)"]
    let run = try program.run(["run", "classify.json"] + own + settings)
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]
    #expect((metrics?["test"]?[metric]?.number ?? 0) > 0.8, "\(run.out)")
    for split in ["dev", "test"] {
      let eval = try program.run("eval", "base", "--adapter", "run/adapter", "\(split).jsonl", "--json")
      #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics?[split], "\(eval.err)")
    }
    let thresholds = try program.json("run/adapter/tune.json")["task"]?["thresholds"]
    #expect(thresholds?.array?.count == (column == "topics" ? 3 : nil))
    let config = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
    #expect(config.status == 0, "\(config.err)")
    #expect(try program.json("merged/config.json")["problem_type"]?.string == task)
  }
}

@Test func `dev is scored at its own thresholds during training as well`() throws {
  try withProgram { program in
    let run = try program.run(
      "run", "classify.json", "task.type=multi_label_classification", "data.label_column=topics", "task.threshold=dev",
      "training.metric_for_best_model=f1_micro", "training.learning_rate=1e-6")
    #expect(run.status == 0, "\(run.err)")
    let evaluations = try readText(program.folder + "/run/metrics.jsonl").split(separator: "\n")
      .map { try JSON(parsing: .init($0.utf8), named: "line") }.filter { $0["event"] == "evaluation" }
    let scores = evaluations.compactMap { $0["metrics"]?["f1_micro"]?.number }
    #expect(scores.max() == (try program.json("run/result.json"))["metrics"]?["dev"]?["f1_micro"]?.number)
    #expect((scores.max() ?? 0) > 0, "nothing has a probability of 0.5 yet")
  }
}

@Test(arguments: [
  #"{"type":"full"}"#, #"{"type":"ia3"}"#, #"{"type":"vera","rank":8}"#, #"{"type":"layer_norm"}"#,
  #"{"type":"bitfit"}"#, #"{"type":"head"}"#, #"{"type":"houlsby"}"#, #"{"type":"pfeiffer"}"#,
  #"{"type":"prompt","num_virtual_tokens":4}"#, #"{"type":"prefix","num_virtual_tokens":4}"#,
  #"{"type":"adalora","init_r":4,"target_r":2}"#, #"{"type":"lora","rank":2,"use_dora":true,"bias":"all"}"#,
])
func `every method trains a classifier of pairs, and eval repeats its metrics`(_ method: String) throws {
  try withProgram { program in
    let run = try program.run(
      ["run", "classify.json", "method=\(method)", "training.epochs=4", "training.learning_rate=0.01"] + pairs)
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    let model = method.contains("full") ? ["run/model"] : ["base", "--adapter", "run/adapter"]
    let eval = try program.run(["eval"] + model + ["test.jsonl", "--json"])
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
  }
}

@Test func `the same table as TSV and CSV trains the same weights`() throws {
  try withProgram { program in
    for (name, format, suffix) in [("a", "jsonl", ".jsonl"), ("b", "tsv", "-table.tsv"), ("c", "csv", ".csv")] {
      let files = ["train", "dev", "test"].map { "data.\($0)=\($0)\(suffix)" }
      let run = try program.run(
        ["run", "classify.json", "data.format=\(format)", "data.id_column=null", "output=\(name)"] + files)
      #expect(run.status == 0, "\(run.err)")
    }
    let weights = try ["a", "b", "c"].map { try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors") }
    #expect(weights[0] == weights[1] && weights[0] == weights[2])
    let other = try program.run(
      "eval", "base", "--adapter", "a/adapter", "test.csv", "--data", "format=csv", "--data", "id_column=null", "--json"
    )
    let metrics = try program.json("b/result.json")["metrics"]?["test"]
    #expect(try JSON(parsing: .init(other.out.utf8), named: "eval") == metrics, "\(other.err)")
  }
}

@Test func `a merged classifier, a distilled one and one over cached states answer as they should`() throws {
  try withProgram { program in
    #expect(try program.run("run", "classify.json").status == 0)
    let merge = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
    #expect(merge.status == 0, "\(merge.err)")
    let config = try program.json("merged/config.json")
    #expect(config["problem_type"] == "single_label_classification")
    #expect(config["architectures"] == ["BertForSequenceClassification"])
    #expect(config["id2label"]?["0"] == "b, first")
    let merged = try program.run("eval", "merged", "test.jsonl", "--json")
    let score = try JSON(parsing: .init(merged.out.utf8), named: "eval")
    let expected = try program.json("run/result.json")["metrics"]?["test"]
    #expect(score["accuracy"] == expected?["accuracy"], "\(merged.err)")
    #expect(abs((score["loss"]?.number ?? 9) - (expected?["loss"]?.number ?? 0)) < 1e-4)

    let student = try program.run(
      "run", "classify.json",
      #"distillation={"teachers": {"path": "base", "adapter": "run/adapter"}, "cache": "teacher"}"#,
      "method.rank=2", "output=student")
    #expect(student.status == 0, "\(student.err)")
    #expect((try program.json("student/result.json")["metrics"]?["test"]?["accuracy"]?.number ?? 0) > 0.6)

    for mode in ["on", "off"] {
      let run = try program.run(
        "run", "classify.json", #"method={"type":"head"}"#, "training.cache_hidden_states=\(mode)", "output=\(mode)",
        "model.dropout=0", "model.attention_dropout=0")
      #expect(run.status == 0, "\(run.err)")
    }
    let losses = try ["on", "off"].map {
      try program.json("\($0)/result.json")["metrics"]?["test"]?["loss"]?.number ?? 0
    }
    #expect(abs(losses[0] - losses[1]) < 1e-5)
  }
}

@Test func `a sweep's table shows the classifier's metrics`() throws {
  try withProgram { program in
    let sweep = try program.run(
      "run", "classify.json", "training.epochs=1", #"sweep={"method.rank": [1, 2], "seed": [1, 2]}"#)
    #expect(sweep.status == 0, "\(sweep.err)")
    #expect(sweep.out.contains("dev f1_micro") && sweep.out.contains("test accuracy"), "\(sweep.out)")
  }
}

@Test func `wrong data and a wrong task are errors`() throws {
  try withProgram { program in
    func error(_ arguments: [String]) throws -> String {
      let result = try program.run(arguments)
      #expect(result.status != 0)
      return result.err
    }
    let column = try error(["run", "classify.json", "data.text_column=txt"])
    #expect(column.contains("train.jsonl:1") && column.contains("text"), "\(column)")
    let format = try error(["validate", "classify.json", "data.format=conll", "data.id_column=null"])
    #expect(
      format.contains("expected \"jsonl\", \"tsv\", \"csv\" or \"bioasq\" for task.type \"sequence_classification\""))
    let stride = try error(["validate", "classify.json", "data.stride=2"])
    #expect(stride.contains("task.long_text"), "\(stride)")
    for (key, value) in [("text_pair_column", "label"), ("id_column", "text"), ("label_column", "text")] {
      let clash = try error(["validate", "classify.json", "data.\(key)=\(value)"])
      #expect(clash.contains("data.\(key): found \"\(value)\""), "\(clash)")
    }
    #expect(try program.run("run", "classify.json").status == 0)
    #expect(try program.run("run", "recipe.json", "output=tagger").status == 0)
    #expect(try program.run("run", "classify.json", "precision=bf16", "output=bf16").status == 0)
    let precisions = try program.run(
      "predict", "base", "--adapter", "a=run/adapter", "--adapter", "b=bf16/adapter", "test.jsonl")
    #expect(precisions.status == 0 && precisions.err.contains("different precisions"), "\(precisions.err)")
    let mixed = try program.run(
      "predict", "base", "--adapter", "a=run/adapter", "--adapter", "b=tagger/adapter", "test.jsonl")
    let row = try jsonLines(mixed.out).first
    #expect(row?["labels"]?["a"] != nil && row?["entities"]?["b"] != nil, "\(mixed.err)")
    let config = program.folder + "/tagger/adapter/adapter_config.json"
    try writeFile(readText(config).replacing("TOKEN_CLS", with: "SEQ_CLS"), to: config)
    let taskType = try error(["predict", "base", "--adapter", "b=tagger/adapter", "test.jsonl"])
    #expect(taskType.contains("'task_type'"), "\(taskType)")
  }
}

@Test func `each of several adapters reads its own columns`() throws {
  try withProgram { program in
    for (output, settings) in [("one", []), ("two", ["data.text_column=second", "data.label_column=same"])] {
      let run = try program.run(["run", "classify.json", "training.epochs=1", "output=\(output)"] + settings)
      #expect(run.status == 0, "\(run.err)")
    }
    func labels(_ adapters: String...) throws -> [JSON] {
      let options = adapters.flatMap { ["--adapter", "\($0)=\($0)"] }
      let predict = try program.run(["predict", "base"] + options + ["test.jsonl"])
      #expect(predict.status == 0, "\(predict.err)")
      return try predict.out.split(separator: "\n").map {
        try JSON(parsing: .init($0.utf8), named: "line")["labels"] ?? .null
      }
    }
    let alone = ["one": try labels("one"), "two": try labels("two")]
    for (index, both) in try labels("one", "two").enumerated() {
      for (name, rows) in alone {
        #expect(both[name]?["label"] == rows[index][name]?["label"], "\(name), \(index)")
        for (label, value) in rows[index][name]?["probabilities"]?.object ?? [:] {
          let found = both[name]?["probabilities"]?[label]?.number ?? .nan
          #expect(abs(found - (value.number ?? .nan)) < 1e-5, "\(name), \(index)")
        }
      }
    }
  }
}

@Test func `a classifier of pairs predicts pairs under the run's column names, and refuses single texts`() throws {
  try withProgram { program in
    let run = try program.run(["run", "classify.json", "training.epochs=1"] + pairs)
    #expect(run.status == 0, "\(run.err)")
    let file = program.folder + "/test.jsonl"
    let arguments = ["predict", "base", "--adapter", "A=run/adapter"]
    let own = try program.run(arguments + ["test.jsonl"])
    try writeFile(readText(file).replacing("\"second\"", with: "\"text_pair\""), to: program.folder + "/pairs.jsonl")
    let plain = try program.run(arguments + ["pairs.jsonl"])
    func labels(_ text: String) throws -> [JSON?] {
      try text.split(separator: "\n").map { try JSON(parsing: .init($0.utf8), named: "line")["labels"] }
    }
    #expect(try labels(own.out).count == 24 && labels(own.out) == labels(plain.out), "\(own.err)")
    let single = try program.run(arguments + ["-"], input: "a b c")
    #expect(single.status == 1 && single.err.contains("was trained on pairs"), "\(single.err)")
    let eval = try program.run(
      "eval", "base", "--adapter", "run/adapter", "test.jsonl", "--data", "text_pair_column=null")
    #expect(eval.status == 1 && eval.err.contains("was trained on pairs"), "\(eval.err)")
  }
}
