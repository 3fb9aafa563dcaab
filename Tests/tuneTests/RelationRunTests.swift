/// Runs of relation extraction: entities by marks, by spans and in the text as it is; eval, predict, merge.
import Files
import Foundation
import TestSupport
import Testing

/// Texts of letters. The label says whether subject and object stand next to each other, and if so which is first.
private func addRelations(to program: Program) throws {
  for (name, count, seed) in [("train", 90, 1), ("dev", 30, 2), ("test", 30, 3)] {
    let rows = (0..<count).map { row -> [String: JSON] in
      let filler = (0..<row % 4 + 1).map { "defg".map(String.init)[(row + $0 * seed) % 4] }.joined(separator: " ")
      let order = (row * 5 + seed) % 3, label = ["none", "before", "after"][order]
      let words = [["a", filler, "b"], ["a", "b", filler], ["b", "a", filler]][order]
      let text = words.joined(separator: " ")
      let dummies = words.map { $0 == "a" ? "@A$" : $0 == "b" ? "@B$" : $0 }.joined(separator: " ")
      let marked = words.map { $0 == "a" ? "[[ a ]]" : $0 == "b" ? "<< b >>" : $0 }.joined(separator: " ")
      func span(_ letter: Character) -> JSON {
        let start = Array(text).firstIndex(of: letter) ?? 0
        return [.int(start), .int(start + 1), .string(letter.uppercased())]
      }
      return [
        "text": .string(text), "dummies": .string(dummies), "marked": .string(marked), "label": .string(label),
        "head": span("a"), "tail": span("b"),
      ]
    }
    try writeFile(
      rows.map { JSON.object($0).text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/\(name).jsonl")
  }
  try writeFile(
    """
    {
      "seed": 3, "model": {"path": "base"},
      "task": {"type": "relation_extraction", "negative_label": "none"},
      "data": {"format": "jsonl", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"},
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"},
      "training": {"epochs": 10, "batch_size": 8, "learning_rate": 0.01}, "output": "run"
    }
    """, to: program.folder + "/relations.json")
}

func withRelations(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try addRelations(to: program)
  try body(program)
}

let relationSpans = ["data.subject_column=head", "data.object_column=tail"]
private let marks = [
  "data.text_column=marked", #"data.subject_marks=["[[ ", " ]]"]"#, #"data.object_marks=["<< ", " >>"]"#,
  "data.subject_type=A", "data.object_type=B",
]

@Test func `spans, marks and dummies in the text train the same weights`() throws {
  try withRelations { program in
    for (output, settings) in [("spans", relationSpans), ("marks", marks), ("text", ["data.text_column=dummies"])] {
      let run = try program.run(["run", "relations.json", "output=\(output)", "training.epochs=1"] + settings)
      #expect(run.status == 0, "\(run.err)")
    }
    let weights = try ["spans", "marks", "text"].map {
      try Data(contentsOf: URL(fileURLWithPath: program.folder + "/\($0)/adapter/adapter_model.safetensors"))
    }
    #expect(weights[0] == weights[1] && weights[0] == weights[2])
  }
}

@Test(arguments: [relationSpans, marks])
func `relations are learned, and eval, predict and the merged model repeat them`(_ settings: [String]) throws {
  try withRelations { program in
    let run = try program.run(["run", "relations.json"] + settings)
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    #expect((metrics?["f1_micro"]?.number ?? 0) > 0.9, "\(run.out)")
    #expect(metrics?["per_class"]?.object?.keys.sorted() == ["after", "before"] && metrics?["support"] == 20)
    #expect(try program.json("run/adapter/tune.json")["task"]?["negative_label"] == "none")
    let merge = try program.run("merge", "run", "--output", "merged")
    #expect(merge.status == 0, "\(merge.err)")
    let expected = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl"))
    for model in [["base", "--adapter", "run/adapter"], ["merged"]] {
      let eval = try program.run(["eval"] + model + ["test.jsonl", "--json"])
      let found = try JSON(parsing: .init(eval.out.utf8), named: "eval")
      #expect(found["f1_micro"] == metrics?["f1_micro"], "\(eval.err)")
      let predict = try program.run(["predict"] + model + ["test.jsonl"])
      let predicted = try jsonLines(predict.out)
      #expect(predicted.map { $0["labels"]?.object?.values.first?["label"] } == expected.map { $0["predicted"] })
      #expect(predicted[0]["head"] != nil && predicted[0]["marked"] != nil, "\(predict.err)")
    }
  }
}

@Test func `a line without entities, or with a span outside the text, has an error and the others an answer`() throws {
  try withRelations { program in
    #expect(try program.run(["run", "relations.json", "training.epochs=1"] + relationSpans).status == 0)
    let input = """
      {"text": "a b", "head": [0, 1], "tail": [2, 3]}
      {"text": "a b", "head": [0, 1], "tail": [2, 9]}
      a b
      """
    let predict = try program.run("predict", "run", "-", "--keep-going", input: input)
    let found = try jsonLines(predict.out)
    #expect(predict.status == 1 && found[0]["labels"] != nil)
    #expect(found[1]["error"]?.string?.contains("the span 2 to 9 in 'tail'") == true)
    #expect(found[2]["error"]?.string?.contains("without its two entities") == true)
  }
}

@Test(arguments: [
  (["data.subject_column=head"], "both subject_column and object_column"),
  (["data.subject_column=text", "data.object_column=tail"], "a column of its own"),
  (["task.entity_marking=markers"], "'data.subject_column' and 'data.object_column'"),
  (["data.subject_type=A"], "no value without columns or marks"),
  (["data.subject_marks=[\"a\"]", "data.object_marks=[\"b\", \"c\"]"], "two strings"),
  (relationSpans + ["data.subject_marks=[\"a\", \"b\"]"], "only one of the two"),
  (
    relationSpans + ["task.type=sequence_classification", "task.negative_label=null"],
    "only relation_extraction has entities"
  ),
  (relationSpans + ["task.negative_label=no"], "task.negative_label: no such label: no"),
]) func `keys of relations that do not fit are errors, and nothing is written`(
  _ settings: [String], _ message: String
) throws {
  try withRelations { program in
    let run = try program.run(["run", "relations.json"] + settings)
    #expect(run.status != 0 && run.err.contains(message), "\(run.err)")
    #expect(!fileExists(program.folder + "/run"))
  }
}
