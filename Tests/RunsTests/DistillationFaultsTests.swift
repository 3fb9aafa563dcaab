/// Faults of masked-language and distillation recipes: each is reported with one message before any file is written.
/// Unusual recipes that are valid are trained.
import Autograd
import Encoders
import Files
import FoundationEssentials
import Recipes
import Tasks
import TestSupport
import Testing
import Training

@testable import Runs

func distillationModel(_ name: String) -> JSON { .string(fixture("distillation/" + name)) }

/// A folder with a text file and a CoNLL file, and recipes for the fixtures' models.
struct DistillationSetup {
  let folder = TemporaryFolder()

  init() throws {
    let letters = "abcdefghijklmnop".map(String.init)
    let lines = (0..<12).map { line in (0..<9).map { letters[(line * 5 + $0) % 16] }.joined(separator: " ") }
    try write("text.txt", lines.joined(separator: "\n"))
    try write("tags.tsv", "a\tO\nb\tB-A\nc\tI-A\n\nb\tB-B\nd\tI-B\n")
  }

  func write(_ name: String, _ text: String) throws { try writeFile(text, to: path(name)) }
  func path(_ name: String) -> String { folder.path + "/" + name }

  /// Masked-language modeling with the student.
  var masked: JSON {
    minimalRecipe.with("model.path", distillationModel("student")).with("task.type", "masked_lm").with(
      "training.max_steps", 2
    )
    .with("data", ["format": "text", "train": .string(path("text.txt"))]).with("output", .string(path("run")))
  }

  /// The same, distilled from the teacher.
  var distilled: JSON { masked.with("distillation.teachers", distillationModel("teacher")) }

  /// Token classification with the narrow student, distilled from the tagging teacher.
  var tagged: JSON {
    masked.with("model.path", distillationModel("narrow-student")).with("task.type", "token_classification")
      .with("data", ["format": "conll", "train": .string(path("tags.tsv"))])
      .with("distillation.teachers", distillationModel("tagging-teacher"))
  }

  /// The path of a copy of a fixture's folder with a changed config.json.
  func copy(_ name: String, _ change: (JSON) -> JSON = { $0 }) throws -> JSON {
    let target = path(name + "-copy")
    try? FileManager.default.removeItem(atPath: target)
    try FileManager.default.copyItem(atPath: fixture("distillation/" + name), toPath: target)
    try writeFile(change(JSON(path: target + "/config.json")).text(), to: target + "/config.json")
    return .string(target)
  }

  func build(_ json: JSON) throws -> Run { try RunBuilder(Recipe(json: json), threads: 2).build() }

  /// The message of the recipe's fault; empty if it has none.
  func fault(_ json: JSON) -> String {
    let before = folder.contents.sorted()
    do {
      _ = try build(json)
      return ""
    } catch {
      #expect(folder.contents.sorted() == before, "something was written")
      return "\(error)"
    }
  }

  /// The loss terms of the last step.
  func train(_ json: JSON) throws -> [String: Double] {
    var last: [String: Double] = [:]
    _ = try build(json).trainer.run(shouldStop: { false }) { event in
      if case .step(let step) = event { last = .init(uniqueKeysWithValues: step.terms.map { ($0.name, $0.loss) }) }
    }
    #expect(last.values.allSatisfy { $0.isFinite })
    return last
  }
}

@Suite struct DistillationFaultsTests {
  private let setup: DistillationSetup

  init() throws { setup = try DistillationSetup() }

