/// Runs by recipe of the methods that put something between a model's parts.
import Files
import Foundation
import TestSupport
import Testing

private let methods = [
  #"{"type":"houlsby","reduction_factor":4,"dropout":0.1}"#,
  #"{"type":"pfeiffer","reduction_factor":8,"non_linearity":"tanh"}"#,
]

@Test(arguments: methods)
func `what was inserted is trained, resumed, saved, scored and predicts`(_ method: String) throws {
  let program = try Program()
  defer { program.remove() }
  let settings = ["recipe.json", "method=\(method)", "training.epochs=20"]
  let run = try program.run(["run"] + settings + ["--threads", "2"])
  #expect(run.status == 0, "\(run.err)")
  let result = try program.json("run/result.json")
  #expect((result["metrics"]?["test"]?["f1"]?.number ?? 0) > 0.05, "\(result.text())")
  let eval = try program.run("eval", "base", "--adapter", "run/adapter", "test.tsv", "--json")
  #expect(try JSON(parsing: .init(eval.out.utf8), named: "eval") == result["metrics"]?["test"], "\(eval.err)")
  let predict = try program.run("predict", "base", "--adapter", "a=run/adapter", "-", input: "a b c\n")
  #expect(try JSON(parsing: .init(predict.out.utf8), named: "p")["entities"]?["a"]?.array != nil, "\(predict.err)")
  #expect(try program.run("inspect", "run").out.contains("adapter: "))

  let process = Process()
  process.executableURL = URL(fileURLWithPath: Program.path)
  process.arguments = ["run"] + settings + ["output=cut", "training.recompute=true"]
  process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
  (process.standardError, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
  try process.run()
  while !fileExists(program.folder + "/cut/metrics.jsonl") { usleep(1000) }
  process.terminate()
  process.waitUntilExit()
  try #require(process.terminationStatus == 130)
  let resumed = try program.run(["run"] + settings + ["output=cut", "training.recompute=true", "--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  let files = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/run/adapter")
  for file in files where file.hasSuffix(".safetensors") {
    let folders = try ["run", "cut"].map { try readFile("\(program.folder)/\($0)/adapter/\(file)") }
    #expect(folders[0] == folders[1], "\(file)")
  }
}

@Test(arguments: methods) func `what was inserted is scored in bf16 as eval scores it`(_ method: String) throws {
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
