/// The commands runs and compare, the run index, and the log formats.
import Files
import Foundation
import TestSupport
import Testing

/// The JSON output of a successful command.
private func json(_ result: Program.Result) throws -> JSON {
  #expect(result.status == 0, "\(result.err)")
  return try JSON(parsing: .init(result.out.utf8), named: "output")
}

@Test func `runs are listed, filtered, sorted and compared`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json", "output=runs/small")
  try program.run("run", "recipe.json", "output=runs/large", "method.rank=8", "seed=4")
  let failed = try program.run("run", "recipe.json", "output=runs/wild", "training.learning_rate=1e30")
  #expect(failed.status == 1)
  let list = try program.run("runs")
  let lines = list.out.split(separator: "\n")
  #expect(lines.count == 4 && lines[0].hasPrefix("run ") && lines[0].contains("parameters"))
  #expect(lines[0].contains("rank  alpha") && lines[0].contains("dev.f1") && lines[0].contains("test.f1"))
  #expect(list.out.contains("runs/wild") && list.err.contains("runs/wild failed: Step"))
  let filtered = try json(program.run("runs", "runs", "--where", "method=lora and rank>4", "--json"))
  #expect(filtered.array?.count == 1 && filtered.array?[0]["run"] == "runs/large")
  #expect(filtered.array?[0]["test.f1"] == (try program.json("runs/large/result.json")["metrics"]?["test"]?["f1"]))
  let best = try json(program.run("runs", "--best", "dev.loss", "--json"))
  let losses = try ["small", "large"].map {
    try program.json("runs/\($0)/result.json")["metrics"]?["dev"]?["loss"]?.number ?? .nan
  }
  #expect(best.array?.count == 1 && best.array?[0]["dev.loss"]?.number == losses.min())
  #expect(try json(program.run("runs", "--best", "--json")).array?.count == 1)
  #expect(try program.run("runs", "--where", "rnk=4").err.contains("Did you mean 'rank'?"))
  #expect(try program.run("runs", "nowhere").status == 1)

  let comparison = try json(program.run("compare", "runs/small", "runs/large", "--json"))
  #expect(comparison["settings"] == ["method.alpha": [8.0, 8.0], "method.rank": [4, 8], "seed": [3, 4]])
  #expect(comparison["results"]?["trainable_parameters"]?.array?.count == 2)
  #expect(try program.run("compare", "runs/small", "runs/large").out.contains("method.rank"))
  #expect(try program.run("compare", "runs/small").status != 0)
}

@Test func `runs are selected on dev, and a run without dev is never the best`() throws {
  let program = try Program()
  defer { program.remove() }
  try program.run("run", "recipe.json", "output=runs/with")
  try program.run("run", "recipe.json", "output=runs/without", "data.dev=null")
  let best = try program.run("runs", "--best", "f1", "--json")
  #expect(try json(best).array?.map { $0["run"] } == ["runs/with"])
  #expect(best.err.contains("note: 1 of 2 runs are not selected by 'dev.f1'"), "\(best.err)")
  let sorted = try program.run("runs", "--sort", "f1").out.split(separator: "\n")
  #expect(sorted[1].hasPrefix("runs/with ") && sorted[2].hasPrefix("runs/without "))
  #expect(try json(program.run("runs", "--where", "f1>=0", "--json")).array?.count == 1)
  #expect(try json(program.run("runs", "--where", "test.f1>=0", "--json")).array?.count == 2)
  #expect(try !program.run("runs", "--sort", "test.f1").err.contains("note"))
  let alone = try program.run("runs", "runs", "--where", "run=runs/without", "--best", "--json")
  #expect(try json(alone).array == [] && alone.err.contains("not selected by 'best'"))
}

