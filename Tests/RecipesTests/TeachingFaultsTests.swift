/// What can be wrong with masked-language and distillation recipes: each fault is one clear sentence, found before
/// anything is written, and what looks odd but can be done is done.
import Autograd
import Files
import FoundationEssentials
import Models
import TestSupport
import Testing
import Training

@testable import Recipes

private func teacher(_ name: String) -> JSON { .string(fixture("distillation/" + name)) }

/// A folder with a text of letters and a tagged one, and recipes for the fixtures' models.
private struct Workshop {
  let folder = TemporaryFolder()

  init() throws {
    let letters = "abcdefghijklmnop".map(String.init)
    let lines = (0..<12).map { line in (0..<9).map { letters[(line * 5 + $0) % 16] }.joined(separator: " ") }
    try write("text.txt", lines.joined(separator: "\n"))
    try write("tags.tsv", "a\tO\nb\tB-A\nc\tI-A\n\nb\tB-B\nd\tI-B\n")
  }

  func write(_ name: String, _ text: String) throws { try writeFile(text, to: path(name)) }
  func path(_ name: String) -> String { folder.path + "/" + name }

  /// Masked-language training of the student.
  var masked: JSON {
    least.with("model.path", teacher("student")).with("task.type", "masked_lm").with("training.max_steps", 2)
      .with("data", ["format": "text", "train": .string(path("text.txt"))]).with("output", .string(path("run")))
  }

  /// The same of the teacher.
  var distilled: JSON { masked.with("distillation.teachers", teacher("teacher")) }

  /// The narrow student's tags, of the tagging teacher.
  var tagged: JSON {
    masked.with("model.path", teacher("narrow-student")).with("task.type", "token_classification")
      .with("data", ["format": "conll", "train": .string(path("tags.tsv"))])
      .with("distillation.teachers", teacher("tagging-teacher"))
  }

  /// A copy of a fixture's folder with other members in its config.json; nil removes one.
  func copy(_ name: String, _ change: (JSON) -> JSON = { $0 }) throws -> JSON {
    let target = path(name + "-copy")
    try? FileManager.default.removeItem(atPath: target)
    try FileManager.default.copyItem(atPath: fixture("distillation/" + name), toPath: target)
    try writeFile(change(JSON(path: target + "/config.json")).text(), to: target + "/config.json")
    return .string(target)
  }

  func build(_ json: JSON) throws -> Run { try RunBuilder(Recipe(json: json), threads: 2).build() }

  /// Why the recipe cannot be run; empty where it can.
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

  /// The last step's terms.
  func train(_ json: JSON) throws -> [String: Double] {
    var last: [String: Double] = [:]
    _ = try build(json).trainer.run(shouldStop: { false }) { event in
      if case .step(let step) = event { last = .init(uniqueKeysWithValues: step.terms.map { ($0.name, $0.loss) }) }
    }
    #expect(last.values.allSatisfy { $0.isFinite })
    return last
  }
}

@Suite struct TeachingFaultsTests {
  private let shop: Workshop

  init() throws { shop = try Workshop() }

  @Test(
    arguments: [
      (
        "data.format", "conll",
        "data.format: found \"conll\"; expected \"text\", which is what task.type \"masked_lm\" learns from"
      ),
      (
        "data.dev", "nowhere.txt",
        "data.dev: found \"nowhere.txt\", but \".\" has no \"nowhere.txt\"; expected the path of a file"
      ),
      (
        "training.metric_for_best_model", "f1",
        "training.metric_for_best_model: found \"f1\"; expected \"loss\", \"perplexity\", \"accuracy\""
      ),
      ("distillation.temperature", 0, "distillation.temperature: found 0; expected a number from 0.01 to 1000"),
      ("distillation.temperature", 1e30, "distillation.temperature: found 1e+30; expected a number from 0.01 to 1000"),
      ("distillation.match_layers", [[1, 2], [1, 2]], "expected pairs of which no two are the same"),
      ("distillation.match_layers", [], "expected \"uniform\", \"last\" or a list of pairs"),
      ("distillation.match_layers", [[1, 2, 3]], "expected \"uniform\", \"last\" or a list of pairs"),
      ("distillation.teachers", [], "at least one teacher"),
      ("distillation.teachers", "nowhere", "nowhere"),
      ("distillation.kl_weight", -1, "a number of at least 0"),
      ("distillation.cache", "answers", "only logits are kept"),
      ("distillation.relation_heads", 0, "at least 1"),
    ] as [(String, JSON, String)])
  func `a value that no run could have is a fault of the recipe`(_ key: String, _ value: JSON, _ words: String) throws {
    let json = shop.distilled.with("data.dev", .string(shop.path("text.txt"))).with(key, value)
    #expect(shop.fault(json).contains(words), "\(shop.fault(json))")
  }

  @Test func `a loss of nothing is a fault`() {
    let nothing = shop.distilled.with("distillation.kl_weight", 0).with("distillation.task_weight", 0).with(
      "distillation.cosine_weight", 0)
    #expect(shop.fault(nothing).contains("expected at least one term with a weight"))
  }

