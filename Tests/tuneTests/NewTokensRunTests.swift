/// Runs with new tokens: with every method, over WordPiece and byte-level BPE, resumed, merged, distilled.
import Files
import Foundation
import TestSupport
import Testing

private let newTokens = #"model.new_tokens=["@A$", "@B$"]"#

private func metrics(_ program: Program, _ run: String) throws -> JSON? {
  try program.json("\(run)/result.json")["metrics"]?["test"]
}

@Test(arguments: [
  #"{"type":"full"}"#, #"{"type":"ia3"}"#, #"{"type":"vera","rank":8}"#, #"{"type":"layer_norm"}"#,
  #"{"type":"bitfit"}"#, #"{"type":"head"}"#, #"{"type":"houlsby"}"#, #"{"type":"pfeiffer"}"#,
  #"{"type":"prompt","num_virtual_tokens":4}"#, #"{"type":"prefix","num_virtual_tokens":4}"#,
  #"{"type":"adalora","init_r":4,"target_r":2}"#, #"{"type":"lora","rank":2,"use_dora":true,"bias":"all"}"#,
  #"{"type":"trainable_tokens"}"#,
])
func `every method trains new tokens, and eval repeats its metrics`(_ method: String) throws {
  try withRelations { program in
    let run = try program.run(
      ["run", "relations.json", "method=\(method)", "training.epochs=2", "data.text_column=dummies", newTokens])
    #expect(run.status == 0, "\(run.err)")
    let expected = try metrics(program, "run")
    let model = method.contains("full") ? ["run/model"] : ["base", "--adapter", "run/adapter"]
    let eval = try program.run(["eval"] + model + ["test.jsonl", "--json"])
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == expected, "\(eval.err)")
    let folder = program.folder + (method.contains("full") ? "/run/model" : "/run/adapter")
    let tokens = try program.run("tokenize", folder, "-", "--json", input: "a @A$ b@B$\n")
    #expect(tokens.out.contains("60") && tokens.out.contains("61"), "\(tokens.out)")
    let config = try program.json(method.contains("full") ? "run/model/config.json" : "run/adapter/adapter_config.json")
    if method.contains("full") {
      #expect(config["vocab_size"] == 62)
    } else if method.contains("lora") {
      #expect(config["trainable_token_indices"] == [60, 61])
    }
  }
}

