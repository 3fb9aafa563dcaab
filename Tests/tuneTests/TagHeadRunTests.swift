/// Runs of token classification with a CRF, an LSTM and a scalar mix.
import Files
import Foundation
import TestSupport
import Testing

private func withProgram(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try body(program)
}

private let crf = ["task.decoder=crf"]
private let lstm = crf + ["task.lstm_hidden_size=8", "task.scalar_mix=true"]

/// The records of a CoNLL file with a tag in its last column, as JSON lines for `tune predict`.
private func words(_ file: String) throws -> String {
  try readText(file).split(separator: "\n\n").map { sentence in
    let words = sentence.split(separator: "\n").map { JSON.string(String($0.prefix(1))) }
    return JSON.object(["words": .array(words)]).text(pretty: false)
  }.joined(separator: "\n")
}

@Test(arguments: [(crf, 0.3), (lstm, 0.8), (["task.lstm_hidden_size=8", "task.label_smoothing=0.1"], 0.3)])
func `a head is learned, eval repeats its metrics, and predict its predictions`(_ head: [String], _ f1: Double) throws {
  try withProgram { program in
    let run = try program.run(["run", "recipe.json", "training.epochs=30"] + head)
    #expect(run.status == 0, "\(run.err)")
    let metrics = try program.json("run/result.json")["metrics"]?["test"]
    #expect((metrics?["f1"]?.number ?? 0) > f1, "\(run.out)")
    let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv", "--json")
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
    let expected = try jsonLines(readText(program.folder + "/run/predictions/test.jsonl"))
    let predict = try program.run(
      "predict", "base", "--adapter", "A=run/adapter", "--logits", "-", input: words(program.folder + "/test.tsv"))
    let found = try jsonLines(predict.out)
    for (key, member) in [("label", "predicted"), ("probability", "scores")] {
      let values = found.map { JSON.array(($0["tags"]?["A"]?.array ?? []).compactMap { $0[key] }) }
      #expect(values == expected.map { $0[member] ?? .null }, "\(predict.err)")
    }
    let window = found[0]["windows"]?["A"]?.array?[0]
    #expect(window?["rows"] == [1, 2, 3, 4] && window?["logits"]?.array?.count == 4)
    let card = try readText(program.folder + "/run/adapter/README.md")
    #expect(card.contains("transformers and PEFT load the weights without") && !card.contains("import torch"))
  }
}

@Test func `a merged model, a full one, and a run that continues answer alike`() throws {
  try withProgram { program in
    #expect(try program.run(["run", "recipe.json"] + lstm).status == 0)
    #expect(try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged").status == 0)
    let merged = try program.run("eval", "merged", "test.tsv", "--json")
    let expected = try program.json("run/result.json")["metrics"]?["test"]
    let found = try JSON(parsing: .init(merged.out.utf8), named: "eval")
    #expect(found["f1"] == expected?["f1"], "\(merged.err)")
    // The merged model as a base with a trained head, and its head for another.
    for settings in [lstm, []] {
      let again = try program.run(
        ["run", "recipe.json", "model.path=merged", "output=again", "--overwrite"] + settings)
      #expect(again.status == 0, "\(again.err)")
      #expect(again.err.contains("newly initialized") == settings.isEmpty, "\(again.out)\(again.err)")
    }
    try FileManager.default.removeItem(atPath: program.folder + "/merged/tune.json")
    let bare = try program.run("eval", "merged", "test.tsv")
    #expect(bare.status != 0 && bare.err.contains("have a CRF, an LSTM or a scalar mix"), "\(bare.err)")
    let full = try program.run(["run", "recipe.json", "method={\"type\":\"full\"}", "output=full"] + lstm)
    #expect(full.status == 0, "\(full.err)")
    let eval = try program.run("eval", "full/model", "test.tsv", "--json")
    #expect(
      try JSON(parsing: .init(eval.out.utf8), named: "eval") == program.json("full/result.json")["metrics"]?["test"])
  }
}

@Test(arguments: [
  #"{"type":"lora","rank":4}"#, #"{"type":"head"}"#, #"{"type":"prompt","num_virtual_tokens":3}"#,
  #"{"type":"pfeiffer"}"#,
])
func `an interrupted run resumes to the same bytes, also over cached states`(_ method: String) throws {
  try withProgram { program in
    let cache = method.contains("head") ? ["training.cache_hidden_states=on"] : []
    let run = ["run", "recipe.json", "method=\(method)", "training.epochs=25"] + lstm + cache
    let whole = try program.run(run + ["output=whole", "--threads", "2"])
    #expect(whole.status == 0, "\(whole.err)")
    try program.interrupt(run + ["output=cut"])
    let resumed = try program.run(run + ["output=cut", "--resume", "--threads", "1"])
    #expect(resumed.status == 0, "\(resumed.err)")
    let files = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/whole/adapter")
    for file in files where file.hasSuffix(".safetensors") {
      let found = try ["whole", "cut"].map { try readFile("\(program.folder)/\($0)/adapter/\(file)") }
      #expect(found[0] == found[1], "\(file)")
    }
    let eval = try program.run("eval", "base", "--adapter", "cut/adapter", "test.tsv", "--json")
    let metrics = try program.json("whole/result.json")["metrics"]?["test"]
    #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
  }
}

