/// A cased vocabulary whose files do not say whether to lower-case text, as of BioBERT v1.1, and `model.lowercase`.
import Files
import Foundation
import Testing

/// A program whose base has capitals in vocab.txt, and no tokenizer_config.json.
private func casedProgram() throws -> Program {
  let program = try Program(), base = program.folder + "/base"
  let capitals = ["h": "A", "i": "B", "j": "C", "k": "D", "l": "E"]
  let lines = try readText(base + "/vocab.txt").split(separator: "\n").map { capitals[String($0)] ?? String($0) }
  try writeFile(lines.joined(separator: "\n") + "\n\n", to: base + "/vocab.txt")
  try FileManager.default.removeItem(atPath: base + "/tokenizer_config.json")
  return program
}

/// The ids of "a A" by the name of the adapter.
private func ids(_ program: Program, _ arguments: [String]) throws -> [String: JSON] {
  let predict = try program.run(["predict"] + arguments + ["--logits", "-"], input: "a A\n")
  #expect(predict.status == 0, "\(predict.err)")
  let windows = try JSON(parsing: .init(predict.out.utf8), named: "p")["windows"]?.object ?? [:]
  return windows.compactMapValues { $0.array?.first?["ids"] }
}

private let cased: JSON = [2, 5, 12, 3], lower: JSON = [2, 5, 5, 3]

@Test func `a cased vocabulary without do_lower_case is an error in every command`() throws {
  let program = try casedProgram()
  defer { program.remove() }
  for arguments in [
    ["run", "recipe.json"], ["tokenize", "base", "-"], ["tokenizer", "stats", "train.tsv", "--vocabulary", "base"],
    ["tokenizer", "trim", "base", "--text", "train.tsv", "--size", "50", "--output", "small"],
    ["predict", "base", "-"], ["eval", "base", "test.tsv"],
  ] {
    let result = try program.run(arguments)
    #expect(result.status != 0)
    for text in ["base: ", "model.lowercase", "base/tokenizer_config.json", "\"do_lower_case\": false"] {
      #expect(result.err.contains(text), "\(arguments): \(result.err)")
    }
  }
  try writeFile(#"{"do_lower_case": false}"#, to: program.folder + "/base/tokenizer_config.json")
  #expect(try program.run("tokenize", "base", "-", input: "a A").out == "[CLS] a A [SEP]\n")
}

@Test func `model lowercase is remembered by the adapter, and each adapter of a base has its own`() throws {
  let program = try casedProgram()
  defer { program.remove() }
  for lowercase in ["true", "false"] {
    let run = try program.run("run", "recipe.json", "model.lowercase=\(lowercase)", "output=run-\(lowercase)")
    #expect(run.status == 0, "\(run.err)")
    #expect(
      try program.json("run-\(lowercase)/adapter/tune.json")["tokenizer"]?["lowercase"] == .bool(lowercase == "true"))
  }
  let adapters = ["--adapter", "cased=run-false/adapter", "--adapter", "lower=run-true/adapter"]
  #expect(try ids(program, ["base"] + adapters) == ["cased": cased, "lower": lower])
  let eval = try program.run("eval", "base", "--adapter", "run-false/adapter", "test.tsv", "--json")
  #expect(
    try JSON(parsing: .init(eval.out.utf8), named: "eval") == program.json("run-false/result.json")["metrics"]?["test"])

  let merge = try program.run("merge", "base", "--adapter", "run-false/adapter", "--output", "merged")
  #expect(merge.status == 0, "\(merge.err)")
  #expect(try program.json("merged/tokenizer_config.json")["do_lower_case"] == false)
  #expect(try ids(program, ["merged"]) == ["base": cased])

  // Without the adapter's own setting, that of the base's files counts.
  try writeFile(#"{"do_lower_case": true}"#, to: program.folder + "/base/tokenizer_config.json")
  let file = program.folder + "/run-false/adapter/tune.json"
  var tune = try JSON(path: file).object ?? [:]
  #expect(try ids(program, ["base"] + adapters) == ["cased": cased, "lower": lower])
  tune["tokenizer"] = nil
  try writeFile(JSON.object(tune).text(), to: file)
  #expect(try ids(program, ["base"] + adapters) == ["cased": lower, "lower": lower])
}

@Test func `a fully fine-tuned model's tokenizer files say what model lowercase was`() throws {
  let program = try casedProgram()
  defer { program.remove() }
  for (lowercase, expected) in [("true", lower), ("false", cased)] {
    let run = try program.run(
      "run", "recipe.json", #"method={"type":"full"}"#, "model.lowercase=\(lowercase)", "output=run-\(lowercase)")
    #expect(run.status == 0, "\(run.err)")
    let model = "run-\(lowercase)/model"
    #expect(try program.json(model + "/tokenizer_config.json")["do_lower_case"] == .bool(lowercase == "true"))
    #expect(try program.json(model + "/tune.json")["tokenizer"]?["lowercase"] == nil)
    #expect(try ids(program, [model]) == ["base": expected])
  }
}

@Test func `a teacher in the student's folder is read with the student's model lowercase`() throws {
  let program = try casedProgram()
  defer { program.remove() }
  let teacher = #"distillation={"teachers":[{"path":"base"}],"task_weight":0.5,"kl_weight":0,"hidden_weight":1}"#
  let run = try program.run("run", "recipe.json", "model.lowercase=false", teacher)
  #expect(run.status == 0, "\(run.err)")
  #expect(try program.run("run", "recipe.json", teacher, "output=other").err.contains("model.lowercase"))
}
