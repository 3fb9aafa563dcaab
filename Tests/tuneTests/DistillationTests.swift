/// Distillation through the program: every kind of teacher, the cache, the card, and runs that are taken up again.
import Files
import Foundation
import Testing

@Suite struct DistillationTests {
  private let bench: Pretraining
  private var program: Program { bench.program }

  /// Two tagging teachers: a folder, and an adapter over the base.
  init() throws {
    bench = try Pretraining()
    try program.run("run", "recipe.json", "output=full", #"method={"type":"full"}"#, "training.learning_rate=1e-3")
    try program.run("run", "recipe.json", "output=lora")
  }

  private let folder = #""full/model""#
  private let adapted = #"{"path": "base", "adapter": "lora/adapter"}"#

  /// A student of one layer of the base, which has other labels: its head is new.
  private func distil(_ teachers: String, _ output: String, _ more: String...) throws -> Program.Result {
    try program.run(
      [
        "run", "recipe.json", #"model={"path": "base", "layers": "alternate"}"#, #"method={"type":"full"}"#,
        "distillation.teachers=\(teachers)", "output=\(output)", "training.learning_rate=1e-3",
      ] + more)
  }

  private func bytes(_ run: String) throws -> Data { try readFile("\(program.folder)/\(run)/model/model.safetensors") }

  @Test func `a tagger learns of a folder, of an adapter, and of both`() throws {
    defer { program.remove() }
    for (name, teachers) in [("one", folder), ("two", adapted), ("both", "[\(folder), \(adapted)]")] {
      let run = try distil(
        teachers, name, "distillation.hidden_weight=1", "distillation.relation_weight=1",
        "distillation.attention_weight=0.1")
      #expect(run.status == 0 && run.out.contains("test: precision"), "\(run.err)")
      let line = try readText("\(program.folder)/\(name)/metrics.jsonl").split(separator: "\n")[0]
      let terms = try JSON(parsing: .init(line.utf8), named: "line")["loss_terms"]?.object ?? [:]
      #expect(Set(terms.keys) == ["kl", "task", "hidden", "attention", "relation"])
    }
    #expect(try Set([bytes("one"), bytes("two"), bytes("both")]).count == 3)
    let card = try readText(program.folder + "/both/model/README.md")
    for words in [
      "| teachers | full/model, base with lora/adapter |", "| loss | kl 0.5, task 0.5, ", "- distillation",
    ] {
      #expect(card.contains(words), "\(card)")
    }
    let eval = try program.run("eval", "both/model", "test.tsv", "--json")
    let (score, wanted) = (try JSON(parsing: .init(eval.out.utf8), named: "e"), try program.json("both/result.json"))
    #expect(score == wanted["metrics"]?["test"])
  }

  @Test func `answers are kept for other runs, of other students too, and a checked recipe writes none`() throws {
    defer { program.remove() }
    let cache = "distillation.cache=answers", all = "distillation.cache_top_k=5"
    let check = try program.run(
      "validate", "recipe.json", #"method={"type":"full"}"#, "distillation.teachers=\(folder)", cache)
    #expect(check.status == 0 && !fileExists(program.folder + "/answers"), "\(check.err)")
    let first = try distil(folder, "first", cache, all), again = try distil(folder, "again", cache, all)
    #expect(first.err.contains("is to be made") && again.err.contains("is there"), "\(first.err) \(again.err)")
    #expect(try bytes("first") == bytes("again"))
    let other = try distil(
      folder, "other", cache, all, "distillation.kl_weight=1", "training.epochs=1", "model.layers=[1]")
    #expect(other.err.contains("is there"), "\(other.err)")
    for change in [
      "precision=bf16", "distillation.temperature=3", "distillation.teachers=\(adapted)", "data.max_length=12",
    ] {
      #expect(try distil(folder, "changed", cache, all, change, "--overwrite").err.contains("is to be made"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder + "/answers").count == 5)
  }

  /// The end of a run that was stopped on the way and resumed, and of one that was not.
  private func interrupted(_ arguments: [String]) throws -> (whole: Data, cut: Data) {
    let whole = try program.run(["run"] + arguments + ["output=whole"])
    #expect(whole.status == 0, "\(whole.err)")
    try program.interrupt(["run"] + arguments + ["output=cut"])
    if arguments.contains(where: { $0.contains("teachers") }) {
      let config = program.folder + "/full/model/config.json", before = try readText(config)
      try writeFile(before.replacing("1e-12", with: "1e-9"), to: config)
      #expect(try readText(config) != before)
      let changed = try program.run(["run"] + arguments + ["output=cut", "--resume"])
      #expect(changed.status == 1 && changed.err.contains("a teacher"), "\(changed.err)")
      try writeFile(before, to: config)
    }
    let resumed = try program.run(["run"] + arguments + ["output=cut", "--resume"])
    #expect(resumed.status == 0, "\(resumed.err)")
    return (try bytes("whole"), try bytes("cut"))
  }

  @Test(arguments: [
    ["mlm.json", "training.epochs=30"],
    [
      "recipe.json", "training.epochs=30", #"method={"type":"full"}"#, "training.learning_rate=1e-3",
      #"model={"init":"random","tokenizer":"base","config":{"hidden_size":16,"num_hidden_layers":2,"#
        + #""num_attention_heads":4,"intermediate_size":32,"max_position_embeddings":48}}"#,
      #"distillation={"teachers":"full/model","hidden_weight":1,"relation_weight":1}"#,
    ],
    [
      "recipe.json", "training.epochs=40", #"method={"type":"full"}"#, "training.learning_rate=1e-3",
      #"distillation={"teachers":"full/model","cache":"answers"}"#,
    ],
  ])
  func `an interrupted run ends as if it had not been, and refuses another teacher`(_ arguments: [String]) throws {
    defer { program.remove() }
    let ends = try interrupted(arguments)
    #expect(ends.whole == ends.cut)
  }

  @Test func `a DistilBERT learns DistilBERT's way of the model whose layers it has`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "output=teacher")
    let run = try program.run(
      "run", "mlm.json", "output=student", "task.masking=static",
      #"model={"path": "teacher/model", "layers": "alternate", "family": "distilbert"}"#,
      #"distillation={"teachers": "teacher/model"}"#, "--threads", "2")
    #expect(run.status == 0 && !run.err.contains("new weights"), "\(run.err)")
    #expect(try bench.evaluate("student/model") == bench.result("student"))
    let card = try readText(program.folder + "/student/model/README.md")
    #expect(card.contains("| teachers | teacher/model |") && card.contains("| loss | kl 5.0, task 2.0, cosine 1.0 |"))
  }
}
