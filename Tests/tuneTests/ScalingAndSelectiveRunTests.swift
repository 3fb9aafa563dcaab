/// Runs with IA3, VeRA, LayerNorm tuning, BitFit and the linear probe, and merging.
import Files
import Foundation
import Testing

private let methods = [
  #"{"type":"ia3"}"#, #"{"type":"vera","rank":8,"target_modules":"all-linear"}"#, #"{"type":"layer_norm"}"#,
  #"{"type":"bitfit","biases":["query","intermediate.dense"]}"#, #"{"type":"head"}"#,
]
private let lora = #"{"type":"lora","rank":3,"alpha":5,"target_modules":"all-linear","bias":"all"}"#

@Test(arguments: methods, ["fp32", "bf16"])
func `a tagger is trained, and its test metrics are those of eval`(
  _ method: String, _ precision: String
) throws {
  let program = try Program()
  defer { program.remove() }
  let run = try program.run(
    "run", "recipe.json", "method=\(method)", "precision=\(precision)", "training.learning_rate=0.02")
  #expect(run.status == 0, "\(run.err)")
  let result = try program.json("run/result.json")
  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv", "--precision", precision, "--json")
  #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == result["metrics"]?["test"], "\(eval.err)")
  let losses = try readText(program.folder + "/run/metrics.jsonl").split(separator: "\n")
    .compactMap { try JSON(parsing: .init($0.utf8), named: "line")["loss"]?.number }
  #expect((losses.last ?? 9) < (losses.first ?? 0), "\(losses)")
  let predict = try program.run("predict", "base", "--adapter", "x=run/adapter", "-", input: "a b c")
  #expect(try JSON(parsing: .init(predict.out.utf8), named: "p")["entities"]?["x"]?.array != nil, "\(predict.err)")
  let isPEFT = !method.contains("bitfit") && !method.contains("head")
  let card = try readText(program.folder + "/run/adapter/README.md")
  #expect(card.contains("library_name: \(isPEFT ? "peft" : "tune")\n"))
  #expect(card.contains("PeftModel.from_pretrained(base, ADAPTER)") == isPEFT)
}

@Test(arguments: methods)
func `the adapter is byte-identical with any number of threads and with gradient checkpointing`(_ method: String) throws
{
  let program = try Program()
  defer { program.remove() }
  for (name, more) in [
    ("one", ["--threads", "1"]), ("three", ["--threads", "3"]),
    ("checkpointed", ["--threads", "1", "training.gradient_checkpointing=true"]),
  ] {
    let run = try program.run(["run", "recipe.json", "method=\(method)", "output=\(name)"] + more)
    #expect(run.status == 0, "\(run.err)")
  }
  let files = try ["one", "three", "checkpointed"].map {
    try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors")
  }
  #expect(files[0] == files[1] && files[0] == files[2])
}

@Test(arguments: methods) func `an interrupted run of each method resumes to the same bytes`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  let long = ["recipe.json", "training.epochs=60", "method=\(method)"]
  try program.run(["run"] + long + ["output=whole"])
  try program.interrupt(["run"] + long + ["output=cut"])
  let resumed = try program.run(["run"] + long + ["output=cut", "--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  let files = try ["whole", "cut"].map { try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors") }
  #expect(files[0] == files[1])
}

@Test(arguments: methods + [lora]) func `a merged tagger has the adapter's metrics`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json", "method=\(method)", "training.learning_rate=0.02")
  let merge = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
  #expect(merge.status == 0, "\(merge.err)")
  let names = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/merged")
  for name in ["config.json", "model.safetensors", "tokenizer_config.json", "tune.json", "README.md"] {
    #expect(names.contains(name))
  }
  let scores = try [["merged"], ["base", "--adapter", "run/adapter"]].map { model in
    let eval = try program.run(["eval"] + model + ["test.tsv", "--json"])
    return try JSON(parsing: .init(eval.out.utf8), named: "eval")
  }
  #expect(scores[0]["f1"] == scores[1]["f1"] && scores[0]["f1"]?.number != nil)
  #expect(abs((scores[0]["loss"]?.number ?? 9) - (scores[1]["loss"]?.number ?? 0)) < 1e-4)
  #expect(try program.run("predict", "merged", "-", input: "a b c").status == 0)
  #expect(try program.json("merged/config.json")["id2label"]?["0"]?.string != nil)

  let again = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
  #expect(again.status != 0 && again.err.contains("merged"))
}

@Test func `merging requires the adapter's base model, and writes the requested number format`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json")
  try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
  let other = try program.run("merge", "merged", "--adapter", "run/adapter", "--output", "twice")
  #expect(
    other.status != 0 && other.err.contains("was trained on another base than merged")
      && other.err.contains("weights: SHA-256"), "\(other.err)")
  #expect(!fileExists(program.folder + "/twice"))
  let bf16 = ["merge", "merged", "--adapter", "run/adapter", "--output", "twice", "--any-base", "--save-dtype", "bf16"]
  #expect(try program.run(bf16).status == 0)
  #expect(try program.run("inspect", "twice").out.contains("BF16"))
  #expect(
    try program.run("merge", "base", "--adapter", "run/adapter", "--output", "x", "--save-dtype", "int8").status != 0)
}

@Suite struct SelectiveMaskedLMTests {
  private let setup: Pretraining
  private var program: Program { setup.program }

  init() throws { setup = try Pretraining() }

  @Test(arguments: methods)
  func `masked-language adapters for a base without a masked head are trained, evaluated and merged`(_ method: String)
    throws
  {
    defer { program.remove() }
    let run = try program.run("run", "mlm.json", "method=\(method)", "training.learning_rate=0.02")
    #expect(run.status == 0, "\(run.err)")
    #expect(try setup.evaluate("base", "--adapter", "run/adapter") == setup.result("run"))
    let merge = try program.run("merge", "base", "--adapter", "run/adapter", "--output", "merged")
    #expect(merge.status == 0, "\(merge.err)")
    #expect(try setup.lossesMatch(setup.evaluate("merged"), setup.result("run"), 1e-4))
  }

  @Test func `masked-language adapters for a base with a masked head are trained, but the linear probe is rejected`()
    throws
  {
    defer { program.remove() }
    try program.run("run", "mlm.json", "output=base2", "training.epochs=1")
    for method in methods.dropLast() {
      let run = try program.run(
        "run", "mlm.json", "model.path=base2/model", "method=\(method)", "training.epochs=1", "--overwrite")
      #expect(run.status == 0, "\(run.err)")
      #expect(try setup.evaluate("base2/model", "--adapter", "run/adapter") == setup.result("run"))
    }
    let head = try program.run(
      "run", "mlm.json", "model.path=base2/model", #"method={"type":"head"}"#, "output=other")
    #expect(head.status != 0 && head.err.contains("word embeddings"), "\(head.err)")
  }
}