  @Test(
    arguments: [
      (
        "data.format", "conll",
        "data.format: found \"conll\"; expected \"text\" for task.type \"masked_lm\""
      ),
      (
        "data.dev", "nowhere.txt",
        "data.dev: found \"nowhere.txt\", but \".\" has no \"nowhere.txt\"; expected the path of a file"
      ),
      (
        "training.metric_for_best_model", "f1",
        "training.metric_for_best_model: found \"f1\"; expected \"loss\", \"perplexity\" or \"accuracy\" for task.type"
      ),
      ("distillation.temperature", 0, "distillation.temperature: found 0; expected a number from 0.01 to 1000"),
      ("distillation.temperature", 1e30, "distillation.temperature: found 1e+30; expected a number from 0.01 to 1000"),
      ("distillation.match_layers", [[1, 2], [1, 2]], "expected distinct pairs"),
      ("distillation.match_layers", [], "expected \"uniform\", \"last\" or a list of pairs"),
      ("distillation.match_layers", [[1, 2, 3]], "expected \"uniform\", \"last\" or a list of pairs"),
      ("distillation.teachers", [], "at least one teacher"),
      ("distillation.teachers", "nowhere", "nowhere"),
      ("distillation.precision", "int4", "found \"int4\"; expected \"fp32\", \"bf16\" or \"int8\""),
      ("precision", "int8", "precision: found \"int8\"; expected \"fp32\" or \"bf16\""),
      ("distillation.kl_weight", -1, "a number of at least 0"),
      ("distillation.cache", "answers", "only logits are cached"),
      ("distillation.relation_heads", 0, "at least 1"),
    ] as [(String, JSON, String)])
  func `an invalid value is a fault of the recipe`(_ key: String, _ value: JSON, _ message: String) throws {
    let json = setup.distilled.with("data.dev", .string(setup.path("text.txt"))).with(key, value)
    #expect(setup.fault(json).contains(message), "\(setup.fault(json))")
  }

  @Test func `a distillation without loss terms is a fault`() {
    let nothing = setup.distilled.with("distillation.kl_weight", 0).with("distillation.task_weight", 0).with(
      "distillation.cosine_weight", 0)
    #expect(setup.fault(nothing).contains("expected at least one weight above 0"))
  }

  @Test func `fractions that add up to 1 are valid, whatever their rounding`() {
    #expect(setup.fault(setup.masked.with("task.mask_replace_prob", 0.9).with("task.random_replace_prob", 0.1)) == "")
    #expect(setup.fault(setup.masked.with("task.mask_replace_prob", 0.7).with("task.random_replace_prob", 0.3)) == "")
  }

  @Test func `the text must have known words, and the vocabulary [MASK]`() throws {
    try setup.write("empty.txt", "\n\n")
    try setup.write("unknown.txt", String(repeating: "语言 模型 ", count: 20))
    let empty = setup.fault(setup.masked.with("data.train", .string(setup.path("empty.txt"))))
    #expect(empty.contains("empty.txt: no text of at least 8 tokens"))
    let unknown = setup.fault(setup.masked.with("data.dev", .string(setup.path("unknown.txt"))))
    #expect(unknown.contains("unknown.txt: every token of the text is unknown"))
    let copy = try setup.copy("student")
    let file = (copy.string ?? "") + "/vocab.txt"
    try writeFile(try readText(file).replacing("[MASK]", with: "mask"), to: file)
    #expect(setup.fault(setup.masked.with("model.path", copy)).contains("has no mask token"))
  }

