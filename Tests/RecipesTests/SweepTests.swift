/// Sweeps: the grid, the runs' names, and faults.
import Files
import TestSupport
import Testing
import Training

@testable import Recipes

private func sweep(_ block: JSON, over base: JSON = shipped) throws -> Sweep {
  try #require(try Sweep(RawRecipe(base.with("sweep", block)), checkFiles: false))
}

private func faults(_ block: JSON, over base: JSON = shipped) throws -> [String] {
  do {
    _ = try sweep(block, over: base)
    return []
  } catch let error as RecipeFaults {
    return error.faults.map(\.description)
  }
}

@Test func `a grid has every combination, each in its own folder; seeds vary fastest`() throws {
  let grid = try sweep(["training.learning_rate": [1e-3, 3e-3], "seed": [1, 2], "method.rank": [4]])
  #expect(
    grid.cells.map(\.name) == [
      "rank=4,learning_rate=0.001,seed=1", "rank=4,learning_rate=0.001,seed=2", "rank=4,learning_rate=0.003,seed=1",
      "rank=4,learning_rate=0.003,seed=2",
    ])
  let cell = grid.cells[3]
  #expect(cell.recipe.output == "checkpoints/ncbi-disease-lora/rank=4,learning_rate=0.003,seed=2")
  #expect(cell.recipe.seed == 2 && cell.recipe.training.settings.learningRate == 3e-3)
  #expect(cell.recipe.json["sweep"] == nil && cell.settings["seed"] == 2)
  #expect(try Sweep(RawRecipe(shipped), checkFiles: false) == nil)
  #expect(try Sweep(RawRecipe(shipped.with("sweep", .null)), checkFiles: false) == nil)
}

@Test func `names are safe, short and distinct`() throws {
  func names(_ values: [(path: String, value: JSON)]...) -> [String] { Sweep.names(values) }
  #expect(names([("model.path", "../a b/ö:c")]) == ["path=..-a-b---c"])
  #expect(names([("model.dropout", 0), ("method.dropout", 0.5)]) == ["model.dropout=0,method.dropout=0.5"])
  #expect(names([("method.target_modules", ["query", "value"])]) == ["target_modules=query+value"])
  #expect(names([("method", ["rank": 2, "type": "lora"])]) == ["method=lora+rank-2"])
  #expect(names([("training.max_grad_norm", .null)], [("training.max_grad_norm", 1)]).first == "max_grad_norm=null")
  let similar = names([("about", "a/b")], [("about", "a:b")], [("about", "A:b")])
  #expect(
    Set(similar.map { $0.lowercased() }).count == 3 && similar.allSatisfy { $0.lowercased().hasPrefix("about=a-b-") })
  let long = names((0..<30).map { ("task.class_weights.a\($0)", .string(String(repeating: "x", count: 90))) })
  #expect(long[0].utf8.count <= 200)
}

@Test func `faults of all runs are reported at once, with the runs that have them`() throws {
  let found = try faults(
    ["training.learning_rate": [1e-3, -1], "method.rank": [4, 0]], over: shipped.with("training.epochs", 0))
  #expect(
    found == [
      "method.rank in the run rank=0,learning_rate=0.001 and 1 more: found 0; expected a whole number of at least 1.",
      "training.epochs: found 0; expected a number above 0.",
      "training.learning_rate in the run rank=4,learning_rate=-1 and 1 more: found -1; expected a number above 0.",
    ])
}

@Test(
  arguments: [
    ([:], "sweep: found an object; expected an object: key paths,"), ([1], "sweep: found a list of length 1; expected"),
    (["seed": 3], "sweep.seed: found 3; expected a non-empty list of values."),
    (["seed": []], "sweep.seed: found an empty list; expected a non-empty list of values."),
    (["seed": [1, 2, 1]], "sweep.seed: found 1 twice; expected distinct values."),
    (["output": ["a"]], "sweep.output: found a sweep over the run's folder; expected no such axis:"),
    (["sweep.seed": [[1]]], "sweep.sweep.seed: found a sweep over a key that is not a setting;"),
    (["a..b": [1]], "sweep.a..b: found a sweep over a key that is not a setting;"),
    (["training.epocs": [1]], "training.epocs: unknown key. Did you mean 'epochs'?"),
    (["training.learning_rate": [1e-3, 0.001, 1]], "sweep.training.learning_rate: found 0.001 twice;"),
    (
      ["about": ["a", "b"]], "sweep: found two identical runs, about=a and about=b; expected distinct runs."
    ),
    (["method.type": ["lora", "full"]], "method.rank"),
  ] as [(JSON, String)])
