/// The commands runs and compare, the run index, and the log formats.
import Files
import Foundation
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
  #expect(comparison["settings"] == ["method.rank": [4, 8], "seed": [3, 4]])
  #expect(comparison["results"]?["trainable_parameters"]?.array?.count == 2)
  #expect(try program.run("compare", "runs/small", "runs/large").out.contains("method.rank"))
  #expect(try program.run("compare", "runs/small").status != 0)
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