@Test func `markers are new tokens that a run learns, resumes with, and merges into the vocabulary`() throws {
  try withRelations { program in
    let settings = ["run", "relations.json", "task.entity_marking=markers"] + relationSpans
    let run = try program.run(settings)
    #expect(run.status == 0, "\(run.err)")
    #expect((try metrics(program, "run")?["f1_micro"]?.number ?? 0) > 0.9, "\(run.out)")
    #expect(!run.err.contains("not seen in training"), "\(run.err)")
    let rows = try readText(program.folder + "/test.jsonl").replacing(#""A"]"#, with: #""Z"]"#)
    try writeFile(rows, to: program.folder + "/other.jsonl")
    let other = try program.run("eval", "run", "other.jsonl")
    #expect(other.err.contains("<S:Z> (30); the first is other.jsonl:1"), "\(other.err)")
    let cut = settings + ["output=cut", "training.epochs=60"]
    try program.interrupt(cut)
    let resumed = try program.run(cut + ["--resume"])
    #expect(resumed.status == 0, "\(resumed.err)")
    #expect(try program.run(settings + ["output=whole", "training.epochs=60"]).status == 0)
    let weights = try ["whole", "cut"].map {
      try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors")
    }
    #expect(weights[0] == weights[1])
    #expect(try program.run("merge", "run", "--output", "merged").status == 0)
    #expect(try program.json("merged/config.json")["vocab_size"] == 64)
    let expected = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl")).map { $0["predicted"] }
    for model in [["base", "--adapter", "run/adapter"], ["merged"], ["run"]] {
      let predict = try program.run(["predict"] + model + ["test.jsonl"])
      let found = try jsonLines(predict.out).map { $0["labels"]?.object?.values.first?["label"] }
      #expect(found == expected, "\(model): \(predict.err)")
    }
    let card = try readText(program.folder + "/run/adapter/README.md")
    #expect(card.contains("resize_token_embeddings") && card.contains("AutoTokenizer.from_pretrained(ADAPTER)"))
  }
}

@Test func `two adapters with other new tokens answer over one base, and one teaches a student with the same`() throws {
  try withRelations { program in
    let markers = ["run", "relations.json", "training.epochs=2", "task.entity_marking=markers"] + relationSpans
    #expect(try program.run(markers + ["output=a"]).status == 0)
    #expect(try program.run(markers + ["output=b", #"model.new_tokens=["zz", "</O:B>"]"#]).status == 0)
    let single = try ["a", "b"].map { name in
      try jsonLines(program.run("predict", "base", "--adapter", "x=\(name)", "test.jsonl").out).map {
        $0["labels"]?["x"]
      }
    }
    let both = try program.run("predict", "base", "--adapter", "a=a", "--adapter", "b=b", "test.jsonl")
    let rows = try jsonLines(both.out)
    #expect(rows.map { $0["labels"]?["a"] } == single[0] && rows.map { $0["labels"]?["b"] } == single[1], "\(both.err)")
    let student = try program.run(
      markers + ["output=s", #"distillation={"teachers": {"path": "base", "adapter": "a/adapter"}}"#])
    #expect(student.status == 0, "\(student.err)")
    let other = try program.run(
      markers + ["output=t", #"distillation={"teachers": {"path": "base", "adapter": "b/adapter"}}"#])
    #expect(other.status != 0 && other.err.contains("tokenizer"), "\(other.err)")
  }
}

@Test func `states cannot be cached below new tokens, and what trains nothing is an error`() throws {
  try withRelations { program in
    let text = ["run", "relations.json", "data.text_column=dummies"]
    let cached = try program.run(
      text + [newTokens, #"method={"type":"head"}"#, "training.cache_hidden_states=on", "model.dropout=0"])
    #expect(cached.status != 0 && cached.err.contains("no new tokens, which are below all layers"), "\(cached.err)")
    let auto = try program.run(text + [newTokens, #"method={"type":"head"}"#, "training.epochs=1", "output=auto"])
    #expect(auto.status == 0 && !auto.err.contains("are cached in"), "\(auto.err)")
    let nothing = try program.run(text + [#"method={"type":"trainable_tokens"}"#])
    #expect(nothing.status != 0 && nothing.err.contains("'model.new_tokens', which names none"), "\(nothing.err)")
    let double = try program.run(text + [#"model.new_tokens=["a", "a"]"#])
    #expect(double.status != 0 && double.err.contains("distinct tokens"), "\(double.err)")
  }
}

@Test(arguments: [#"{"type":"full"}"#, #"{"type":"lora","rank":2}"#])
func `a masked language model learns new tokens, which its tied decoder predicts`(_ method: String) throws {
  let setup = try Pretraining(), program = setup.program
  defer { program.remove() }
  #expect(try program.run("run", "mlm.json", "output=base2").status == 0)
  let run = try program.run(
    "run", "mlm.json", "model={\"path\": \"base2/model\", \"new_tokens\": [\"qq\", \"a\"]}", "method=\(method)",
    "training.learning_rate=0.01")
  #expect(run.status == 0, "\(run.err)")
  let model = method.contains("full") ? ["run/model"] : ["base2/model", "--adapter", "run/adapter"]
  let eval = try program.run(["eval"] + model + ["dev.txt", "--json"])
  let expected = try setup.result("run")
  #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == expected, "\(eval.err)")
}

@Test(arguments: [("roberta", 3), ("modernbert", 4)])
func `markers are new tokens of a byte-level BPE base, and the merged model repeats the answers`(
  _ family: String, _ tokenizer: Int
) throws {
  let program = try pretrained(family, tokenizer: tokenizer).program
  defer { program.remove() }
  let rows = (0..<40).map { row -> JSON in
    let isFirst = row % 3 == 0, filler = ["was", "with", "mg"][row % 4 % 3]
    let text = isFirst ? "patient \(filler) treated" : "treated \(filler) patient"
    func span(_ word: String) -> JSON {
      let start = text.hasPrefix(word) ? 0 : text.count - word.count
      return ["start": .int(start), "end": .int(start + word.count), "type": .string(word == "patient" ? "P" : "T")]
    }
    return [
      "text": .string(text), "label": isFirst ? "yes" : "no", "head": span("patient"), "tail": span("treated"),
    ]
  }
  try writeFile(rows.map { $0.text(pretty: false) }.joined(separator: "\n"), to: program.folder + "/train.jsonl")
  try writeFile(
    """
    {
      "model": {"path": "run/model"}, "task": {"type": "relation_extraction", "entity_marking": "markers"},
      "data": {"format": "jsonl", "train": "train.jsonl", "subject_column": "head", "object_column": "tail"},
      "method": {"type": "lora", "rank": 2}, "training": {"epochs": 2, "learning_rate": 0.01}, "output": "re"
    }
    """, to: program.folder + "/re.json")
  let run = try program.run("run", "re.json")
  #expect(run.status == 0, "\(run.err)")
  #expect(try program.run("merge", "re", "--output", "merged").status == 0)
  let answers = try ["re", "merged"].map { model in
    try jsonLines(program.run("predict", model, "train.jsonl").out).map {
      $0["labels"]?.object?.values.first?["label"]
    }
  }
  #expect(answers[0] == answers[1] && answers[0].count == 40 && answers[0][0] != nil)
  let tokens = try program.run("tokenize", "re/adapter", "-", input: "<S:P> patient </S:P>\n")
  #expect(tokens.out.contains("<S:P>") && tokens.out.contains("</S:P>"), "\(tokens.out)")
}
