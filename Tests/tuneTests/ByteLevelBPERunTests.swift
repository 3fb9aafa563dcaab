/// Runs over bases with a byte-level BPE tokenizer: RoBERTa and ModernBERT, pre-trained from random weights and fine-tuned.
import Files
import Foundation
import TestSupport
import Testing

/// A folder of Tests/Fixtures/bpe/golden.json.
private func writeTokenizer(_ index: Int, family: String, to path: String) throws {
  let golden = try JSON(path: fixture("bpe/golden.json")).array?[index]["files"]?.object ?? [:]
  try makeFolder(path)
  for (name, text) in golden { try writeFile(text.string ?? "", to: "\(path)/\(name)") }
  try writeFile(JSON.object(["model_type": .string(family)]).text(), to: path + "/config.json")
}

/// Sentences of words that are one token after a space, of which two are entities.
private func corpus(_ count: Int, _ seed: Int) -> String {
  let tags = ["patient": "B-A", "treated": "B-B"], words = ["the", "patient", "treated", "was", "with", "mg", "and"]
  return (0..<count).map { sentence in
    (0..<4 + sentence % 9).map { position in
      let word = words[(sentence * sentence * 31 + position * position * 5 + sentence * position * 3 + seed) % 7]
      return "\(word)\t\(tags[word] ?? "O")\n"
    }.joined()
  }.joined(separator: "\n")
}

/// A program whose folder `run/model` is a base that was pre-trained with random initial weights.
func pretrained(_ family: String, tokenizer: Int) throws -> Pretraining {
  let setup = try Pretraining(), program = setup.program
  try writeTokenizer(tokenizer, family: family, to: program.folder + "/tok")
  let config =
    #"{"hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":48,"initializer_range":0.1}"#
  let run = try program.run(
    "run", "mlm.json", #"model={"init":"random","tokenizer":"tok","family":"\#(family)","config":\#(config)}"#,
    "task.whole_word_mask=true")
  #expect(run.status == 0, "\(run.err)")
  #expect(try setup.evaluate("run/model") == setup.result("run"))
  for (name, count, seed) in [("train", 60, 1), ("dev", 20, 2), ("test", 20, 3)] {
    try writeFile(corpus(count, seed), to: "\(program.folder)/\(name).tsv")
  }
  return setup
}

@Test(arguments: [("roberta", 0), ("roberta", 3), ("modernbert", 4)])
func `a base with byte-level BPE is pre-trained and fine-tuned, and eval and predict repeat the run`(
  family: String, tokenizer: Int
) throws {
  let program = try pretrained(family, tokenizer: tokenizer).program
  defer { program.remove() }
  let text = "The patient's b <mask> naïve [MASK] c\n"
  let tokens = try ["tok", "run/model"].map { try program.run("tokenize", $0, "-", "--json", input: text) }
  #expect(tokens[0].out == tokens[1].out && tokens[1].status == 0, "\(tokens[1].err)")

  let run = try program.run(
    "run", "recipe.json", "model.path=run/model", "model.add_prefix_space=true", "output=ner", "training.epochs=20")
  #expect(run.status == 0 && !run.err.contains("add_prefix_space"), "\(run.err)")
  let metrics = try program.json("ner/result.json")["metrics"]?["test"]
  #expect((metrics?["f1"]?.number ?? 0) > 0.8, "\(run.out)")
  #expect(try program.json("ner/adapter/tune.json")["tokenizer"]?["add_prefix_space"] == true)
  let eval = try program.run("eval", "run/model", "--adapter", "ner/adapter", "test.tsv", "--json")
  #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")

  let inputs = try readText(program.folder + "/test.tsv").components(separatedBy: "\n\n").map { sentence -> JSON in
    ["words": .array(sentence.split(separator: "\n").map { .string(String($0.prefix { $0 != "\t" })) })]
  }
  let expected = try jsonLines(readText(program.folder + "/ner/predictions/test.jsonl")).map { $0["predicted"] }
  func predict(_ inputs: [JSON]) throws -> [JSON] {
    let input = inputs.map { $0.text(pretty: false) + "\n" }.joined()
    let predict = try program.run("predict", "run/model", "--adapter", "ner/adapter", "-", input: input)
    #expect(predict.status == 0, "\(predict.err)")
    return try jsonLines(predict.out)
  }
  let predicted = try predict(inputs)
  #expect(predicted.count == expected.count && expected.count == 20)
  // The same words in a text have the same entities, at their offsets.
  let texts = inputs.map { ($0["words"]?.array ?? []).compactMap(\.string).joined(separator: " ") }
  let ofTexts = try predict(texts.map { ["text": .string($0)] })
  #expect(predicted.contains { $0["entities"]?["adapter"]?.array?.isEmpty == false })
  for (index, line) in predicted.enumerated() {
    #expect(line["tags"]?["adapter"]?.array?.map { $0["label"] } == expected[index]?.array, "\(line)")
    func entities(_ line: JSON) -> [[JSON?]] {
      (line["entities"]?["adapter"]?.array ?? []).map { [$0["label"], $0["text"], $0["probability"]] }
    }
    #expect(entities(ofTexts[index]) == entities(line), "\(ofTexts[index])")
  }

  let merge = try program.run("merge", "run/model", "--adapter", "ner/adapter", "--output", "merged")
  #expect(merge.status == 0, "\(merge.err)")
  let merged = try program.run("eval", "merged", "test.tsv", "--json")
  #expect(try JSON(parsing: .init(merged.out.utf8), named: "eval")["f1"] == metrics?["f1"], "\(merged.err)")
  #expect(try program.json("merged/tokenizer_config.json")["add_prefix_space"] == true)
}

