/// Masked language modeling with the program: initializations, saved formats and metrics.
import Files
import Foundation
import Testing

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

    let quantized = try setup.evaluate("run/model", "--precision", "int8")["agreement_with_fp32"]?.number ?? -1
    #expect((0.5...1).contains(quantized) && text.err.contains("fp32"))
    let line = try program.run("eval", "run/model", "dev.txt", "--precision", "int8").out
    #expect(line.contains("same token ") && !text.out.contains("same token"), "\(line)")

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

  @Test(arguments: [true, false], ["full", "lora"])
  func `perplexity has the run's window in eval and in result json, and names it`(_ pack: Bool, _ method: String) throws
  {
    defer { program.remove() }
    try setup.writeJSONLines()
    let data = [
      "data.train=train.jsonl", "data.dev=dev.jsonl", #"data.fields=["title","abstract"]"#, "data.pack=\(pack)",
      "method={\"type\": \"\(method)\"}", "training.epochs=1",
      "logging.csv=true",
    ]
    let run = try program.run(["run", "mlm.json"] + data)
    #expect(run.status == 0 && run.out.contains("(max_length 16, pack \(pack))"), "\(run.err)")
    let expected = try setup.result("run")
    #expect(expected?["window"] == ["max_length": 16, "pack": .bool(pack)])
    let model = method == "full" ? ["run/model"] : ["base", "--adapter", "run/adapter"]
    func evaluate(_ options: String...) throws -> JSON {
      let eval = try program.run(["eval"] + model + ["dev.jsonl", "--json"] + options)
      return try JSON(parsing: .init(eval.out.utf8), named: eval.err)
    }
    #expect(try evaluate() == expected)
    let other = try evaluate("--max-length", "32", "--data", "pack=\(!pack)")
    #expect(other["window"] == ["max_length": 32, "pack": .bool(!pack)] && other["loss"] != expected?["loss"])
    let field = try evaluate("--data", #"fields=["title"]"#)
    #expect(field["window"] == expected?["window"] && field["masked_tokens"] != expected?["masked_tokens"])
    let card = try readText("\(program.folder)/run/\(method == "full" ? "model" : "adapter")/README.md")
    #expect(card.contains("(max_length 16, pack \(pack))"))
    // The window is no figure of a log, and the key is the recipe's.
    #expect(try !readText(program.folder + "/run/metrics.csv").contains("max_length"))
    #expect(try program.run("runs", ".", "--where", "max_length=16 and pack=\(pack)").out.contains("completed"))
    let text = try program.run(["eval"] + model + ["dev.jsonl"])
    #expect(text.out.contains("  (max_length 16, pack \(pack))  masked tokens "))
  }

  @Test func `the same weights have the same perplexity as a base, in a run's folder and at the start of a run`() throws
  {
    defer { program.remove() }
    try program.run("run", "mlm.json", "output=first")
    let run = try program.run("run", "mlm.json", "model.path=first/model", "training.epochs=2")
    #expect(run.err.contains("epoch 0.00  dev: "), "\(run.err)")
    let log = try readText(program.folder + "/run/metrics.jsonl").split(separator: "\n").map {
      try JSON(parsing: .init($0.utf8), named: "log")
    }
    let evaluations = log.filter { $0["event"] == "evaluation" }
    #expect(log[0] == evaluations[0] && evaluations.count == 3 && evaluations[0]["step"] == 0)
    #expect(evaluations[0]["is_best"] == false && evaluations[0]["epoch"]?.number == 0)
    let before = try setup.result("first")
    #expect(evaluations[0]["metrics"] == before)

    // A folder without tune.json, as a base has it.
    try FileManager.default.copyItem(atPath: program.folder + "/first/model", toPath: program.folder + "/bare")
    try FileManager.default.removeItem(atPath: program.folder + "/bare/tune.json")
    let bare = try setup.evaluate("bare")
    #expect(bare["window"] == ["max_length": 48, "pack": true] && bare["loss"] != before?["loss"])
    #expect(try setup.evaluate("bare", "--max-length", "16") == before)
    #expect(try setup.evaluate("run/model", "--max-length", "48")["window"] == bare["window"])
    let twice = try program.run("eval", "bare", "dev.txt", "--max-length", "16", "--data", "max_length=16")
    #expect(twice.status != 0 && twice.err.contains("--max-length and --data max_length exclude each other"))
    let long = try program.run("eval", "bare", "dev.txt", "--max-length", "49")
    #expect(long.status == 1 && long.err.contains("max_length is 49"))
  }

  @Test func `an evaluation at the start changes neither the weights nor the best evaluation`() throws {
    defer { program.remove() }
    for isOn in [true, false] {
      let run = try program.run("run", "mlm.json", "output=start-\(isOn)", "training.eval_on_start=\(isOn)")
      #expect(run.err.contains("epoch 0.00") == isOn, "\(run.err)")
    }
    let weights = try ["start-true", "start-false"].map {
      try readFile("\(program.folder)/\($0)/model/model.safetensors")
    }
    #expect(weights[0] == weights[1])
    #expect(try program.json("start-true/result.json")["best"] == program.json("start-false/result.json")["best"])
    // Other tasks have none by default.
    let tags = try program.run("run", "recipe.json", "output=tags", "training.epochs=1")
    #expect(tags.status == 0 && !tags.err.contains("epoch 0.00"))
    let started = try program.run(
      "run", "recipe.json", "output=started", "training.epochs=1", "training.eval_on_start=true")
    #expect(started.status == 0 && started.err.contains("epoch 0.00"))
    let adapters = try ["tags", "started"].map {
      try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors")
    }
    #expect(adapters[0] == adapters[1])
  }

  @Test func `blocks of unknown words are not trained on, and the run says so`() throws {
    defer { program.remove() }
    let unknown = Array(repeating: "\u{4E00}", count: 14).joined(separator: " ")
    let text = try readText(program.folder + "/train.txt")
    try writeFile("\(unknown)\n\(text)\n\(unknown)\n", to: program.folder + "/unknown.txt")
    let runs = try ["train", "unknown"].map {
      try program.run(
        "run", "mlm.json", "output=\($0)", "data.train=\($0).txt", "data.pack=false", "task.masking=static",
        "training.batch_size=1", "training.epochs=1")
    }
    #expect(!runs[0].err.contains("no target") && runs[1].err.contains("train: 2 of "), "\(runs[1].err)")
    #expect(runs[1].err.contains("sequences have no target and are not trained on"))
    let results = try ["train", "unknown"].map { try program.json($0 + "/result.json") }
    #expect(results[0]["steps"] == results[1]["steps"] && results[0]["tokens"] == results[1]["tokens"])
  }

  @Test func `a folder of format 1 is evaluated with the data settings of its recipe`() throws {
    defer { program.remove() }
    try program.run("run", "mlm.json", "data.pack=false", "training.epochs=1")
    let path = program.folder + "/run/model/tune.json"
    var file = try program.json("run/model/tune.json").object ?? [:]
    (file["format"], file["task"], file["labels"]) = (1, "masked_lm", [])
    (file["max_length"], file["stride"]) = (16, 4)
    for key in ["data", "window", "precision"] { file[key] = nil }
    try writeFile(JSON.object(file).text(), to: path)
    #expect(try setup.evaluate("run/model") == setup.result("run"))
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
      (["eval", "full/model", "--adapter", "lora/adapter", "dev.txt"], "was trained on another base than full/model"),
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
