/// Files that `tune` must not overwrite, and settings that it must reject.
import Files
import Foundation
import Testing

@Test func `a folder with other files is never written to`() throws {
  let program = try Program()
  defer { program.remove() }
  try makeFolder(program.folder + "/mine/adapter")
  try writeFile("thesis", to: program.folder + "/mine/adapter/thesis.txt")
  for arguments in [["run", "recipe.json", "output=mine"], ["run", "recipe.json", "output=mine", "--overwrite"]] {
    let run = try program.run(arguments)
    #expect(run.status == 1 && run.err.contains("not a run folder"))
  }
  #expect(try readText(program.folder + "/mine/adapter/thesis.txt") == "thesis")
  let inside = try program.run("run", "recipe.json", "output=.")
  #expect(inside.status == 1 && inside.err.contains("which this run reads"))
}

@Test func `a failed run does not remove the earlier run's adapter`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json")
  let adapter = program.folder + "/run/adapter/adapter_model.safetensors"
  let before = try readFile(adapter)
  let failed = try program.run("run", "recipe.json", "--overwrite", "training.learning_rate=1e30")
  #expect(failed.status == 1 && failed.err.contains("learning_rate"))
  #expect(failed.err.contains("train.tsv, sentence ") && failed.err.contains("(line "))
  #expect(try readFile(adapter) == before)
}

@Test(arguments: [
  ([], "adapter/adapter_model"),
  ([#"method={"type":"full"}"#, "training.save_steps=7"], "model/model"),
])
func `a killed run resumes from its last snapshot to the same bytes`(_ settings: [String], _ weights: String) throws {
  let program = try Program()
  defer { program.remove() }
  let long = ["recipe.json", "training.epochs=80"] + settings
  try program.run(["run"] + long + ["output=whole"])
  let process = try program.start(["run"] + long + ["output=cut"])
  while !program.hasSnapshot("cut") { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  #expect(try program.run(["run"] + long + ["output=cut"]).err.contains("--resume"))

  let train = try readText(program.folder + "/train.tsv")
  try writeFile(train + "\na\tO\n", to: program.folder + "/train.tsv")
  let changed = try program.run(["run"] + long + ["output=cut", "--resume"])
  #expect(changed.status == 1 && changed.err.contains("the data have changed"))
  try writeFile(train, to: program.folder + "/train.tsv")

  #expect(try program.run(["run"] + long + ["output=cut", "--resume"]).status == 0)
  let files = try ["whole", "cut"].map { try readFile("\(program.folder)/\($0)/\(weights).safetensors") }
  #expect(files[0] == files[1])
  let steps = try ["whole", "cut"].map {
    try readText("\(program.folder)/\($0)/metrics.jsonl").split(separator: "\n").count
  }
  #expect(steps[0] == steps[1])
}

@Test(arguments: [
  (#"method.modules_to_save=["query"]"#, "gets an adapter"), (#"method.modules_to_save=["nope"]"#, "matches no module"),
  ("method.layers_to_transform=[0,5]", "layers 0 to 1"), (#"method.rank_pattern={"zzz":2}"#, "matches no module"),
  ("method.rank=100000", "no side longer than 32"), ("data.stride=40", "less than half"),
  ("training.epochs=1e300", "epochs"),
])
func `a setting without effect or out of range is rejected with a message`(_ setting: String, _ message: String) throws
{
  let program = try Program()
  defer { program.remove() }
  let run = try program.run("validate", "recipe.json", setting)
  #expect(run.status == 1 && run.err.contains(message), "\(run.err)")
}