@Test(arguments: [("roberta", 0), ("modernbert", 4)])
func `pairs are classified with the family's template, also in windows`(family: String, tokenizer: Int) throws {
  let program = try pretrained(family, tokenizer: tokenizer).program
  defer { program.remove() }
  for (name, count, seed) in [("train", 60, 1), ("dev", 24, 2)] {
    let rows = (0..<count).map { row -> String in
      let first = (0..<row % 9 + 1).map { "adefg".map(String.init)[(row + $0 * seed) % 5] }.joined(separator: " ")
      let object: JSON = [
        "text": .string(first), "text_pair": .string(row % 2 == 0 ? "b " + first : "c " + first),
        "label": row % 2 == 0 ? "B" : "C",
      ]
      return object.text(pretty: false) + "\n"
    }
    try writeFile(rows.joined(), to: "\(program.folder)/\(name).jsonl")
  }
  let data = #"{"format":"jsonl","train":"train.jsonl","dev":"dev.jsonl","text_pair_column":"text_pair"}"#
  for task in [#"{"type":"sequence_classification"}"#, #"{"type":"sequence_classification","long_text":"mean"}"#] {
    let run = try program.run(
      "run", "recipe.json", "model.path=run/model", "task=\(task)", "data=\(data)", "data.max_length=24",
      #"method={"type":"full"}"#, "output=pairs", "training.epochs=20", "training.learning_rate=0.003", "--overwrite")
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("pairs/result.json")["metrics"]?["dev"]
    #expect((metrics?["accuracy"]?.number ?? 0) > 0.9, "\(run.out)")
    let eval = try program.run("eval", "pairs/model", "dev.jsonl", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let predict = try program.run("predict", "pairs/model", "dev.jsonl")
    let predicted = try jsonLines(predict.out).map { $0["labels"]?["base"]?["label"] }
    let expected = try jsonLines(readText(program.folder + "/pairs/predictions/dev.jsonl")).map { $0["predicted"] }
    #expect(predicted == expected && predicted.count == 24, "\(predict.err)")
  }
}

@Test func `settings and commands that byte-level BPE does not have are errors, and glued words a note`() throws {
  let program = try pretrained("roberta", tokenizer: 0).program
  defer { program.remove() }
  let lower = try program.run("run", "recipe.json", "model.path=run/model", "model.lowercase=true", "output=x")
  #expect(lower.status == 1 && lower.err.contains("byte-level BPE, which keeps case"), "\(lower.err)")
  let prefix = try program.run("run", "recipe.json", "model.add_prefix_space=true", "output=x")
  #expect(prefix.status == 1 && prefix.err.contains("the tokenizer is WordPiece"), "\(prefix.err)")
  let glued = try program.run("run", "recipe.json", "model.path=run/model", "output=glued", "training.epochs=1")
  #expect(glued.status == 0 && glued.err.contains("set model.add_prefix_space to true"), "\(glued.err)")
  for arguments in [
    ["trim", "run/model", "--text", "train.txt", "--size", "300", "--output", "small"],
    ["stats", "train.txt", "--vocabulary", "run/model"],
  ] {
    let result = try program.run(["tokenizer"] + arguments)
    #expect(result.status == 1 && result.err.contains("the model is BPE; expected WordPiece"), "\(result.err)")
  }
}