  @Test func `teacher and student must have the same token ids`() throws {
    #expect(
      setup.fault(setup.distilled.with("distillation.teachers", .string(fixture("tiny-bert")))).contains(
        "have different tokenizers"))
    let copy = try setup.copy("teacher") { $0.with("max_position_embeddings", 24) }
    let long = setup.distilled.with(
      "model",
      [
        "init": "random", "path": distillationModel("student"), "config": ["max_position_embeddings": 40],
      ])
    #expect(setup.fault(long).contains("accepts at most 24 tokens; data.max_length is 40"))
    #expect(setup.fault(long.with("data.max_length", 24).with("distillation.teachers", copy)) == "")
    let padded = long.with("model.config", ["vocab_size": 128])
    #expect(
      setup.fault(padded).contains("'vocab_size'") && setup.fault(padded).contains("is 120, the student's is 128"))
    #expect(setup.fault(padded.with("distillation.kl_weight", 0)) == "")
  }

  @Test func `with kl_weight a teacher needs the task's head and labels`() throws {
    let headless = setup.distilled.with("distillation.teachers", distillationModel("tagging-teacher"))
    #expect(setup.fault(headless).contains("has no head for this task"))
    #expect(setup.fault(headless.with("distillation.kl_weight", 0)) == "")
    let other = try setup.copy("tagging-teacher") { $0.with("id2label.4", "I-C") }
    #expect(setup.fault(setup.tagged.with("distillation.teachers", other)).contains("has the labels"))
    #expect(setup.fault(setup.tagged) == "")
    try writeFile(
      #"{"task": "token_classification", "labels": ["O", "B-A", "I-A", "B-B", "I-B", "B-C"]}"#,
      to: (other.string ?? "") + "/tune.json")
    #expect(setup.fault(setup.tagged.with("distillation.teachers", other)).contains("has no head for this task"))
  }

  @Test func `the student has the teacher's labels, in their order, if they include those of the data`() throws {
    try setup.write("few.tsv", "a\tO\nb\tB-B\n")
    let few = setup.tagged.with("model.path", distillationModel("student")).with(
      "data.train", .string(setup.path("few.tsv")))
    #expect(try setup.build(few).setup.labels == ["O", "B-A", "I-A", "B-B", "I-B"])
    #expect(try setup.build(few.with("distillation", nil)).setup.labels == ["O", "B-B"])
  }

  @Test func `the compared states must exist in teacher and student`() throws {
    let tagged = setup.tagged
    func faulty(_ json: JSON, _ changes: (String, JSON)...) -> String {
      setup.fault(changes.reduce(json) { $0.with("distillation." + $1.0, $1.1) })
    }
    #expect(faulty(tagged, ("cosine_weight", 1)).contains("the hidden size 24, the student 16"))
    #expect(
      faulty(tagged, ("relation_weight", 1), ("relation_heads", 5)).contains(
        "5 does not divide the hidden sizes 24 and 16"))
    #expect(faulty(tagged, ("relation_weight", 1), ("relation_layer", 5)).contains("layer 5"))
    #expect(
      faulty(tagged, ("hidden_weight", 1), ("match_layers", [[3, 1]])).contains(
        "found layer 3 of the student, which has 2 layers"))
    #expect(faulty(tagged, ("hidden_weight", 1), ("match_layers", [[1, 5]])).contains("layer 5"))
    #expect(
      faulty(tagged, ("attention_weight", 1), ("match_layers", [[0, 0], [1, 0]])).contains("every pair contains 0"))
    #expect(faulty(tagged, ("cache", .string(setup.path("c"))), ("cache_top_k", 99)) == "")
    #expect(
      faulty(setup.distilled, ("cosine_weight", 0), ("cache", .string(setup.path("c")))).contains(
        "Set task.masking to \"static\""))
    let heads = try setup.copy("tagging-teacher") { $0.with("num_attention_heads", 2) }
    #expect(
      faulty(tagged, ("teachers", heads), ("attention_weight", 1)).contains("has 2 attention heads, the student 4"))
  }

  @Test func `hidden-state terms alone, unusual layer choices and teachers of different depths are trained`() throws {
    let inner = setup.distilled.with("distillation.kl_weight", 0).with("distillation.task_weight", 0)
    #expect(try setup.train(inner).keys.sorted() == ["cosine"])
    let all = inner.with("distillation.hidden_weight", 1).with("distillation.attention_weight", 1).with(
      "distillation.relation_weight", 1)
    let many = all.with(
      "distillation.teachers",
      [distillationModel("teacher"), distillationModel("student"), distillationModel("teacher")])
    #expect(try setup.train(many).keys.sorted() == ["attention", "cosine", "hidden", "relation"])
    // A student with more layers than its teacher.
    #expect(try setup.train(many.with("model.path", distillationModel("teacher"))).count == 4)
    #expect(try setup.train(all.with("model.layers", [1, 0, 1, 0, 1])).count == 4)
    #expect(try setup.train(all.with("distillation.match_layers", [[1, 2], [1, 4], [0, 0]])).count == 4)
    let projected = setup.tagged.with("distillation.hidden_weight", 1).with(
      "distillation.match_layers", [[1, 2], [1, 4]])
    #expect(try setup.train(projected).keys.sorted() == ["hidden", "kl", "task"])
  }

  @Test(arguments: [0.01, 1, 1000]) func `every temperature gives finite losses`(_ temperature: Double) throws {
    let json = setup.distilled.with("distillation.temperature", .double(temperature))
    #expect(try setup.train(json).count == 3)
    let cached = json.with("distillation.cosine_weight", 0).with("task.masking", "static")
      .with("distillation.cache", .string(setup.path("answers")))
    let run = try setup.build(cached)
    try run.teacherCache?.open()
    _ = try run.trainer.run(shouldStop: { false }, report: { _ in })
    #expect(run.table.values.allSatisfy { $0.isFinite })
  }

  @Test func `a student can be its own teacher, and a corpus smaller than a batch`() throws {
    try setup.write("short.txt", "a b c d e f g h i")
    let json = setup.distilled.with("distillation.teachers", distillationModel("student")).with(
      "data.train", .string(setup.path("short.txt")))
    let terms = try setup.train(json.with("training.max_steps", 1))
    #expect((terms["kl"] ?? 1) < 1e-5 && (terms["cosine"] ?? 1) < 1e-5)
  }

  @Test func `long and unusual documents are read`() throws {
    let documents = [
      "", " ", "\u{0}\u{1}", "🙂🙂🙂 a b c d e f g h", String(repeating: "a", count: 50_000),
      String(repeating: "a b ", count: 20_000), "e\u{301}e\u{301}", "\u{FEFF}a b c d e f g h i j",
    ]
    try setup.write("odd.txt", documents.joined(separator: "\n"))
    let json = setup.masked.with("data.train", .string(setup.path("odd.txt")))
    for pack in [true, false] {
      #expect(try setup.train(json.with("data.pack", .bool(pack)).with("task.whole_word_mask", true)).isEmpty)
    }
    #expect(try setup.train(json.with("task.mlm_smoothing", 0.7).with("task.mlm_probability", 0.99)).isEmpty)
  }

  @Test func `a teacher's adapter must belong to its base model`() throws {
    var lora = setup.tagged.with("distillation", nil).with("model.path", distillationModel("tagging-teacher"))
      .with("method", ["type": "lora", "rank": 2])
    let run = try setup.build(lora)
    try run.saveWeights(to: setup.path("adapter"), [:], nil)
    func recipe(_ base: String) -> JSON {
      setup.tagged.with(
        "distillation.teachers", ["path": distillationModel(base), "adapter": .string(setup.path("adapter"))])
    }
    #expect(setup.fault(recipe("tagging-teacher")) == "")
    let copy = try setup.copy("narrow-student")
    #expect(setup.fault(recipe("narrow-student")).contains("was trained on another base than"))
    let file = try JSON(path: setup.path("adapter") + "/tune.json")
    try writeFile(file.with("task.labels", ["O"]).text(), to: setup.path("adapter") + "/tune.json")
    #expect(setup.fault(recipe("tagging-teacher")).contains("has the labels O"))
    try writeFile(file.with("format", 3).text(), to: setup.path("adapter") + "/tune.json")
    #expect(setup.fault(recipe("tagging-teacher")).contains("expected format 2 or 1"))
    // The head of an adapter for another task cannot be used.
    lora = setup.masked.with("method", ["type": "lora", "rank": 2])
    try setup.build(lora).saveWeights(to: setup.path("adapter"), [:], nil)
    #expect(
      !setup.fault(
        setup.tagged.with("distillation.teachers", ["path": copy, "adapter": .string(setup.path("adapter"))])
      )
      .isEmpty)
  }

  @Test func `the best tagger cannot be chosen by a metric of masked-language modeling`() {
    let json = setup.tagged.with("data.dev", .string(setup.path("tags.tsv"))).with(
      "training.metric_for_best_model", "perplexity")
    #expect(setup.fault(json).contains("expected \"f1\", \"precision\", \"recall\", \"f1_strict\""))
  }
}
