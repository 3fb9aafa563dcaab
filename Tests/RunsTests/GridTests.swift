/// A grid whose cells do not come from a sweep: planned, executed, interrupted and resumed.
import Files
import FoundationEssentials
import Recipes
import TestSupport
import Testing
import Training

@testable import Runs

/// Two methods, and a cell that cannot be built.
private struct TestGrid {
  let folder = TemporaryFolder()
  let grid: RunGrid
  var names: [String] { grid.cells.map(\.name) }

  init(_ methods: [String] = ["lora", "bitfit"]) throws {
    let root = folder.path
    try writeFile("a\tO\nb\tB-A\n\nb\tB-A\n", to: root + "/train.tsv")
    let cells = try methods.map { name in
      let json = minimalRecipe.with("model.path", .string(fixture("tiny-bert"))).with("training.max_steps", 2)
        .with("data.train", .string(root + "/train.tsv")).with("data.dev", .string(root + "/train.tsv"))
        .with("data.test", .string(root + "/train.tsv"))
        .with("output", .string("\(root)/runs/\(name)"))
      let isBroken = name == "broken"
      let changed = isBroken ? json.with("task.class_weights", ["Z": 1]) : json.with("method", ["type": .string(name)])
      return GridCell(name: name, settings: ["method": .string(name), "seed": 1], recipe: try Recipe(json: changed))
    }
    grid = RunGrid(output: root + "/runs", axes: ["method", "seed"], cells: cells)
  }

  /// The outcomes as words, and the events other than steps.
  /// - Parameters:
  ///   - limit: steps until it is interrupted.
  ///   - evaluation: the number of the evaluation in which it is interrupted.
  func execute(
    _ mode: RunMode, stopAfter limit: Int = .max, stopInEvaluation evaluation: Int = .max
  ) throws -> (outcomes: [String], events: [String]) {
    var events: [String] = [], steps = 0, evaluations = 0
    let outcomes = try grid.execute(
      grid.plan(mode), mode, threads: 1, shouldStop: { steps >= limit || evaluations >= evaluation }
    ) { event in
      switch event {
      case .skipped(let index): events.append("skipped \(names[index])")
      case .began(let index): events.append("began \(names[index])")
      case .training(.step): steps += 1
      case .training(.evaluating): evaluations += 1
      case .training(.evaluated): break
      case .waiting(let runs): events.append("waiting \(runs)")
      case .note: break
      }
    }
    return (outcomes.map(word), events)
  }

  private func word(_ outcome: RunGrid.Outcome) -> String {
    switch outcome {
    case .finished(let result): "finished with \(result["steps"]?.int ?? 0) steps"
    case .failed: "failed"
    case .pending: "pending"
    }
  }
}

@Test func `a grid of any recipes is executed once, and summarized by its settings`() throws {
  let test = try TestGrid(), done = "finished with 2 steps"
  #expect(try test.execute(.new) == ([done, done], ["began lora", "began bitfit"]))
  #expect(try test.execute(.new) == ([done, done], ["skipped lora", "skipped bitfit"]))
  let outcomes = try test.grid.execute(test.grid.plan(.new), threads: 1, shouldStop: { true }, report: { _ in })
  let summary = GridSummary(test.grid, outcomes)
  #expect(summary.axes == ["method"] && summary.configurations.map(\.finished) == [1, 1])
  try summary.save(as: test.folder.path + "/table")
  #expect(try readText(test.folder.path + "/table.tsv") == summary.tsv)
  #expect(try JSON(path: test.folder.path + "/table.json") == withoutPaths(summary.json))
}

@Test(arguments: [false, true])
func `the current run of a grid saves a snapshot when it is asked to, and continues`(_ isAsked: Bool) throws {
  let test = try TestGrid(["full"]), snapshot = test.folder.path + "/runs/full/snapshots/step-00000001.safetensors"
  var steps = 0, isSaved = false
  let outcomes = try test.grid.execute(
    test.grid.plan(.new), .new, threads: 1, shouldStop: { false }, shouldSave: { isAsked && steps == 1 }
  ) { event in
    guard case .training(.step) = event else { return }
    steps += 1
    if steps == 2 { isSaved = fileExists(snapshot) }
  }
  guard case .finished? = outcomes.first else { return #expect(Bool(false), "\(outcomes)") }
  #expect(steps == 2 && isSaved == isAsked)
}

@Test func `an interrupted grid resumes where it stopped`() throws {
  let test = try TestGrid(), done = "finished with 2 steps"
  #expect(try test.execute(.new, stopAfter: 3) == ([done, "pending"], ["began lora", "began bitfit"]))
  #expect(throws: GridFault.self) { try test.grid.plan(.new) }
  #expect(try test.execute(.resume) == ([done, done], ["skipped lora", "began bitfit"]))
}

/// After each of two steps, and for the score of test; the best evaluation of dev is then not known any more.
@Test(arguments: ["lora", "full"], 1...3)
func `a run that is interrupted in an evaluation resumes to the same bytes`(_ method: String, _ evaluation: Int) throws
{
  let whole = try TestGrid([method]), test = try TestGrid([method]), done = "finished with 2 steps"
  func files(_ test: TestGrid) throws -> [Data] {
    let run = "\(test.folder.path)/runs/\(method)", isFull = method == "full"
    let weights = isFull ? "model/model.safetensors" : "adapter/adapter_model.safetensors"
    return try [weights, "predictions/dev.jsonl", "predictions/test.jsonl"].map { try readFile("\(run)/\($0)") }
  }
  #expect(try whole.execute(.new) == ([done], ["began \(method)"]))
  #expect(try test.execute(.new, stopInEvaluation: evaluation) == (["pending"], ["began \(method)"]))
  let result = try JSON(path: "\(test.folder.path)/runs/\(method)/result.json")
  #expect(result["status"] == "interrupted" && result["steps"] == .int(min(evaluation, 2)))
  #expect(try test.execute(.resume) == ([done], ["began \(method)"]))
  #expect(try files(test) == files(whole))
}

@Test func `a snapshot that a killed run left beside its result is removed`() throws {
  let test = try TestGrid(["lora"]), done = "finished with 2 steps"
  let snapshots = test.folder.path + "/runs/lora/snapshots"
  #expect(try test.execute(.new) == ([done], ["began lora"]))
  try makeFolder(snapshots)
  try writeFile("", to: snapshots + "/step-00000002.safetensors")
  #expect(try test.execute(.resume) == ([done], ["skipped lora"]))
  #expect(!fileExists(snapshots) && fileExists(test.folder.path + "/runs/lora/adapter/adapter_config.json"))
}

@Test func `a failed run does not stop the grid; check finds it before`() throws {
  let test = try TestGrid(["broken", "lora"])
  let fault = try #require(throws: GridFault.self) { try test.grid.check(threads: 1) }
  #expect(fault.problems.count == 1 && fault.problems[0].hasPrefix("in the run broken: task.class_weights"))
  #expect(try test.execute(.new) == (["failed", "finished with 2 steps"], ["began broken", "began lora"]))
}
