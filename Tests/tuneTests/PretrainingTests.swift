/// Masked-language training through the program: every start, every form of what is saved, and its scores.
import Files
import Foundation
import Testing

/// A program's folder with texts and a recipe for them.
struct Pretraining {
  let program: Program

  init() throws {
    program = try Program()
    for (name, count, seed) in [("train", 60, 1), ("dev", 20, 2)] {
      let lines = (0..<count).map { line in
        (0..<6 + line % 9).map { "abcdefgh".map(String.init)[(line * 5 + $0 * 3 + seed) % 8] }.joined(separator: " ")
      }
      try writeFile(lines.joined(separator: "\n"), to: "\(program.folder)/\(name).txt")
    }
    try writeFile(
      """
      {
        "seed": 3, "model": {"path": "base"}, "task": {"type": "masked_lm"},
        "data": {"format": "text", "train": "train.txt", "dev": "dev.txt", "max_length": 16},
        "method": {"type": "full"},
        "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.003}, "output": "run"
      }
      """, to: program.folder + "/mlm.json")
  }

  func result(_ run: String) throws -> JSON? { try program.json(run + "/result.json")["metrics"]?["dev"] }

  func evaluate(_ arguments: String...) throws -> JSON {
    let eval = try program.run(["eval"] + arguments + ["dev.txt", "--json"])
    #expect(eval.status == 0, "\(eval.err)")
    return try JSON(parsing: .init(eval.out.utf8), named: "eval")
  }

  /// Numbers of an object that are within `tolerance` of another's.
  func isNear(_ one: JSON?, _ other: JSON?, _ tolerance: Double) -> Bool {
    guard let a = one?["loss"]?.number, let b = other?["loss"]?.number else { return false }
    return abs(a - b) < tolerance
  }
}

@Suite struct PretrainingTests {
  private let bench: Pretraining
  private var program: Program { bench.program }

  init() throws { bench = try Pretraining() }

  @Test func `a full run's folder is scored as the run was, and goes on from where it stopped`() throws {
    defer { program.remove() }
    let run = try program.run("run", "mlm.json")
    #expect(run.status == 0 && run.out.contains("dev: perplexity"), "\(run.err)")
    #expect(run.err.contains("new weights, not from the checkpoint: cls.predictions"))
    #expect(try bench.evaluate("run/model") == bench.result("run"))
    let text = try program.run("eval", "run/model", "dev.txt")
    #expect(text.out.hasPrefix("perplexity ") && text.out.contains("  accuracy "))

    let config = try program.json("run/model/config.json")
    #expect(config["architectures"] == ["BertForMaskedLM"] && config["id2label"] == nil)
    let more = try program.run("run", "mlm.json", "output=more", "model.path=run/model", "training.epochs=1")
    #expect(more.status == 0 && !more.err.contains("new weights"), "\(more.err)")
    let (before, after) = (try bench.result("run"), try bench.result("more"))
    #expect((after?["loss"]?.number ?? 9) < (before?["loss"]?.number ?? 0) + 0.2)

    let card = try readText(program.folder + "/run/model/README.md")
    for words in ["pipeline_tag: fill-mask", "base_model: base", "perplexity ", "the vocabulary"] {
      #expect(card.contains(words), "\(card)")
    }
    for name in ["README.md", "tune.json", "config.json"] {
      #expect(try !readText("\(program.folder)/run/model/\(name)").contains(program.folder))
    }
    let sidecar = try program.json("run/model/tune.json")
    #expect(sidecar["task"] == "masked_lm" && sidecar["labels"] == [] && sidecar["max_length"] == 16)
  }

  @Test func `a model from chance, of any size, with absolute paths that stay here`() throws {
    defer { program.remove() }
    let model = """
      model={"init": "random", "tokenizer": "\(program.folder)/base", "config": {"hidden_size": 24, "num_hidden_layers": 1,
      "num_attention_heads": 2, "intermediate_size": 48, "max_position_embeddings": 32}}
      """.replacing("\n", with: " ")
    #expect(try program.run("validate", "mlm.json", model).status == 0)
    let run = try program.run(
      "run", "mlm.json", model, "data.train=\(program.folder)/train.txt", "method.type=full")
    #expect(run.status == 0 && run.err.contains("every weight starts from chance"), "\(run.err)")
    #expect(try bench.evaluate("run/model") == bench.result("run"))
    let card = try readText(program.folder + "/run/model/README.md")
    #expect(!card.contains("base_model") && card.contains("none: random weights"))
    for name in ["README.md", "tune.json"] {
      #expect(try !readText("\(program.folder)/run/model/\(name)").contains(program.folder))
    }
  }

