/// `tune bench`: what it trains and in which order, what it prints and writes, interruptions, and several processes.
import Files
import Foundation
import Testing

private let recipe = """
  {
    "about": "two methods", "extends": "recipe.json",
    "bench": {
      "methods": {
        "head": {"method": {"type": "head"}, "sweep": {"training.learning_rate": [0.02]}},
        "lora": {"sweep": {"training.learning_rate": [1e-5, 0.02]}}
      }
    },
    "sweep": {"seed": [1, 2]},
    "output": "bench"
  }
  """

private struct BenchProgram {
  let program: Program

  init() throws {
    program = try Program()
    try writeFile(recipe, to: program.folder + "/bench.json")
  }

  /// results.json without times and memory, which differ between runs.
  func results(_ output: String) throws -> JSON {
    func withoutCosts(_ json: JSON) -> JSON {
      switch json {
      case .object(let members): .object(members.filter { $0.key != "costs" }.mapValues(withoutCosts))
      case .array(let elements): .array(elements.map(withoutCosts))
      default: json
      }
    }
    return withoutCosts(try program.json("\(output)/results.json"))
  }
}

@Test func `a benchmark searches on dev with one seed and repeats with the others`() throws {
  let bench = try BenchProgram(), program = bench.program
  defer { program.remove() }
  let first = try program.run("bench", "bench.json")
  #expect(first.status == 0, "\(first.err)")
  let begun = first.err.matches(of: /\[\d\/5\] .*token_classification\/(.*)/).map { String($0.1) }
  let firstSeed = ["head/learning_rate=0.02", "lora/learning_rate=1e-05", "lora/learning_rate=0.02"].map {
    "\($0),seed=1"
  }
  #expect(begun == firstSeed + ["head/learning_rate=0.02,seed=2", "lora/learning_rate=0.02,seed=2"])
  let runs = "bench/base/token_classification"
  #expect(fileExists("\(program.folder)/\(runs)/lora/learning_rate=1e-05,seed=1/result.json"))
  #expect(!fileExists("\(program.folder)/\(runs)/lora/learning_rate=1e-05,seed=2"), "was not chosen")
  let rows = try program.json("bench/results.json")["rows"]?.array ?? []
  #expect(rows.map { $0["method"] } == ["head", "lora"] && rows.allSatisfy { $0["status"] == "completed" })
  #expect(rows[1]["settings"]?["training.learning_rate"] == 0.02 && rows[1]["searched"]?.array?.count == 2)
  let scores = try (1...2).map {
    try program.json("\(runs)/lora/learning_rate=0.02,seed=\($0)/result.json")["metrics"]?["test"]?["f1"]?.number
      ?? .nan
  }
  #expect(rows[1]["scores"]?["f1"]?["mean"]?.number == (scores[0] + scores[1]) / 2)
  #expect(rows[1]["runs"]?.array?.first?["costs"]?["latency_ms"]?.number ?? 0 > 0)
  let page = try readText(program.folder + "/bench/bench.html")
  #expect(page.contains("<svg") && page.contains("two methods") && !page.contains("http"))
  #expect(first.out.contains("lora") && first.out.contains("learning_rate 0.02"))

  // The same cell by 'tune run' has the same bytes.
  let name = "\(runs)/lora/learning_rate=0.02,seed=2"
  let again = try program.run("run", "\(name)/recipe.json", "output=again")
  #expect(again.status == 0, "\(again.err)")
  let weights = try ["again", name].map { try readFile("\(program.folder)/\($0)/adapter/adapter_model.safetensors") }
  #expect(weights[0] == weights[1])

  // The parameters are those of the files.
  let inspected = try program.run("inspect", "\(name)/adapter", "--json")
  let tensors = try JSON(parsing: .init(inspected.out.utf8), named: "inspect")["parameters"]?.int
  #expect(rows[1]["trainable_parameters"]?.int == tensors)

  // Nothing is trained twice; a new method adds a row.
  let stamp =
    try FileManager.default.attributesOfItem(atPath: "\(program.folder)/\(name)/result.json")[.modificationDate]
    as? Date
  let more = try program.run("bench", "bench.json", "bench.methods.bitfit={\"method\":{\"type\":\"bitfit\"}}", "--json")
  #expect(more.status == 0, "\(more.err)")
  let grown = try JSON(parsing: .init(more.out.utf8), named: "out")["rows"]?.array ?? []
  #expect(grown.count == 3)
  for row in rows {
    let same = grown.first { $0["method"] == row["method"] }
    #expect(same?["interval"] == row["interval"] && row["interval"] != .null, "other rows do not change an interval")
  }
  #expect(
    try FileManager.default.attributesOfItem(atPath: "\(program.folder)/\(name)/result.json")[.modificationDate]
      as? Date == stamp)
}

