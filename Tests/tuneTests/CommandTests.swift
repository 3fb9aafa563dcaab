import Files
import Foundation
import Testing

@Test func `run trains, scores and leaves a whole folder`() throws {
  let program = try Program()
  defer { program.remove() }
  let run = try program.run("run", "recipe.json")
  #expect(run.status == 0 && run.out.contains("test: precision"), "\(run.err)")
  let result = try program.json("run/result.json")
  let wanted = [
    "status", "seed", "trainable_parameters", "total_parameters", "train_seconds", "tokens",
    "tokens_per_second", "peak_memory_bytes", "threads", "blas_core", "best", "metrics",
  ]
  #expect(wanted.filter { result[$0] == nil } == [])
  #expect(result["status"] == "completed")
  for split in ["dev", "test"] {
    let score = result["metrics"]?[split]
    #expect(["precision", "recall", "f1", "per_type"].allSatisfy { score?[$0] != nil })
  }
  let names = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/run/adapter").sorted()
  #expect(names == ["README.md", "adapter_config.json", "adapter_model.safetensors", "tune.json"])
  let lines = try readText(program.folder + "/run/metrics.jsonl").split(separator: "\n")
  #expect(try lines.allSatisfy { try JSON(parsing: .init($0.utf8), named: "line")["event"] != nil })
  for name in ["README.md", "adapter_config.json", "tune.json"] {
    #expect(try !readText("\(program.folder)/run/adapter/\(name)").contains(program.folder))
  }

  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv", "--json")
  let score = try JSON(parsing: .init(eval.out.utf8), named: "eval")
  #expect(score == result["metrics"]?["test"])

  let again = try program.run("run", "recipe.json")
  #expect(again.status != 0 && again.err.contains("--overwrite"))
  #expect(try program.run("run", "recipe.json", "--overwrite").status == 0)
}

@Test func `one thread, two, and recomputed blocks leave the same adapter, byte for byte`() throws {
  let program = try Program()
  defer { program.remove() }
  for threads in ["1", "2"] {
    #expect(try program.run("run", "recipe.json", "output=t\(threads)", "--threads", threads).status == 0)
  }
  #expect(try program.run("run", "recipe.json", "output=again", "training.gradient_checkpointing=true").status == 0)
  let files = try ["t1", "t2", "again"].map {
    try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors")
  }
  #expect(files[0] == files[1] && files[0] == files[2])
}

