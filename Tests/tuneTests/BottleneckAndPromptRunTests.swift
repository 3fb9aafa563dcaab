/// Runs with bottleneck adapters, prompt tuning and prefix tuning.
import Files
import Foundation
import TestSupport
import Testing

private let methods = [
  #"{"type":"houlsby","reduction_factor":4,"dropout":0.1}"#,
  #"{"type":"pfeiffer","reduction_factor":8,"non_linearity":"tanh"}"#,
  #"{"type":"prompt","num_virtual_tokens":4,"prompt_tuning_init":"text","prompt_tuning_init_text":"a drug"}"#,
  #"{"type":"prompt","num_virtual_tokens":40}"#,
  #"{"type":"prefix","num_virtual_tokens":3}"#,
  #"{"type":"prefix","num_virtual_tokens":3,"prefix_projection":true,"encoder_hidden_size":8}"#,
]

@Test(arguments: methods)
func `the adapter is trained, resumed, saved, evaluated and used for prediction`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  let settings = ["recipe.json", "method=\(method)", "training.epochs=20"]
  let run = try program.run(["run"] + settings + ["--threads", "2"])
  #expect(run.status == 0, "\(run.err)")
  let result = try program.json("run/result.json")
  let losses = try readText(program.folder + "/run/metrics.jsonl").split(separator: "\n").compactMap {
    try JSON(parsing: .init($0.utf8), named: "line")["loss"]?.number
  }
  #expect((losses.last ?? .nan) < 0.9 * losses[0], "\(losses)")
  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv", "--json")
  #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == result["metrics"]?["test"], "\(eval.err)")
  let predict = try program.run("predict", "base", "--adapter", "a=run/adapter", "-", input: "a b c\n")
  #expect(try JSON(parsing: .init(predict.out.utf8), named: "p")["entities"]?["a"]?.array != nil, "\(predict.err)")
  #expect(try program.run("inspect", "run").out.contains("adapter: "))

  try program.interrupt(["run"] + settings + ["output=cut", "training.gradient_checkpointing=true"])
  let resumed = try program.run(
    ["run"] + settings + ["output=cut", "training.gradient_checkpointing=true", "--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  let files = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/run/adapter")
  for file in files where file.hasSuffix(".safetensors") {
    let folders = try ["run", "cut"].map { try readFile("\(program.folder)/\($0)/adapter/\(file)") }
    #expect(folders[0] == folders[1], "\(file)")
  }
}

@Test(arguments: methods) func `a new masked-language head is saved with the adapter and loaded`(_ method: String)
  throws
{
  let program = try Program()
  defer { program.remove() }
  try writeFile(String(repeating: "a b c d e f g\n", count: 60), to: program.folder + "/text.txt")
  let run = try program.run(
    "run", "recipe.json", "method=\(method)", #"task={"type":"masked_lm"}"#,
    #"data={"format":"text","train":"text.txt","dev":"text.txt","max_length":8}"#)
  #expect(run.status == 0, "\(run.err)")
  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "text.txt", "--json")
  let (found, result) = (try JSON(parsing: .init(eval.out.utf8), named: "e"), try program.json("run/result.json"))
  #expect(found["perplexity"]?.number == result["metrics"]?["dev"]?["perplexity"]?.number, "\(eval.err)")
  #expect(found["perplexity"]?.number != nil)
}

@Test func `invalid settings of prompts, prefixes and bottlenecks are rejected`() throws {
  let program = try Program()
  defer { program.remove() }
  func rejection(_ method: String, _ more: String...) throws -> String {
    let run = try program.run(["run", "recipe.json", "method=\(method)"] + more)
    return run.status == 1 && !fileExists(program.folder + "/run") ? run.err : "ran: \(run.err)"
  }
  #expect(
    try rejection(#"{"type":"prompt","num_virtual_tokens":30}"#, "data.max_length=19")
      .contains("at most 18 tokens in addition to the adapter's 30 virtual tokens"))
  #expect(try rejection(#"{"type":"prefix","num_virtual_tokens":41}"#).contains("takes 41 of the model's 48 positions"))
  #expect(
    try rejection(#"{"type":"prompt","prompt_tuning_init":"text"}"#).contains(
      "expected 'prompt_tuning_init_text' to be set as well"))
  #expect(
    try rejection(#"{"type":"prompt","prompt_tuning_init_text":"a"}"#).contains(
      "expected 'prompt_tuning_init' to be \"text\""))
  #expect(
    try rejection(#"{"type":"prefix","encoder_hidden_size":8}"#).contains("expected 'prefix_projection' to be true"))
  #expect(try rejection(#"{"type":"pfeiffer","leave_out":[2]}"#).contains("layers 0 to 1"))
}

@Test(arguments: methods) func `the test metrics of a bf16 run are those of eval in bf16`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  let run = try program.run("run", "recipe.json", "method=\(method)", "precision=bf16")
  #expect(run.status == 0, "\(run.err)")
  let eval = try program.run(
    "eval", "base", "--adapter", "run/adapter", "test.tsv", "--json", "--precision", "bf16")
  #expect(
    try JSON(parsing: .init(eval.out.utf8), named: "eval") == program.json("run/result.json")["metrics"]?["test"],
    "\(eval.err)")
}
