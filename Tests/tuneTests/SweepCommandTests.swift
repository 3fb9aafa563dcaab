/// Sweeps with the program, settings from files, and the command schema.
import Files
import Foundation
import TestSupport
import Testing

/// The program with `sweep.json`, by default a sweep of four runs that extends `recipe.json`.
private func makeProgram(_ settings: String = #""training": {"epochs": 1}, "#, _ grid: String? = nil) throws -> Program
{
  let program = try Program()
  let grid = grid ?? #"{"method.rank": [2, 4], "seed": [1, 2]}"#
  try writeFile(
    #"{"extends": "recipe.json", "output": "grid", \#(settings)"sweep": \#(grid)}"#,
    to: program.folder + "/sweep.json")
  return program
}

@Test func `a sweep runs its grid, aggregates over seeds, and skips finished runs`() throws {
  let program = try makeProgram()
  defer { program.remove() }
  let valid = try program.run("validate", "sweep.json")
  #expect(
    valid.out.hasPrefix(
      "sweep.json: valid, a sweep of 4 runs: method.rank × 2, seed × 2\n           train  dev  test\n"),
    "\(valid.err)")
  #expect(valid.out.split(separator: "\n").count == 5 && valid.err.contains("note: method.alpha is 8 in every run"))
  let run = try program.run("run", "sweep.json")
  #expect(run.status == 0, "\(run.err)")
  let lines = run.out.split(separator: "\n")
  #expect(lines.count == 3 && lines[0].hasPrefix("method.rank  alpha  runs           dev f1          test f1"))
  #expect(
    lines.dropFirst().allSatisfy { $0.contains(" ± ") } && lines.contains { $0.hasSuffix("highest (seeds overlap)") })
  #expect(run.err.contains("note: method.alpha is 8 in every run"))
  let summary = try program.json("grid/sweep.json")
  let configurations = try #require(summary["configurations"]?.array)
  #expect(configurations.map { $0["settings"] } == [["method.rank": 2], ["method.rank": 4]])
  let values = try [1, 2].map { seed in
    try #require(program.json("grid/rank=2,seed=\(seed)/result.json")["metrics"]?["test"]?["f1"]?.number)
  }
  let mean = (values[0] + values[1]) / 2, deviation = abs(values[0] - values[1]) / 2.0.squareRoot()
  #expect(abs((configurations[0]["test"]?["f1"]?["mean"]?.number ?? .nan) - mean) < 1e-12)
  #expect(abs((configurations[0]["test"]?["f1"]?["std"]?.number ?? .nan) - deviation) < 1e-12)
  #expect(try readText(program.folder + "/grid/sweep.tsv").split(separator: "\n").count == 3)
  #expect(try program.json("grid/rank=2,seed=1/recipe.json")["sweep"] == nil)

  let before = try readFile(program.folder + "/grid/rank=2,seed=1/result.json")
  let again = try program.run("run", "sweep.json", "--json")
  #expect(again.status == 0 && again.err.components(separatedBy: "already finished").count == 5)
  #expect(try JSON(parsing: .init(again.out.utf8), named: "out") == summary)
  #expect(try readFile(program.folder + "/grid/rank=2,seed=1/result.json") == before)
  for (number, lines) in [("0", 3), ("1", 0)] {
    let task = try program.run(
      ["run", "sweep.json", "--resume"], environment: ["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": number])
    #expect(task.status == 0 && task.out.split(separator: "\n").count == lines, "\(task.err)")
    #expect(task.err.contains("sweep.tsv") == (lines > 0))
  }

  let changed = try program.run("run", "sweep.json", "training.epochs=2")
  #expect(changed.status == 1 && changed.err.components(separatedBy: "of another recipe").count == 5)
  #expect(changed.err.contains("training.epochs: was 1.0, is now 2.0"), "\(changed.err)")
  let single = try program.run("run", "recipe.json", "output=grid")
  #expect(single.status == 1 && single.err.contains("not a run folder"))
}