@Test func `a document in many windows loses no word, and its tags are chosen together`() throws {
  try withProgram { program in
    #expect(try program.run(["run", "recipe.json", "training.epochs=30"] + lstm).status == 0)
    let letters = (0..<20_000).map { ["a", "b", "c", "d", "e"][$0 * 7 % 5] }
    let text = letters.joined(separator: " ")
    let predict = try program.run(
      "predict", "base", "--adapter", "A=run/adapter", "-",
      input: JSON.object(["text": .string(text)]).text(pretty: false))
    let entities = try jsonLines(predict.out)[0]["entities"]?["A"]?.array ?? []
    #expect(entities.count > 6_000, "\(entities.count) \(predict.err)")
    let wrong = entities.count { entity in
      let start = entity["start"]?.int ?? -1
      return start % 2 != 0 || letters[start / 2] != entity["text"]?.string
    }
    #expect(wrong == 0)
    let words = try program.run(
      "predict", "base", "--adapter", "A=run/adapter", "-",
      input: JSON.object(["words": .array(letters.map(JSON.string))]).text(pretty: false))
    let tags = try jsonLines(words.out)[0]["tags"]?["A"]?.array ?? []
    #expect(tags.count == letters.count, "\(words.err)")
  }
}

@Suite struct TagHeadDistillationTests {
  @Test(arguments: [(crf, crf), (crf, lstm), ([], crf), (crf, []), (lstm, lstm), (lstm, crf)])
  func `teachers with any head teach students with any other, by their emissions`(
    _ teacher: [String], _ student: [String]
  ) throws {
    try withProgram { program in
      #expect(try program.run(["run", "recipe.json", "output=teacher"] + teacher).status == 0)
      for (name, more) in [
        ("live", [String]()), ("cached", ["distillation.cache=teacher-cache"]), ("all", ["distillation.kl_tokens=all"]),
      ] {
        let run = try program.run(
          [
            "run", "recipe.json", #"distillation={"teachers":{"path":"base","adapter":"teacher/adapter"}}"#,
            "output=\(name)",
          ] + student + more)
        #expect(run.status == 0, "\(run.err)")
        let metrics = try program.json("\(name)/result.json")["metrics"]?["test"]
        let eval = try program.run("eval", "base", "--adapter", "\(name)/adapter", "test.tsv", "--json")
        #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == metrics, "\(eval.err)")
      }
    }
  }

  @Test func `a teacher whose LSTM reads words is refused for a student that reads tokens`() throws {
    try withProgram { program in
      #expect(try program.run(["run", "recipe.json", "output=teacher"] + lstm).status == 0)
      let run = try program.run(
        "run", "recipe.json", #"distillation={"teachers":{"path":"base","adapter":"teacher/adapter"}}"#)
      #expect(run.status != 0 && run.err.contains("has an LSTM, which reads words"), "\(run.err)")
    }
  }
}

@Test func `adapters with different heads answer together`() throws {
  try withProgram { program in
    #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
    #expect(try program.run(["run", "recipe.json", "training.epochs=1", "output=crf"] + crf).status == 0)
    let both = try program.run(
      "predict", "base", "--adapter", "a=run/adapter", "--adapter", "b=crf/adapter", "-", input: "a b\n")
    let rows = try ["a=run/adapter", "b=crf/adapter"].map { adapter in
      try jsonLines(program.run("predict", "base", "--adapter", adapter, "-", input: "a b\n").out)[0]["entities"]?
        .object ?? [:]
    }
    #expect(try jsonLines(both.out)[0]["entities"]?.object == rows[0].merging(rows[1]) { $1 }, "\(both.err)")
  }
}

@Test func `settings that a CRF does not have are refused`() throws {
  try withProgram { program in
    for (setting, expected) in [
      ("task.label_smoothing=0.1", "no value with decoder \"crf\""),
      ("task.class_weights.O=2", "no value with decoder \"crf\""),
      ("task.lstm_layers=2", "task.lstm_hidden_size"), ("task.lstm_hidden_size=5000", "4096"),
    ] {
      let run = try program.run(["run", "recipe.json", "output=x", setting] + (setting.contains("lstm") ? [] : crf))
      #expect(run.status != 0 && run.err.contains(expected), "\(run.err)")
    }
  }
}