  @Test func `shares that fill the whole are fine, however they are rounded`() {
    #expect(shop.fault(shop.masked.with("task.mask_replace_prob", 0.9).with("task.random_replace_prob", 0.1)) == "")
    #expect(shop.fault(shop.masked.with("task.mask_replace_prob", 0.7).with("task.random_replace_prob", 0.3)) == "")
  }

  @Test func `a text must have words that the vocabulary knows, and a vocabulary [MASK]`() throws {
    try shop.write("empty.txt", "\n\n")
    try shop.write("foreign.txt", String(repeating: "语言 模型 ", count: 20))
    let empty = shop.fault(shop.masked.with("data.train", .string(shop.path("empty.txt"))))
    #expect(empty.contains("empty.txt: no text of at least 8 tokens"))
    let foreign = shop.fault(shop.masked.with("data.dev", .string(shop.path("foreign.txt"))))
    #expect(foreign.contains("foreign.txt: every piece of the text is unknown"))
    let copy = try shop.copy("student")
    let file = (copy.string ?? "") + "/vocab.txt"
    try writeFile(try readText(file).replacing("[MASK]", with: "mask"), to: file)
    #expect(shop.fault(shop.masked.with("model.path", copy)).contains("has no [MASK]"))
  }

  @Test func `teacher and student read the same ids`() throws {
    #expect(
      shop.fault(shop.distilled.with("distillation.teachers", .string(fixture("tiny-bert")))).contains(
        "other token ids"))
    let copy = try shop.copy("teacher") { $0.with("max_position_embeddings", 24) }
    let long = shop.distilled.with(
      "model",
      [
        "init": "random", "path": teacher("student"), "config": ["max_position_embeddings": 40],
      ])
    #expect(shop.fault(long).contains("reads at most 24 tokens; data.max_length is 40"))
    #expect(shop.fault(long.with("data.max_length", 24).with("distillation.teachers", copy)) == "")
    let padded = long.with("model.config", ["vocab_size": 128])
    #expect(shop.fault(padded).contains("'vocab_size'") && shop.fault(padded).contains("is 120, the student's is 128"))
    #expect(shop.fault(padded.with("distillation.kl_weight", 0)) == "")
  }

  @Test func `for kl_weight a teacher needs the task's head and labels`() throws {
    let headless = shop.distilled.with("distillation.teachers", teacher("tagging-teacher"))
    #expect(shop.fault(headless).contains("has no head for this task"))
    #expect(shop.fault(headless.with("distillation.kl_weight", 0)) == "")
    let other = try shop.copy("tagging-teacher") { $0.with("id2label.4", "I-C") }
    #expect(shop.fault(shop.tagged.with("distillation.teachers", other)).contains("knows the labels"))
    #expect(shop.fault(shop.tagged) == "")
    try writeFile(
      #"{"task": "token_classification", "labels": ["O", "B-A", "I-A", "B-B", "I-B", "B-C"]}"#,
      to: (other.string ?? "") + "/tune.json")
    #expect(shop.fault(shop.tagged.with("distillation.teachers", other)).contains("has no head for this task"))
  }

  @Test func `a student has its teacher's labels, in their order, where they cover the data's`() throws {
    try shop.write("few.tsv", "a\tO\nb\tB-B\n")
    let few = shop.tagged.with("model.path", teacher("student")).with("data.train", .string(shop.path("few.tsv")))
    #expect(try shop.build(few).work.labels == ["O", "B-A", "I-A", "B-B", "I-B"])
    #expect(try shop.build(few.with("distillation", nil)).work.labels == ["O", "B-B"])
  }

  @Test func `what is compared must be there on both sides`() throws {
    let wide = shop.tagged
    func faulty(_ json: JSON, _ changes: (String, JSON)...) -> String {
      shop.fault(changes.reduce(json) { $0.with("distillation." + $1.0, $1.1) })
    }
    #expect(faulty(wide, ("cosine_weight", 1)).contains("hidden states of width 24, the student of 16"))
    #expect(faulty(wide, ("relation_weight", 1), ("relation_heads", 5)).contains("5 does not divide 24 and 16"))
    #expect(faulty(wide, ("relation_weight", 1), ("relation_layer", 5)).contains("layer 5"))
    #expect(
      faulty(wide, ("hidden_weight", 1), ("match_layers", [[3, 1]])).contains(
        "layer 3 of the student is asked for; it has 2"))
    #expect(faulty(wide, ("hidden_weight", 1), ("match_layers", [[1, 5]])).contains("layer 5"))
    #expect(faulty(wide, ("attention_weight", 1), ("match_layers", [[0, 0], [1, 0]])).contains("no pair has two"))
    #expect(faulty(wide, ("cache", .string(shop.path("c"))), ("cache_top_k", 99)) == "")
    #expect(
      faulty(shop.distilled, ("cosine_weight", 0), ("cache", .string(shop.path("c")))).contains(
        "Set task.masking to \"static\""))
    let heads = try shop.copy("tagging-teacher") { $0.with("num_attention_heads", 2) }
    #expect(faulty(wide, ("teachers", heads), ("attention_weight", 1)).contains("has 2 attention heads, the student 4"))
  }

  @Test func `only inner terms, odd layers and teachers of many depths are trained`() throws {
    let inner = shop.distilled.with("distillation.kl_weight", 0).with("distillation.task_weight", 0)
    #expect(try shop.train(inner).keys.sorted() == ["cosine"])
    let all = inner.with("distillation.hidden_weight", 1).with("distillation.attention_weight", 1).with(
      "distillation.relation_weight", 1)
    let many = all.with("distillation.teachers", [teacher("teacher"), teacher("student"), teacher("teacher")])
    #expect(try shop.train(many).keys.sorted() == ["attention", "cosine", "hidden", "relation"])
    // A student of more layers than its teacher.
    #expect(try shop.train(many.with("model.path", teacher("teacher"))).count == 4)
    #expect(try shop.train(all.with("model.layers", [1, 0, 1, 0, 1])).count == 4)
    #expect(try shop.train(all.with("distillation.match_layers", [[1, 2], [1, 4], [0, 0]])).count == 4)
    let projected = shop.tagged.with("distillation.hidden_weight", 1).with(
      "distillation.match_layers", [[1, 2], [1, 4]])
    #expect(try shop.train(projected).keys.sorted() == ["hidden", "kl", "task"])
  }

  @Test(arguments: [0.01, 1, 1000]) func `any temperature gives numbers`(_ temperature: Double) throws {
    let json = shop.distilled.with("distillation.temperature", .double(temperature))
    #expect(try shop.train(json).count == 3)
    let cached = json.with("distillation.cosine_weight", 0).with("task.masking", "static")
      .with("distillation.cache", .string(shop.path("answers")))
    let run = try shop.build(cached)
    try run.teacherCache?.open()
    _ = try run.trainer.run(shouldStop: { false }, report: { _ in })
    #expect(run.table.values.allSatisfy { $0.isFinite })
  }

  @Test func `a student that is its own teacher, and a corpus smaller than a batch`() throws {
    try shop.write("short.txt", "a b c d e f g h i")
    let json = shop.distilled.with("distillation.teachers", teacher("student")).with(
      "data.train", .string(shop.path("short.txt")))
    let terms = try shop.train(json.with("training.max_steps", 1))
    #expect((terms["kl"] ?? 1) < 1e-5 && (terms["cosine"] ?? 1) < 1e-5)
  }

  @Test func `long and odd documents are read`() throws {
    let odd = [
      "", " ", "\u{0}\u{1}", "🙂🙂🙂 a b c d e f g h", String(repeating: "a", count: 50_000),
      String(repeating: "a b ", count: 20_000), "e\u{301}e\u{301}", "\u{FEFF}a b c d e f g h i j",
    ]
    try shop.write("odd.txt", odd.joined(separator: "\n"))
    let json = shop.masked.with("data.train", .string(shop.path("odd.txt")))
    for pack in [true, false] {
      #expect(try shop.train(json.with("data.pack", .bool(pack)).with("task.whole_word_mask", true)).isEmpty)
    }
    #expect(try shop.train(json.with("task.mlm_smoothing", 0.7).with("task.mlm_probability", 0.99)).isEmpty)
  }

  @Test func `a teacher's adapter belongs to its base`() throws {
    var lora = shop.tagged.with("distillation", nil).with("model.path", teacher("tagging-teacher"))
      .with("method", ["type": "lora", "rank": 2])
    let run = try shop.build(lora)
    try run.saveWeights(to: shop.path("adapter"), [:])
    func taught(_ base: String) -> JSON {
      shop.tagged.with("distillation.teachers", ["path": teacher(base), "adapter": .string(shop.path("adapter"))])
    }
    #expect(shop.fault(taught("tagging-teacher")) == "")
    let copy = try shop.copy("narrow-student")
    #expect(shop.fault(taught("narrow-student")).contains("was trained over other weights than"))
    let sidecar = try JSON(path: shop.path("adapter") + "/tune.json")
    try writeFile(sidecar.with("labels", ["O"]).text(), to: shop.path("adapter") + "/tune.json")
    #expect(shop.fault(taught("tagging-teacher")).contains("knows the labels O"))
    try writeFile(sidecar.with("format", 2).text(), to: shop.path("adapter") + "/tune.json")
    #expect(shop.fault(taught("tagging-teacher")).contains("expected format 1"))
    // An adapter of another task has no head for this one.
    lora = shop.masked.with("method", ["type": "lora", "rank": 2])
    try shop.build(lora).saveWeights(to: shop.path("adapter"), [:])
    #expect(
      !shop.fault(shop.tagged.with("distillation.teachers", ["path": copy, "adapter": .string(shop.path("adapter"))]))
        .isEmpty)
  }

  @Test func `a tagger's best is none that only text has`() {
    let json = shop.tagged.with("data.dev", .string(shop.path("tags.tsv"))).with(
      "training.metric_for_best_model", "perplexity")
    #expect(shop.fault(json).contains("expected \"f1\", \"precision\", \"recall\", \"loss\", which task.type"))
  }
}