func `an invalid sweep is refused`(_ block: JSON, _ message: String) throws {
  let found = try faults(block)
  if message == "method.rank" { return #expect(found == []) }
  #expect(found.count == 1 && found[0].hasPrefix(message), "\(found)")
}

@Test(
  arguments: [
    (#"method.rank=8"#, ["method.rank": [2, 4]]), (#"method={"rank":8,"type":"lora"}"#, ["method.rank": [2, 4]]),
    (#"method={"type":"lora"}"#, ["method": [["type": "lora"], ["type": "full"]]]),
  ] as [(String, JSON)])
func `an override of a key that the sweep sets is refused, not ignored`(_ override: String, _ block: JSON) throws {
  let raw = try RawRecipe(shipped.with("sweep", block), overrides: [override])
  let faults = #expect(throws: RecipeFaults.self) { try Sweep(raw, checkFiles: false) }?.faults.map(\.description)
  let key = override.prefix { $0 != "=" }
  #expect(
    faults?.contains { $0.hasPrefix("\(key): found an override of a key that the sweep sets") } == true,
    "\(faults ?? [])"
  )
}

@Test func `a file for a key that the sweep sets is refused, and what the sweep leaves alone is not`() throws {
  let folder = TemporaryFolder(), block: JSON = ["training.learning_rate": [1e-3, 2e-3]]
  try writeFile("3e-3", to: folder.path + "/rate")
  let raw = try RawRecipe(shipped.with("sweep", block), setFiles: ["training.learning_rate=\(folder.path)/rate"])
  #expect(throws: RecipeFaults.self) { try Sweep(raw, checkFiles: false) }
  let other = try RawRecipe(shipped.with("sweep", block), overrides: ["training.epochs=9", "method.rank=2"])
  #expect(try Sweep(other, checkFiles: false)?.cells.count == 2)
}

@Test func `the number of runs is limited, and keys of another type are faults`() throws {
  let seeds = JSON.array((0..<40).map(JSON.int))
  #expect(
    try faults(["seed": seeds, "method.rank": .array((1..<41).map(JSON.int))]) == [
      "sweep: found a grid of 1600 runs; expected at most 1000."
    ])
  let found = try faults(["method.type": ["lora", "full"], "method.rank": [4]])
  #expect(found.count == 1 && found[0].hasPrefix("method.rank in the run rank=4,type=full: unknown key. It belongs to"))
}

@Test func `a key that only the sweep sets is not missing`() throws {
  #expect(try faults(["model.path": ["a", "b"]], over: minimalRecipe.with("model", [:])) == [])
  let found = try faults(["model.path": 3], over: minimalRecipe.with("model", [:]).with("seed", -1))
  #expect(found.count == 2 && found[0].hasPrefix("seed: found -1") && found[1].hasPrefix("sweep.model.path: found 3"))
  let alone = try #require(throws: RecipeFaults.self) {
    try Recipe(json: shipped.with("sweep", ["seed": [1]]), checkFiles: false)
  }
  #expect(
    alone.faults.map(\.description) == ["sweep: found a sweep; expected a single run. Unset it with 'sweep=null'."])
}

@Test func `a sweep over the rank says that alpha stays, unless alpha follows it`() throws {
  func notes(_ block: JSON, _ alpha: JSON = 16) throws -> [String] {
    try sweep(block, over: shipped.with("method.alpha", alpha)).notes
  }
  let note = try notes(["method.rank": [4, 8]])
  #expect(
    note == [
      "method.alpha is 16 in every run while method.rank changes, so that the scale alpha/rank changes too. "
        + "With method.alpha \"rank\" or \"2*rank\" alpha follows the rank."
    ])
  #expect(try notes(["method.rank": [4, 8]], "rank") == [] && notes(["method.rank": [4, 8]], "2*rank") == [])
  #expect(try notes(["method.rank": [4]]) == [] && notes(["seed": [1, 2]]) == [])
  #expect(try notes(["method.rank": [4, 8], "method.alpha": [4, 8]]) == [])
  #expect(try notes(["method.rank": [4, 8], "method.alpha": ["rank", "2*rank"]]) == [])
  #expect(
    try notes(["method": [["type": "lora", "rank": 4], ["type": "lora", "rank": 8], ["type": "full"]]]).count == 1)
  #expect(try notes(["method": [["type": "vera", "rank": 4], ["type": "vera", "rank": 8]]]) == [])
  let adalora = try notes(["method": [["type": "adalora", "init_r": 12], ["type": "adalora", "init_r": 16]]])
  #expect(adalora.count == 1 && adalora[0].contains("method.init_r changes"))
  let mixed: JSON = [["type": "lora", "rank": 4], ["type": "lora"], ["type": "adalora", "alpha": 3]]
  #expect(try notes(["method": mixed]).count == 1)
  let stabilized = try sweep(["method.rank": [4, 8]], over: shipped.with("method.use_rslora", true)).notes
  #expect(stabilized.count == 1 && stabilized[0].contains("the scale alpha/√rank changes"))
}

@Test func `alpha is resolved in every run of a sweep, and equal runs are found`() throws {
  let grid = try sweep(["method.rank": [4, 8], "method.alpha": ["rank", "2*rank"]])
  #expect(grid.cells.compactMap(\.recipe.method.scaling?.alpha) == [4, 8, 8, 16])
  #expect(grid.cells[1].name == "alpha=rank,rank=8")
  #expect(try faults(["method.alpha": ["rank", 16]]).first?.contains("two identical runs") == true)
}
