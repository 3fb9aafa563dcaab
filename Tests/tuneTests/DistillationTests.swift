/// Distillation with the program: teacher types, the teacher cache, the model card, and resumed runs.
import Files
import Foundation
import Testing

@Suite struct DistillationTests {
  private let setup: Pretraining
  private var program: Program { setup.program }

  /// Two tagging teachers: a folder, and an adapter over the base.
  init() throws {
    setup = try Pretraining()
    try program.run("run", "recipe.json", "output=full", #"method={"type":"full"}"#, "training.learning_rate=1e-3")
    try program.run("run", "recipe.json", "output=lora")
  }

  private let modelTeacher = #""full/model""#
  private let adapterTeacher = #"{"path": "base", "adapter": "lora/adapter"}"#

  /// Trains a student with one layer of the base. Its head is newly initialized, because the base has other labels.
  private func distil(_ teachers: String, _ output: String, _ more: String...) throws -> Program.Result {
    try program.run(
      [
        "run", "recipe.json", #"model={"path": "base", "layers": "alternate"}"#, #"method={"type":"full"}"#,
        "distillation.teachers=\(teachers)", "output=\(output)", "training.learning_rate=1e-3",
      ] + more)
  }

  private func bytes(_ run: String) throws -> Data { try readFile("\(program.folder)/\(run)/model/model.safetensors") }

  @Test func `a tagger is distilled from a model, from an adapter, and from both`() throws {
    defer { program.remove() }
    for (name, teachers) in [
      ("one", modelTeacher), ("two", adapterTeacher), ("both", "[\(modelTeacher), \(adapterTeacher)]"),
    ] {
      let run = try distil(
        teachers, name, "distillation.hidden_weight=1", "distillation.relation_weight=1",
        "distillation.attention_weight=0.1")
      #expect(run.status == 0 && run.out.contains("test: f1"), "\(run.err)")
      let line = try readText("\(program.folder)/\(name)/metrics.jsonl").split(separator: "\n")[0]
      let terms = try JSON(parsing: .init(line.utf8), named: "line")["loss_terms"]?.object ?? [:]
      #expect(Set(terms.keys) == ["kl", "task", "hidden", "attention", "relation"])
    }
    #expect(try Set([bytes("one"), bytes("two"), bytes("both")]).count == 3)
    let card = try readText(program.folder + "/both/model/README.md")
    for text in [
      "| teachers | full/model, base with lora/adapter |", "| loss | kl 0.5, task 0.5, ", "- distillation",
    ] {
      #expect(card.contains(text), "\(card)")
    }
    let eval = try program.run("eval", "both/model", "test.tsv", "--json")
    let (score, result) = (try JSON(parsing: .init(eval.out.utf8), named: "e"), try program.json("both/result.json"))
    #expect(score == result["metrics"]?["test"])
  }

  @Test func `teachers in int8 teach nearly as in fp32, from a folder and from an adapter`() throws {
    defer { program.remove() }
    for (name, teacher) in [("model", modelTeacher), ("adapter", adapterTeacher)] {
      let terms = try ["fp32", "int8"].map { precision in
        let run = try distil(
          teacher, "\(name)-\(precision)", "distillation.precision=\(precision)", "distillation.hidden_weight=1",
          "distillation.relation_weight=1")
        #expect(run.status == 0, "\(run.err)")
        let line = try readText("\(program.folder)/\(name)-\(precision)/metrics.jsonl").split(separator: "\n")[0]
        return try JSON(parsing: .init(line.utf8), named: "line")["loss_terms"]?.object ?? [:]
      }
      for term in ["kl", "hidden", "relation"] {
        let exact = terms[0][term]?.number ?? .nan, quantized = terms[1][term]?.number ?? .nan
        #expect(exact != quantized && abs(quantized - exact) < 0.02 * exact, "\(term): \(exact) \(quantized)")
      }
    }
    let card = try readText(program.folder + "/model-int8/model/README.md")
    #expect(card.contains("| teachers | full/model; in int8 |"))
  }

  @Test func `a teacher cache that is kept is shared by runs and students, and validate does not create it`() throws {
    defer { program.remove() }
    let cache = "distillation.cache=cache", allClasses = "distillation.cache_top_k=5", kept = "training.keep_cache=true"
    let check = try program.run(
      "validate", "recipe.json", #"method={"type":"full"}"#, "distillation.teachers=\(modelTeacher)", cache)
    #expect(check.status == 0 && !fileExists(program.folder + "/cache"), "\(check.err)")
    let first = try distil(modelTeacher, "first", cache, kept, allClasses)
    let again = try distil(modelTeacher, "again", cache, kept, allClasses)
    #expect(first.err.contains("(new file") && again.err.contains("(existing file"), "\(first.err) \(again.err)")
    #expect(try bytes("first") == bytes("again"))
    let other = try distil(
      modelTeacher, "other", cache, kept, allClasses, "distillation.kl_weight=1", "training.epochs=1",
      "model.layers=[1]")
    #expect(other.err.contains("(existing file"), "\(other.err)")
    for change in [
      "precision=bf16", "distillation.precision=int8", "distillation.temperature=3",
      "distillation.teachers=\(adapterTeacher)", "data.max_length=12",
    ] {
      #expect(
        try distil(modelTeacher, "changed", cache, kept, allClasses, change, "--overwrite").err.contains("(new file"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder + "/cache").count == 6)
    // The student's own precision changes nothing for a teacher in int8.
    let bf16 = try distil(
      modelTeacher, "changed", cache, kept, allClasses, "distillation.precision=int8", "precision=bf16", "--overwrite")
    #expect(bf16.err.contains("(existing file"), "\(bf16.err)")
    // Another tokenizer makes other sequences of the same data, also where their number is the same.
    for folder in ["base", "full/model"] {
      let file = "\(program.folder)/\(folder)/vocab.txt", lines = try readText(file).split(separator: "\n")
      try writeFile((lines.dropLast(2) + lines.suffix(2).reversed()).joined(separator: "\n") + "\n", to: file)
      try? FileManager.default.removeItem(atPath: "\(program.folder)/\(folder)/tokenizer.json")
    }
    #expect(try distil(modelTeacher, "changed", cache, kept, allClasses, "--overwrite").err.contains("(new file"))
  }

  /// The weights of an uninterrupted run, and of one that was interrupted and resumed.
  private func uninterruptedAndResumed(_ arguments: [String]) throws -> (whole: Data, resumed: Data) {
    let whole = try program.run(["run"] + arguments + ["output=whole"])
    #expect(whole.status == 0, "\(whole.err)")
    try program.interrupt(["run"] + arguments + ["output=cut"])
    if arguments.contains(where: { $0.contains("teachers") }) {
      let config = program.folder + "/full/model/config.json", before = try readText(config)
      try writeFile(before.replacing("1e-12", with: "1e-9"), to: config)
      #expect(try readText(config) != before)
      let changed = try program.run(["run"] + arguments + ["output=cut", "--resume"])
      #expect(changed.status == 1 && changed.err.contains("began: the teacher full/model."), "\(changed.err)")
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
      #"distillation={"teachers":"full/model","cache":"cache"}"#,
    ],
  ])
  func `an interrupted run resumes to the same bytes, but not with a changed teacher`(_ arguments: [String]) throws {
    defer { program.remove() }
    let weights = try uninterruptedAndResumed(arguments)
    #expect(weights.whole == weights.resumed)
  }

  @Test func `a DistilBERT with layers of its teacher is distilled with DistilBERT's losses`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "output=teacher")
    let run = try program.run(
      "run", "mlm.json", "output=student", "task.masking=static",
      #"model={"path": "teacher/model", "layers": "alternate", "family": "distilbert"}"#,
      #"distillation={"teachers": "teacher/model"}"#, "--threads", "2")
    #expect(run.status == 0 && !run.err.contains("newly initialized"), "\(run.err)")
    #expect(try setup.evaluate("student/model") == setup.result("student"))
    let card = try readText(program.folder + "/student/model/README.md")
    #expect(card.contains("| teachers | teacher/model |") && card.contains("| loss | kl 5.0, task 2.0, cosine 1.0 |"))
  }
}
