/// Masked language modeling with the program: initializations, saved formats and metrics.
import Files
import Foundation
import Testing

/// A program's folder with texts and a masked-language recipe.
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

  /// Whether two losses differ by less than `tolerance`.
  func lossesMatch(_ first: JSON?, _ second: JSON?, _ tolerance: Double) -> Bool {
    guard let a = first?["loss"]?.number, let b = second?["loss"]?.number else { return false }
    return abs(a - b) < tolerance
  }
}

@Suite struct PretrainingTests {
  private let setup: Pretraining
  private var program: Program { setup.program }

  init() throws { setup = try Pretraining() }

  @Test func `a pre-trained model has the run's metrics in eval, and can be trained further`() throws {
    defer { program.remove() }
    let run = try program.run("run", "mlm.json")
    #expect(run.status == 0 && run.out.contains("dev: perplexity"), "\(run.err)")
    #expect(run.err.contains("newly initialized (not in the checkpoint): cls.predictions"))
    #expect(try setup.evaluate("run/model") == setup.result("run"))
    let text = try program.run("eval", "run/model", "dev.txt")
    #expect(text.out.hasPrefix("perplexity ") && text.out.contains("  accuracy "))

    let config = try program.json("run/model/config.json")
    #expect(config["architectures"] == ["BertForMaskedLM"] && config["id2label"] == nil)
    let more = try program.run("run", "mlm.json", "output=more", "model.path=run/model", "training.epochs=1")
    #expect(more.status == 0 && !more.err.contains("newly initialized"), "\(more.err)")
    let (before, after) = (try setup.result("run"), try setup.result("more"))
    #expect((after?["loss"]?.number ?? 9) < (before?["loss"]?.number ?? 0) + 0.2)

    let card = try readText(program.folder + "/run/model/README.md")
    for text in ["pipeline_tag: fill-mask", "base_model: base", "perplexity ", "the vocabulary"] {
      #expect(card.contains(text), "\(card)")
    }
    for name in ["README.md", "tune.json", "config.json"] {
      #expect(try !readText("\(program.folder)/run/model/\(name)").contains(program.folder))
    }
    let file = try program.json("run/model/tune.json")
    #expect(file["task"]?["type"] == "masked_lm" && file["window"]?["max_length"] == 16)
    #expect(file["data"]?["format"] == "text" && file["precision"] == "fp32")
  }

  @Test func `a randomly initialized model of any size is trained, and its files contain no absolute path`() throws {
    defer { program.remove() }
    let model = """
      model={"init": "random", "tokenizer": "\(program.folder)/base", "config": {"hidden_size": 24, "num_hidden_layers": 1,
      "num_attention_heads": 2, "intermediate_size": 48, "max_position_embeddings": 32}}
      """.replacing("\n", with: " ")
    #expect(try program.run("validate", "mlm.json", model).status == 0)
    let run = try program.run(
      "run", "mlm.json", model, "data.train=\(program.folder)/train.txt", "method.type=full")
    #expect(run.status == 0 && run.err.contains("all weights are randomly initialized"), "\(run.err)")
    #expect(try setup.evaluate("run/model") == setup.result("run"))
    let card = try readText(program.folder + "/run/model/README.md")
    #expect(!card.contains("base_model") && card.contains("none (random initialization)"))
    for name in ["README.md", "tune.json"] {
      #expect(try !readText("\(program.folder)/run/model/\(name)").contains(program.folder))
    }
  }

  @Test(arguments: ["1", "3"])
  func `the model is byte-identical with any number of threads and with gradient checkpointing`(_ threads: String)
    throws
  {
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
  func `an adapter for a base without a masked head saves a trained one, and has the run's metrics in eval`(
    _ targets: String
  ) throws {
    defer { program.remove() }
    let method = #"method={"type": "lora", "rank": 2, "target_modules": \#(targets)}"#
    let run = try program.run("run", "mlm.json", method, "training.learning_rate=0.01")
    #expect(run.status == 0, "\(run.err)")
    #expect(try setup.evaluate("base", "--adapter", "run/adapter") == setup.result("run"))
    let config = try program.json("run/adapter/adapter_config.json")
    let saved = (config["modules_to_save"]?.array ?? []).compactMap(\.string)
    #expect(saved.contains("cls.predictions.transform.dense") && saved.contains("cls.predictions.transform.LayerNorm"))
    let inspect = try program.run("inspect", "run/adapter")
    #expect(inspect.out.contains("base_model.model.cls.predictions.transform.dense.weight"), "\(inspect.err)")
    #expect(!inspect.out.contains("transform.dense.lora_A"))
  }

  @Test func `an adapter for a base with a masked head does not save the head`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "output=base2")
    let run = try program.run(
      "run", "mlm.json", "model.path=base2/model",
      #"method={"type": "lora", "rank": 2, "target_modules": "all-linear"}"#)
    #expect(run.status == 0 && !run.err.contains("newly initialized"), "\(run.err)")
    #expect(try setup.evaluate("base2/model", "--adapter", "run/adapter") == setup.result("run"))
    let inspect = try program.run("inspect", "run/adapter")
    #expect(inspect.out.contains("transform.dense.lora_A") && !inspect.out.contains("transform.dense.weight"))
  }

  @Test(arguments: [("fp16", 1e-3), ("bf16", 1e-2)])
  func `a model saved in 16 bits has nearly the same loss`(_ format: String, _ tolerance: Double) throws {
    defer { program.remove() }
    #expect(try program.run("run", "mlm.json", "save_dtype=\(format)").status == 0)
    #expect(try setup.lossesMatch(setup.evaluate("run/model"), setup.result("run"), tolerance))
    #expect(try program.run("inspect", "run/model").out.contains(format == "fp16" ? "F16" : "BF16"))
  }

  @Test func `a model or adapter of another task is rejected`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "training.epochs=1", "output=full")
    try program.run("run", "mlm.json", "training.epochs=1", "output=lora", #"method={"type":"lora","rank":2}"#)
    try program.run("run", "recipe.json", "training.epochs=1", "output=tags")
    let faults: [([String], String)] = [
      (["predict", "full/model", "dev.txt"], "full/model: was trained for masked_lm"),
      (["predict", "base", "--adapter", "lora/adapter", "dev.txt"], "lora/adapter: was trained for masked_lm"),
      (["eval", "full/model", "empty.txt"], "empty.txt: no text of at least 8 tokens"),
      (["eval", "full/model", "--adapter", "lora/adapter", "dev.txt"], "was trained on other weights"),
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
    for (arguments, message) in faults {
      let result = try program.run(arguments)
      #expect(result.status == 1 && result.err.contains(message), "\(arguments): \(result.err)")
    }
    // It can be the base model of a tagger.
    #expect(try program.run("run", "recipe.json", "model.path=full/model", "training.epochs=1").status == 0)
  }
}