@Test func `a dry run of a sweep writes nothing; memory is the largest, time and results are sums`() throws {
  let program = try makeProgram()
  defer { program.remove() }
  let before = try FileManager.default.contentsOfDirectory(atPath: program.folder)
  let run = try program.run("run", "sweep.json", "--dry-run", "--json")
  #expect(run.status == 0 && run.err.contains("[3/4] rank=4,seed=1"), "\(run.err)")
  let estimate = try JSON(parsing: .init(run.out.utf8), named: "out")
  let each = try #require(estimate["configurations"]?.array)
  func values(_ key: String) -> [Double] { each.compactMap { $0["each"]?[key]?.number } }
  #expect(each.map { $0["settings"] } == [["method.rank": 2], ["method.rank": 4]])
  #expect(each.map { $0["runs"] } == [2, 2] && estimate["runs"] == 4)
  #expect(estimate["peak_memory_bytes"]?.number == values("peak_memory_bytes").max())
  #expect(abs((estimate["seconds"]?.number ?? 0) - 2 * values("seconds").reduce(0, +)) < 1e-9)
  let results = values("checkpoint_bytes"), disks = values("disk_bytes")
  let snapshots = zip(disks, results).map { $0 - $1 }.max() ?? 0
  #expect(estimate["disk_bytes"]?.number == 2 * results.reduce(0, +) + snapshots && results[1] > results[0])
  let text = try program.run("run", "sweep.json", "--dry-run").out
  #expect(text.contains("method.rank  runs") && text.contains(" for 4 runs\n") && text.contains("memory  at most"))
  #expect(try FileManager.default.contentsOfDirectory(atPath: program.folder).sorted() == before.sorted())
  let wrong = try program.run("run", "sweep.json", #"sweep={"method.rank":[2,100000],"seed":[1,2]}"#, "--dry-run")
  #expect(wrong.status == 1 && wrong.err.contains("in the run rank=100000,seed=1"), "\(wrong.err)")
}

@Test func `alpha follows the rank into the files of every run, and compare reads a sweep's folder`() throws {
  let program = try makeProgram(
    #""training": {"epochs": 1}, "method": {"alpha": "2*rank"}, "#, #"{"method.rank": [2, 4]}"#)
  defer { program.remove() }
  let run = try program.run("run", "sweep.json")
  #expect(run.status == 0 && !run.err.contains("method.alpha"), "\(run.err)")
  for rank in [2, 4] {
    let config = try program.json("grid/rank=\(rank)/adapter/adapter_config.json")
    #expect(config["r"] == .int(rank) && config["lora_alpha"]?.number == Double(2 * rank))
    #expect(try program.json("grid/rank=\(rank)/recipe.json")["method"]?["alpha"]?.number == Double(2 * rank))
  }
  let table = try program.run("compare", "grid").out.split(separator: "\n")
  #expect(
    table[0].split(separator: " ") == ["rank=2", "rank=4"]
      && table[1].split(separator: " ") == ["method.alpha", "4", "8"])
  let both = try JSON(parsing: .init(program.run("compare", "grid", "--json").out.utf8), named: "out")
  #expect(both["runs"] == ["grid/rank=2", "grid/rank=4"] && both["settings"]?["method.rank"] == [2, 4])
  #expect(try program.run("compare", "grid/rank=2", "grid").out.contains("grid/rank=4"))
  #expect(
    try program.run("compare", "grid/rank=2").status != 0 && program.run("compare", "base").err.contains("found no run")
  )
}