@Test func `killed again and again, and divided between processes, a benchmark has the same results`() throws {
  let bench = try BenchProgram(), program = bench.program
  defer { program.remove() }
  let clock = ContinuousClock(), begin = clock.now
  #expect(try program.run("bench", "bench.json", "output=whole").status == 0)
  let whole = (clock.now - begin) / .seconds(1)
  for fraction in [0.2, 0.35, 0.5, 0.5] {
    let process = try program.start(["bench", "bench.json", "output=cut"])
    usleep(UInt32(1e6 * fraction * whole))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
  let last = try program.run("bench", "bench.json", "output=cut")
  #expect(last.status == 0, "\(last.err)")
  let processes = try (0..<3).map { _ in try program.start(["bench", "bench.json", "output=shared", "--threads", "1"]) }
  for process in processes {
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
  func named(_ output: String) throws -> String { try bench.results(output).text().replacing("\(output)/", with: "") }
  #expect(try named("cut") == named("whole"))
  #expect(try named("shared") == named("whole"))
  let log = try readText(
    program.folder + "/shared/base/token_classification/head/learning_rate=0.02,seed=1/metrics.jsonl")
  #expect(log.split(separator: "\n").count { $0.contains("\"evaluation\"") } == 3, "run once")
}

@Test func `two processes divide a sweep`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile(
    #"{"extends": "recipe.json", "output": "grid", "sweep": {"seed": [1, 2, 3, 4]}}"#,
    to: program.folder + "/sweep.json")
  let processes = try (0..<2).map { _ in try program.start(["run", "sweep.json", "--threads", "1"]) }
  for process in processes {
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
  let runs = try program.json("grid/sweep.json")["runs"]?.array ?? []
  #expect(runs.count == 4 && runs.allSatisfy { $0["status"] == "completed" })
}

@Test func `an interrupted benchmark says how to go on, and a failed row does not stop it`() throws {
  let bench = try BenchProgram(), program = bench.program
  defer { program.remove() }
  let process = try program.start(["bench", "bench.json"])
  while !fileExists(program.folder + "/bench/base") && process.isRunning { usleep(1000) }
  process.terminate()
  process.waitUntilExit()
  #expect(process.terminationStatus == 130)
  let results = try program.json("bench/results.json"), rows = results["rows"]?.array ?? []
  #expect(rows.contains { $0["status"] == "pending" })
  #expect((results["comparisons"]?.array ?? []).allSatisfy { $0["best"] == .null })
  #expect(!(try readText(program.folder + "/bench/bench.html")).contains("has the best"))
  let estimate = try program.run("bench", "bench.json", "--dry-run", "--json")
  #expect(try JSON(parsing: .init(estimate.out.utf8), named: "out")["runs"] == 5)
  let wrong = try program.run("bench", "recipe.json")
  #expect(wrong.status == 1 && wrong.err.contains("bench: missing"), "\(wrong.err)")
  let run = try program.run("run", "bench.json")
  #expect(run.status == 1 && run.err.contains("'tune bench' runs it"), "\(run.err)")
}

@Test func `what was trained on one task is scored on the test data of the others with its labels`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile(
    """
    {
      "extends": "recipe.json", "output": "cross",
      "bench": {
        "cross_evaluation": true,
        "tasks": {
          "one": {}, "two": {"data": {"train": "dev.tsv", "test": "train.tsv"}},
          "roles": {
            "task": {"type": "sequence_classification"},
            "data": {"format": "tsv", "train": "roles.tsv", "dev": "roles.tsv", "test": "roles.tsv"}
          }
        },
        "methods": {"lora": {"method": {"type": "lora", "rank": 4}}, "full": {"method": {"type": "full"}}}
      }
    }
    """, to: program.folder + "/bench.json")
  try writeFile("text\tlabel\na b\tx\nc d\ty\n", to: program.folder + "/roles.tsv")
  let first = try program.run("bench", "bench.json")
  #expect(first.status == 0, "\(first.err)")
  let cross = try program.json("cross/results.json")["cross_evaluation"]?.array ?? []
  #expect(cross.map { $0["method"] } == ["lora", "full"] && cross.allSatisfy { $0["metric"] == "f1" })
  for method in ["lora", "full"] {
    let run = "cross/base/one/\(method)/seed=3"
    let scores = cross.first { $0["method"]?.string == method }?["scores"]
    #expect(scores?.object?.keys.sorted() == ["one", "two"], "a task with another metric")
    let evaluated = try program.run("eval", run, "train.tsv", "--json")
    let expected = try JSON(parsing: .init(evaluated.out.utf8), named: "eval")["f1"]?.number
    #expect(scores?["one"]?["two"]?["mean"]?.number == expected && expected != nil, "\(evaluated.err)")
    #expect(
      scores?["one"]?["one"]?["mean"] == (try program.json("\(run)/result.json"))["metrics"]?["test"]?["f1"])
  }
  #expect(try readText(program.folder + "/cross/bench.html").contains("Trained on, tested on"))
  let second = try program.run("bench", "bench.json")
  #expect(second.status == 0 && first.err.contains("on the other tasks") && !second.err.contains("on the other tasks"))
}