@Test func `full fine-tuning leaves a model that predicts without an adapter`() throws {
  let program = try Program()
  defer { program.remove() }
  let run = try program.run("run", "recipe.json", #"method={"type":"full"}"#, "training.learning_rate=1e-3")
  #expect(run.status == 0, "\(run.err)")
  let eval = try program.run("eval", "run/model", "test.tsv", "--json")
  let (score, wanted) = (try JSON(parsing: .init(eval.out.utf8), named: "e"), try program.json("run/result.json"))
  #expect(score["per_type"] == wanted["metrics"]?["test"]?["per_type"])
  let predict = try program.run("predict", "run/model", "-", input: "a b c\n")
  #expect(try JSON(parsing: .init(predict.out.utf8), named: "p")["entities"]?["base"]?.array != nil, "\(predict.err)")
}

@Test func `adapters are swapped over one base, and the base answers as if they had never been there`() throws {
  let program = try Program()
  defer { program.remove() }
  for seed in ["1", "2"] { try program.run("run", "recipe.json", "seed=\(seed)", "output=r\(seed)") }
  let text = "{\"text\": \"a b c ü d\", \"id\": 7}\nb b\n\n"
  func entities(_ arguments: [String], _ name: String) throws -> [JSON?] {
    let result = try program.run(["predict", "base"] + arguments + ["--logits", "-"], input: text)
    #expect(result.status == 0, "\(result.err)")
    return try result.out.split(separator: "\n").map { line in
      let json = try JSON(parsing: .init(line.utf8), named: "p")
      return .array([json["entities"]?[name] ?? .null, json["windows"]?[name] ?? .null])
    }
  }
  let one = ["--adapter", "one=r1/adapter"], two = ["--adapter", "two=r2/adapter"]
  #expect(try entities(one + two, "two") == entities(two, "two"))
  #expect(try entities(one + two, "one") == entities(one, "one"))
  #expect(try entities(one + two + ["--base"], "base") == entities([], "base"))
  #expect(try entities(one, "one").count == 3)
}

@Test func `an interrupted run goes on with resume and ends as if it had not been`() throws {
  let program = try Program()
  defer { program.remove() }
  let long = ["recipe.json", "training.epochs=60"]
  try program.run(["run"] + long + ["output=whole"])
  try program.interrupt(["run"] + long + ["output=cut"])
  #expect(try program.json("cut/result.json")["status"] == "interrupted")
  #expect(fileExists(program.folder + "/cut/adapter/adapter_model.safetensors"))
  #expect(try program.run(["run"] + long + ["output=cut"]).err.contains("--resume"))
  let changed = try program.run(["run"] + long + ["output=cut", "seed=4", "--resume"])
  #expect(changed.status != 0 && changed.err.contains("seed: 3 then, 4 now"))
  let resumed = try program.run(["run"] + long + ["output=cut", "--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  let files = try ["whole", "cut"].map { try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors") }
  #expect(files[0] == files[1])
}

@Test func `wrong input is refused in words, with status 1 and nothing left behind`() throws {
  let program = try Program()
  defer { program.remove() }
  let bad = try program.run("run", "recipe.json", "training.epocs=1", "method.rank=0", "data.test=nowhere.tsv")
  #expect(bad.status == 1)
  for word in ["epochs", "method.rank", "nowhere.tsv"] { #expect(bad.err.contains(word), "\(bad.err)") }
  #expect(!fileExists(program.folder + "/run"))
  try writeFile("a\tB-X\nb\tQ\n", to: program.folder + "/train.tsv")
  #expect(try program.run("run", "recipe.json").err.contains("train.tsv:2"))
  try writeFile("{\"text\": 3}", to: program.folder + "/in.jsonl")
  #expect(try program.run("predict", "base", "in.jsonl").err.contains("in.jsonl:1"))
}

@Test(arguments: [
  #"method={"type":"full"}"#,
  #"method={"type":"lora","rank":2,"alpha":4,"target_modules":["query"],"modules_to_save":["value","word_embeddings"]}"#,
])
func `a run in bf16 is scored as eval scores it in bf16, to the last digit`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  let run = try program.run("run", "recipe.json", "precision=bf16", method, "training.learning_rate=1e-3")
  #expect(run.status == 0, "\(run.err)")
  let model = method.contains("lora") ? ["base", "--adapter", "run/adapter"] : ["run/model"]
  let eval = try program.run(["eval"] + model + ["test.tsv", "--precision", "bf16", "--json"])
  let result = try program.json("run/result.json"), wanted = result["metrics"]?["test"]
  let score = try JSON(parsing: .init(eval.out.utf8), named: "e")
  if result["gemm_backend"] == "avx512bf16" || method.contains("lora") {
    #expect(score == wanted)
  } else {  // Without AVX512-BF16 weights are rounded when they no longer learn.
    #expect(abs((score["loss"]?.number ?? .nan) - (wanted?["loss"]?.number ?? .nan)) < 1e-2)
  }
  #expect(try program.json("run/result.json")["precision"] == "bf16")
}

@Test func `an adapter says the same in bf16, whoever is loaded beside it`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", "output=one").status == 0)
  let other = #"method.modules_to_save=["value","word_embeddings","attention.output.dense"]"#
  #expect(
    try program.run("run", "recipe.json", "output=two", other, #"method.target_modules=["query","intermediate.dense"]"#)
      .status == 0)
  func answer(_ more: [String]) throws -> JSON? {
    let arguments = ["predict", "base", "-", "--precision", "bf16", "--logits", "--adapter", "one=one/adapter"] + more
    let predict = try program.run(arguments, input: "a b c\n")
    return try JSON(parsing: .init(predict.out.utf8), named: "p")["windows"]?["one"]
  }
  let alone = try answer([])
  #expect(alone != nil)
  #expect(try answer(["--adapter", "two=two/adapter"]) == alone)
}