@Test func `the peak memory of a run in a sweep is that of the run, not of a larger one before it`() throws {
  let model = "\(repository)/checkpoints/biomed-mini-l3"
  let program = try makeProgram(
    #""model": {"path": "\#(model)"}, "training": {"~epochs": true, "max_steps": 1}, "#,
    #"{"method": [{"type": "full"}, {"type": "head"}]}"#)
  defer { program.remove() }
  let run = try program.run("run", "sweep.json")
  #expect(run.status == 0, "\(run.err)")
  let peaks = try ["full", "head"].map { type in
    try #require(program.json("grid/method=\(type)/result.json")["peak_memory_bytes"]?.number)
  }
  #expect(peaks[1] < 0.7 * peaks[0])
}

@Test func `all runs of a sweep are checked before the first one begins`() throws {
  let program = try makeProgram("", #"{"method.rank": [2, 100000, 0], "method.modules_to_save": [[], ["nope"]]}"#)
  defer { program.remove() }
  let wrong = try program.run("run", "sweep.json")
  #expect(wrong.status == 1 && wrong.err.contains("method.rank in the run "), "\(wrong.err)")
  let deep = try program.run("run", "sweep.json", #"sweep={"method.rank":[2,100000],"seed":[1,2]}"#)
  #expect(
    deep.status == 1 && deep.err.contains("in the run rank=100000,seed=1")
      && deep.err.contains("no side longer than 32"))
  #expect(!fileExists(program.folder + "/grid"))
  #expect(try program.run("validate", "sweep.json", "sweep=null").out.hasPrefix("sweep.json: valid\n"))
}

@Test func `a failed run is reported and retried, and the other runs continue`() throws {
  let program = try makeProgram(#""training": {"epochs": 1}, "#, #"{"training.learning_rate": [1e30, 0.01]}"#)
  defer { program.remove() }
  for _ in 0..<2 {
    let run = try program.run("run", "sweep.json")
    #expect(run.status == 1 && run.err.contains("failed: "), "\(run.err)")
    #expect(run.out.contains("failed\n") && !run.out.contains("best\n") && !run.out.contains("highest"), "\(run.out)")
  }
  let runs = try program.json("grid/sweep.json")["runs"]
  #expect(runs?.array?.map { $0["status"] } == ["failed", "completed"])
  #expect(runs?.array?[0]["error"]?.string?.contains("learning_rate") == true)
}

@Test func `an interrupted sweep reports how to resume, and resumes to the same bytes`() throws {
  let program = try makeProgram(#""training": {"epochs": 60}, "#, #"{"method.rank": [2, 4]}"#)
  defer { program.remove() }
  #expect(try program.run("run", "sweep.json", "output=whole").status == 0)
  let process = Process()
  process.executableURL = URL(fileURLWithPath: Program.path)
  process.arguments = ["run", "sweep.json"]
  process.currentDirectoryURL = URL(fileURLWithPath: program.folder)
  let err = Pipe()
  (process.standardError, process.standardOutput) = (err, FileHandle.nullDevice)
  try process.run()
  while !fileExists(program.folder + "/grid/rank=2/metrics.jsonl") { usleep(1000) }
  process.terminate()
  let notes = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  #expect(process.terminationStatus == 130 && notes.contains("2 of 2 runs left"), "\(notes)")
  #expect(!fileExists(program.folder + "/grid/rank=4"))
  #expect(try program.run("run", "sweep.json").err.contains("--resume"))
  let resumed = try program.run("run", "sweep.json", "--resume")
  #expect(resumed.status == 0, "\(resumed.err)")
  for rank in [2, 4] {
    let files = try ["whole", "grid"].map {
      try readFile("\(program.folder)/\($0)/rank=\(rank)/adapter/adapter_model.safetensors")
    }
    #expect(files[0] == files[1])
  }
}

@Test func `run and validate read settings from files, and schema prints the schema`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile(#"{"B-A": 2, "B-X": 1}"#, to: program.folder + "/weights.json")
  let wrong = try program.run("validate", "recipe.json", "--set-file", "task.class_weights=weights.json")
  #expect(wrong.status == 1 && wrong.err.contains("no such label: B-X"), "\(wrong.err)")
  try writeFile(#"{"B-A": 2}"#, to: program.folder + "/weights.json")
  try writeFile("a note\n", to: program.folder + "/about.txt")
  let run = try program.run(
    "run", "recipe.json", "--set-file", "task.class_weights=weights.json", "--set-file", "about=about.txt",
    "training.max_steps=2", "training.epochs=null")
  #expect(run.status == 0, "\(run.err)")
  let recipe = try program.json("run/recipe.json")
  #expect(recipe["task"]?["class_weights"] == ["B-A": 2.0] && recipe["about"] == "a note")
  let schema = try program.run("schema")
  #expect(try JSON(parsing: .init(schema.out.utf8), named: "s")["definitions"]?["whole"] != nil)
}