@Test
func `validate counts labels and notes what a run notes; inspect and a hint name adapters only where there are any`()
  throws
{
  let program = try Program()
  defer { program.remove() }
  let valid = try program.run("validate", "recipe.json", "data.test=dev.tsv", "data.max_dev_examples=5")
  let rows = valid.out.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  #expect(rows[0] == ["recipe.json:", "valid"] && rows[1] == ["train", "dev", "test"] && rows.count == 5)
  #expect(rows[2] == ["sentences", "60", "5", "20"] && rows[3][0] == "A" && rows[4][0] == "B")
  let note = "note: dev and test have the same file, dev.tsv: "
  #expect(valid.err.contains(note))
  #expect(try program.run("run", "recipe.json", "data.test=dev.tsv", "training.epochs=1").err.contains(note))
  #expect(try program.json("run/result.json")["metrics"]?["dev"] == program.json("run/result.json")["metrics"]?["test"])
  let inspect = try program.run("inspect", "base")
  #expect(inspect.status == 0 && !inspect.out.contains("adapter") && inspect.out.contains("tensors, "))
  #expect(try program.run("inspect", "run").out.contains("adapter: LORA, r 4, base base"))

  try FileManager.default.copyItem(atPath: fixture("tiny-bert-bare"), toPath: program.folder + "/bare")
  let noHead = try program.run("eval", "bare", "dev.tsv").err
  #expect(noHead.contains("Give an adapter: --adapter FOLDER."), "\(noHead)")
  for command in ["eval", "predict"] {
    let typed = try program.run(command, "bare", "--adapter", "run/adapter", "--any-base", "dev.tsv")
    #expect(typed.status == 0, "\(typed.err)")
  }
}

@Test func `concurrent runs are all in the index, and listing them does not change it`() throws {
  let program = try Program()
  defer { program.remove() }
  let names = ["a", "b", "c", "d"]
  let processes = try names.map { name in
    let process = Process(), errors = Pipe()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["run", "recipe.json", "output=runs/\(name)", "training.epochs=1", "--threads", "1"]
    process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
    (process.standardError, process.standardOutput) = (errors, FileHandle.nullDevice)
    try process.run()
    return (process, errors)
  }
  for (process, errors) in processes {
    let notes = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && !notes.contains("index"), "\(notes)")
  }
  let index = program.folder + "/runs/.tune-runs.sqlite", before = try readFile(index)
  let runs = try json(program.run("runs", "--json")).array ?? []
  #expect(runs.compactMap { $0["run"]?.string }.sorted() == names.map { "runs/\($0)" })
  #expect(runs.allSatisfy { $0["status"] == "completed" })
  #expect(try readFile(index) == before)
}

@Test func `a run without a writable index completes with a note`() throws {
  let program = try Program()
  defer { program.remove() }
  try makeFolder(program.folder + "/.tune-runs.sqlite/in the way")
  let run = try program.run("run", "recipe.json")
  #expect(run.status == 0 && run.err.contains("note: the run index was not updated"), "\(run.err)")
  #expect(try program.json("run/result.json")["status"] == "completed")
  #expect(try program.run("runs", ".").out.contains("completed"))
}

@Test func `a resumed run's CSV and TensorBoard logs are complete, even if they were enabled on resuming`() throws {
  let program = try Program()
  defer { program.remove() }
  let long = ["run", "recipe.json", "training.epochs=60", "output=cut"]
  let process = try program.start(long + ["logging.csv=true"])
  while !program.hasSnapshot("cut") && process.isRunning { usleep(1000) }
  kill(process.processIdentifier, SIGKILL)
  process.waitUntilExit()
  #expect(try json(program.run("runs", ".", "--json")).array?[0]["status"] == "interrupted")
  let resumed = try program.run(long + ["logging.csv=true", "logging.tensorboard=true", "--resume"])
  #expect(resumed.status == 0, "\(resumed.err)")
  let lines = try readText(program.folder + "/cut/metrics.jsonl").split(separator: "\n")
  let rows = try readText(program.folder + "/cut/metrics.csv").split(separator: "\r\n").dropFirst()
  let steps = try lines.map { try JSON(parsing: .init($0.utf8), named: "line")["step"]?.int }
  #expect(rows.map { Int($0.split(separator: ",")[2]) } == steps && steps.count > 60)
  let names = try FileManager.default.contentsOfDirectory(atPath: program.folder + "/cut")
  let events = names.filter { $0.hasPrefix("events.out.tfevents.") }
  #expect(events.count == 1)
  let bytes = String(decoding: try readFile(program.folder + "/cut/" + (events.first ?? "")), as: UTF8.self)
  #expect(
    bytes.components(separatedBy: "train/loss").count - 1 == lines.filter { $0.contains(#""event":"step""#) }.count)
}
