/// A run's folder in place of a recipe, a base with its adapter, an adapter or a model; adapters in folders with "=".
import Files
import Foundation
import Testing

@Test func `a run's folder stands for its recipe, its base with its adapter, and its adapter`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json").status == 0)
  func same(_ short: [String], _ full: [String]) throws {
    let (a, b) = (try program.run(short, input: "a b c\n"), try program.run(full, input: "a b c\n"))
    #expect(a.status == 0 && a.out == b.out && !a.out.isEmpty, "\(short): \(a.err)")
  }
  try same(["eval", "run", "test.tsv"], ["eval", "base", "--adapter", "run/adapter", "test.tsv"])
  try same(["eval", "base", "--adapter", "run", "test.tsv"], ["eval", "run/", "test.tsv"])
  try same(["predict", "run", "-"], ["predict", "base", "--adapter", "run=run/adapter", "-"])
  try same(["predict", "base", "--adapter", "run", "-"], ["predict", "run", "-"])
  try same(["tokenize", "run", "-"], ["tokenize", "base", "-"])
  try same(["cat", "run"], ["cat", "run/recipe.json"])
  #expect(try program.run("merge", "run", "--output", "merged").status == 0)
  #expect(fileExists(program.folder + "/merged/model.safetensors"))
  #expect(try program.run("validate", "run").out.contains("valid"))
  #expect(try program.run("run", "run", "--resume").err.contains("already finished"))
  #expect(try program.run("run", "run", "output=again", "training.epochs=1").status == 0)
  let both = try program.run("eval", "run", "--adapter", "again", "test.tsv")
  #expect(both.status == 64 && both.err.contains("leave --adapter out"), "\(both.err)")
}

@Test func `the folder of a run in full stands for its model, also in a recipe and as a teacher`() throws {
  let program = try Program()
  defer { program.remove() }
  let full = #"method={"type":"full"}"#
  #expect(try program.run("run", "recipe.json", full, "output=full", "training.learning_rate=1e-3").status == 0)
  let (short, long) = (
    try program.run("eval", "full", "test.tsv"), try program.run("eval", "full/model", "test.tsv")
  )
  #expect(short.status == 0 && short.out == long.out)
  #expect(try program.run("run", "recipe.json", "model.path=full", "training.epochs=1").status == 0)
  #expect(try program.json("run/recipe.json")["model"]?["path"] == "full/model")
  let student = try program.run(
    "run", "recipe.json", full, "output=student", "training.epochs=1",
    #"distillation={"teachers":["full","run"],"cosine_weight":0}"#)
  #expect(student.status == 0, "\(student.err)")
  #expect(
    try program.json("student/recipe.json")["distillation"]?["teachers"] == [
      ["path": "full/model"], ["path": "full/model", "adapter": "run/adapter"],
    ])
  let wrong = try program.run("eval", "base", "--adapter", "full", "test.tsv")
  #expect(wrong.status == 1 && wrong.err.contains("has no adapter"), "\(wrong.err)")
  let adapter = try program.run("run", "recipe.json", "model.path=run", "output=x")
  #expect(adapter.status == 1 && adapter.err.contains("tune merge run"), "\(adapter.err)")
}

@Test func `an existing folder is not split at =, else the first = counts that a folder follows`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", "output=sweep/rank=8,seed=3", "training.epochs=1").status == 0)
  func name(_ adapter: String) throws -> [String] {
    let result = try program.run("predict", "base", "-", "--adapter", adapter, input: "a b\n")
    let entities = try JSON(parsing: .init(result.out.utf8), named: adapter)["entities"]?.object
    return entities.map { Array($0.keys) } ?? [result.err]
  }
  #expect(try name("sweep/rank=8,seed=3") == ["rank=8,seed=3"])
  #expect(try name("sweep/rank=8,seed=3/adapter") == ["adapter"])
  #expect(try name("a=sweep/rank=8,seed=3/adapter") == ["a"])
  #expect(try name("x=1=sweep/rank=8,seed=3") == ["x=1"])
  for (adapter, folder) in [("a=nowhere", "nowhere/"), ("sweep/rank=9", "sweep/rank=9/")] {
    let missing = try program.run("predict", "base", "-", "--adapter", adapter, input: "a\n")
    #expect(missing.status == 1 && missing.err.contains("Error: \(folder)"), "\(missing.err)")
  }
}

@Test(arguments: [SIGTERM, SIGKILL])
func `the scores of an interrupted run are shown`(_ signal: Int32) throws {
  let program = try Program()
  defer { program.remove() }
  let process = try program.start(["run", "recipe.json", "training.epochs=500", "output=runs/cut"])
  let log = program.folder + "/runs/cut/metrics.jsonl"
  while process.isRunning, !program.hasSnapshot("runs/cut") { usleep(2000) }
  kill(process.processIdentifier, signal)
  process.waitUntilExit()
  let best = try jsonLines(readText(log)).last { $0["is_best"] == true }
  let f1 = try #require(best?["metrics"]?["f1"]?.number)
  let runs = try JSON(parsing: .init(program.run("runs", "--json").out.utf8), named: "runs").array
  #expect(runs?.count == 1 && runs?[0]["status"] == "interrupted" && runs?[0]["dev.f1"]?.number == f1, "\(f1)")
  #expect(runs?[0]["best.step"] == best?["step"])
  #expect(try program.run("runs").out.contains("dev.f1"))
  let compare = try JSON(parsing: .init(program.run("compare", "runs/cut", "runs/cut", "--json").out.utf8), named: "c")
  #expect(compare["results"]?["dev.f1"]?.array?[0].number == f1)
}

@Test func `files of the user stay where the run replaces its own, even with names of the run's`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json").status == 0)
  let others = [
    "README.md", "config.json", "model.safetensors", "notes/README.md", "notes/deep/tune.json", "adapter/own.txt",
    "adapter/sub/config.json", "predictions/mine.jsonl", "snapshots/step-mine.safetensors", "adapter.tmp-mine",
    "x.tmp-1abcdefghijk", "events.out.tfevents.host.1", "sub/recipe.json",
  ]
  for name in others {
    let path = "\(program.folder)/run/\(name)"
    try makeFolder(parentFolder(of: path))
    try writeFile("mine", to: path)
  }
  #expect(try program.run("run", "recipe.json", "output=run/inner").status == 0)
  #expect(try program.run("run", "recipe.json", "seed=9", "--overwrite").status == 0)
  for name in others { #expect(try readText("\(program.folder)/run/\(name)") == "mine", "\(name)") }
  #expect(fileExists(program.folder + "/run/inner/adapter/adapter_model.safetensors"))
  #expect(!fileExists(program.folder + "/.run.new"))
}

@Test func `an adapter folder that is a link is replaced, and what it refers to stays`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json").status == 0)
  let run = program.folder + "/run", weights = "/adapter_model.safetensors"
  #expect(rename(run + "/adapter", program.folder + "/kept") == 0 && symlink("../kept", run + "/adapter") == 0)
  let before = try readFile(program.folder + "/kept" + weights)
  for seed in [8, 9] { #expect(try program.run("run", "recipe.json", "seed=\(seed)", "--overwrite").status == 0) }
  #expect(try readFile(program.folder + "/kept" + weights) == before && readFile(run + "/adapter" + weights) != before)
  #expect(try FileManager.default.contentsOfDirectory(atPath: run).allSatisfy { !$0.contains(".tmp-") })
}