@Test func `scores on another task's data are made again when these are read in another way`() throws {
  let program = try Program()
  defer { program.remove() }
  let lines = try readText(program.folder + "/train.tsv").split(separator: "\n", omittingEmptySubsequences: false)
  let wide = lines.map { line in
    let fields = line.split(separator: "\t")
    return fields.count == 2 ? "\(fields[0])\tO\t\(fields[1])" : ""
  }
  try writeFile(wide.joined(separator: "\n"), to: program.folder + "/wide.tsv")
  try writeFile(
    """
    {
      "extends": "recipe.json", "output": "cross",
      "bench": {
        "cross_evaluation": true,
        "tasks": {"one": {}, "two": {"data": {"test": "wide.tsv", "label_column": 1}}},
        "methods": {"lora": {"method": {"type": "lora", "rank": 4}}}
      }
    }
    """, to: program.folder + "/bench.json")
  func loss(_ settings: String...) throws -> Double {
    let run = try program.run(["bench", "bench.json"] + settings)
    #expect(run.status == 0, "\(run.err)")
    let scores = try program.json("cross/base/one/lora/seed=3/cross_evaluation.json")["two"]?["metrics"]
    return try #require(scores?["loss"]?.number)
  }
  let outside = try loss()
  try FileManager.default.removeItem(atPath: program.folder + "/cross/base/two")
  #expect(try loss("bench.tasks.two.data.label_column=last") != outside, "the second column is O only")
}

@Test func `rows that cannot be tested against each other are not called worse`() throws {
  let bench = try BenchProgram(), program = bench.program
  defer { program.remove() }
  let one = ["bench.methods.lora.sweep.training.learning_rate=null", "bench.methods.head.sweep=null"]
  func comparison(_ output: String, _ settings: [String]) throws -> (JSON?, out: String) {
    let run = try program.run(["bench", "bench.json", "output=\(output)"] + one + settings)
    #expect(run.status == 0, "\(run.err)")
    return (try program.json("\(output)/results.json")["comparisons"]?.array?.first, run.out)
  }
  let (loss, out) = try comparison("loss", ["training.metric_for_best_model=loss"])
  #expect(loss?["best"]?.string != nil && loss?["pairs"] == [] && loss?["untested"]?.array?.count == 1)
  #expect(out.contains("Not tested against it: ") && out.contains("loss is not made of predictions"), "\(out)")
  #expect(!out.contains("significantly worse"))
  let (folds, table) = try comparison(
    "folds", ["data.dev=null", "data.test=null", "data.folds.count=2", #"sweep={"data.folds.fold":"all"}"#])
  #expect(folds?["untested"]?.array?.first?["why"]?.string?.contains("its runs differ") == true, "\(table)")
  let (other, _) = try comparison("other", ["bench.methods.head.data.test=dev.tsv", "logging.latency=false"])
  #expect(other?["untested"]?.array?.first?["why"]?.string?.contains("test data differ") == true)
  #expect(try !readText(program.folder + "/other/results.json").contains("latency_ms"))
  let runs = try program.run("runs", ".", "--json")
  #expect(runs.out.contains("folds/base/token_classification/head"), "\(runs.out)")
}

@Test func `a rate at which training diverges is not chosen, and its row is complete`() throws {
  let bench = try BenchProgram(), program = bench.program
  defer { program.remove() }
  let run = try program.run(
    "bench", "bench.json", "bench.methods.head=null", "bench.methods.lora.sweep.training.learning_rate=[0.02,1e30]")
  #expect(
    run.status == 1 && run.err.contains("failed: base/token_classification/lora/learning_rate=1e+30"), "\(run.err)")
  let row = try program.json("bench/results.json")["rows"]?.array?.first
  #expect(row?["status"] == "completed" && row?["settings"]?["training.learning_rate"] == 0.02)
}