  @Test(arguments: ["1", "3"]) func `threads and recomputed blocks change no byte`(_ threads: String) throws {
    defer { program.remove() }
    let more = ["training.max_steps=3", "training.epochs=null", "training.batch_size=60"]
    try program.run(["run", "mlm.json", "output=two", "--threads", "2"] + more)
    let other = try program.run(
      ["run", "mlm.json", "output=other", "--threads", threads, "training.gradient_checkpointing=\(threads == "3")"]
        + more)
    #expect(other.status == 0, "\(other.err)")
    let files = try ["two", "other"].map { try readFile("\(program.folder)/\($0)/model/model.safetensors") }
    #expect(files[0] == files[1])
  }

  @Test(arguments: [#"["query"]"#, #""all-linear""#, #"["dense"]"#])
  func `an adapter over a base without a masked head learns one whole, and is scored as the run was`(_ targets: String)
    throws
  {
    defer { program.remove() }
    let method = #"method={"type": "lora", "rank": 2, "target_modules": \#(targets)}"#
    let run = try program.run("run", "mlm.json", method, "training.learning_rate=0.01")
    #expect(run.status == 0, "\(run.err)")
    #expect(try bench.evaluate("base", "--adapter", "run/adapter") == bench.result("run"))
    let config = try program.json("run/adapter/adapter_config.json")
    let saved = (config["modules_to_save"]?.array ?? []).compactMap(\.string)
    #expect(saved.contains("cls.predictions.transform.dense") && saved.contains("cls.predictions.transform.LayerNorm"))
    let inspect = try program.run("inspect", "run/adapter")
    #expect(inspect.out.contains("base_model.model.cls.predictions.transform.dense.weight"), "\(inspect.err)")
    #expect(!inspect.out.contains("transform.dense.lora_A"))
  }

  @Test func `an adapter over a base with a masked head leaves it as it is`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "output=base2")
    let run = try program.run(
      "run", "mlm.json", "model.path=base2/model",
      #"method={"type": "lora", "rank": 2, "target_modules": "all-linear"}"#)
    #expect(run.status == 0 && !run.err.contains("new weights"), "\(run.err)")
    #expect(try bench.evaluate("base2/model", "--adapter", "run/adapter") == bench.result("run"))
    let inspect = try program.run("inspect", "run/adapter")
    #expect(inspect.out.contains("transform.dense.lora_A") && !inspect.out.contains("transform.dense.weight"))
  }

  @Test(arguments: [("fp16", 1e-3), ("bf16", 1e-2)])
  func `smaller numbers on disk say nearly the same`(_ numbers: String, _ tolerance: Double) throws {
    defer { program.remove() }
    #expect(try program.run("run", "mlm.json", "save_dtype=\(numbers)").status == 0)
    #expect(try bench.isNear(bench.evaluate("run/model"), bench.result("run"), tolerance))
    #expect(try program.run("inspect", "run/model").out.contains(numbers == "fp16" ? "F16" : "BF16"))
  }

  @Test func `who cannot find entities, or has no masked head, says so`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "training.epochs=1", "output=full")
    try program.run("run", "mlm.json", "training.epochs=1", "output=lora", #"method={"type":"lora","rank":2}"#)
    try program.run("run", "recipe.json", "training.epochs=1", "output=tags")
    let faults: [([String], String)] = [
      (["predict", "full/model", "dev.txt"], "full/model: was trained for masked_lm"),
      (["predict", "base", "--adapter", "lora/adapter", "dev.txt"], "lora/adapter: was trained for masked_lm"),
      (["eval", "full/model", "empty.txt"], "empty.txt: no text of at least 8 tokens"),
      (["eval", "full/model", "--adapter", "lora/adapter", "dev.txt"], "was trained over other weights"),
      (["eval", "base", "--adapter", "tags/adapter", "dev.txt"], "dev.txt:1"),
      (
        [
          "run", "mlm.json", "model.path=full/model",
          "distillation={\"teachers\": {\"path\": \"base\", \"adapter\": \"tags/adapter\"}}",
        ],
        "tags/adapter"
      ),
    ]
    try writeFile("", to: program.folder + "/empty.txt")
    for (arguments, words) in faults {
      let result = try program.run(arguments)
      #expect(result.status == 1 && result.err.contains(words), "\(arguments): \(result.err)")
    }
    // As a base of a tagger it serves.
    #expect(try program.run("run", "recipe.json", "model.path=full/model", "training.epochs=1").status == 0)
  }
}
