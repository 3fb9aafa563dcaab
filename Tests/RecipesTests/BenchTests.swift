/// Benchmarks: the rows that bases, tasks and methods make, what is searched in each, and faults.
import Files
import TestSupport
import Testing
import Training

@testable import Recipes

/// Writes the minimal recipe with `settings` over it.
private func file(_ settings: JSON, in folder: TemporaryFolder, _ name: String = "bench") throws -> String {
  let path = "\(folder.path)/\(name).json"
  let members = (minimalRecipe.object ?? [:]).merging(settings.object ?? [:]) { old, new in
    if let old = old.object, let new = new.object { .object(old.merging(new) { $1 }) } else { new }
  }
  try writeFile(JSON.object(members).text(), to: path)
  return path
}

private func bench(_ settings: JSON) throws -> Bench {
  let folder = TemporaryFolder()
  return try Bench.load(path: file(settings, in: folder), checkFiles: false)
}

private func faults(_ settings: JSON) throws -> [String] {
  do {
    _ = try bench(settings)
    return []
  } catch let error as RecipeFaults { return error.faults.map(\.description) }
}

private let twoMethods: JSON = [
  "lora r 16": ["method": ["type": "lora", "rank": 16], "sweep": ["training.learning_rate": [1e-3, 2e-3]]],
  "lora r 4": ["method": ["type": "lora", "rank": 4]],
]

@Test func `every base, task and method makes a row; numbers in names are in order`() throws {
  let bench = try bench([
    "output": "runs/b", "data": ["train": "train.tsv", "dev": "dev.tsv"],
    "bench": [
      "bases": ["a": ["model": ["path": "base-a"]], "b": ["model": ["path": "base-b"]]],
      "tasks": ["one": ["data": ["train": "one.tsv"]], "two": ["training": ["epochs": 2]]], "methods": twoMethods,
    ],
    "sweep": ["seed": [1, 2, 3]],
  ])
  #expect(
    bench.rows.map(\.folder) == [
      "a/one/lora-r-4", "a/one/lora-r-16", "a/two/lora-r-4", "a/two/lora-r-16", "b/one/lora-r-4", "b/one/lora-r-16",
      "b/two/lora-r-4", "b/two/lora-r-16",
    ])
  let row = try #require(bench.rows.last)
  #expect((row.base, row.task, row.method) == ("b", "two", "lora r 16"))
  #expect(row.candidates.map(\.count) == [3, 3] && bench.rows[0].candidates.map(\.count) == [3])
  let cell = row.candidates[1][2]
  #expect(cell.name == "learning_rate=0.002,seed=3")
  #expect(cell.recipe.output == "runs/b/b/two/lora-r-16/learning_rate=0.002,seed=3")
  #expect(cell.recipe.seed == 3 && cell.recipe.training.settings.learningRate == 2e-3)
  #expect(cell.recipe.model.folders == ["base-b"] && cell.recipe.method.scaling?.rank == 16)
}

@Test func `a method replaces the section of the others, and settings of parts are over the recipe's`() throws {
  let bench = try bench([
    "output": "runs/b", "seed": 9, "method": ["type": "lora", "rank": 32, "use_dora": true],
    "training": ["epochs": 5, "batch_size": 4],
    "bench": [
      "tasks": ["t": ["method": ["type": "ia3"], "training": ["epochs": 2]]],
      "methods": ["own": ["training": ["batch_size": 16]], "lora": ["method": ["type": "lora", "rank": 8]]],
    ],
  ])
  let (lora, own) = (bench.rows[0].candidates[0][0], bench.rows[1].candidates[0][0])
  #expect(lora.recipe.json["method"]?["use_dora"] == false && lora.recipe.json["method"]?["rank"] == 8)
  #expect(own.recipe.json["method"]?["type"] == "ia3" && own.recipe.json["training"]?["batch_size"] == 16)
  #expect(own.recipe.json["training"]?["epochs"]?.number == 2 && own.recipe.seed == 9 && own.name == "seed=9")
  #expect(bench.rows[0].base == lastPathComponent(minimalRecipe["model"]?["path"]?.string ?? ""))
}

@Test func `a benchmark adds to the one that it extends, and overrides reach both`() throws {
  let folder = TemporaryFolder()
  _ = try file(
    ["bench": ["methods": twoMethods], "data": ["train": "train.tsv", "dev": "dev.tsv"]], in: folder, "base")
  let file = folder.path + "/more.json"
  let more: JSON = [
    "extends": "base.json", "bench": ["methods": ["head": ["method": ["type": "head"]], "lora r 4": nil]],
  ]
  try writeFile(more.text(), to: file)
  let bench = try Bench.load(path: file, checkFiles: false)
  #expect(bench.rows.map(\.method) == ["head", "lora r 16"])
  let changed = try Bench.load(
    path: file, overrides: ["sweep.seed=[4,5]", "training.epochs=7", "bench.methods.head.method.type=bitfit"],
    checkFiles: false)
  #expect(changed.rows[0].candidates[0].map(\.recipe.seed) == [4, 5])
  #expect(changed.rows[0].candidates[0][0].recipe.json["method"]?["type"] == "bitfit")
  #expect(changed.rows[1].candidates[0][0].recipe.json["training"]?["epochs"]?.number == 7)
}

@Test func `a setting that would have no effect is refused`() throws {
  let methods: JSON = [
    "lora": ["method": ["type": "lora"], "training": ["learning_rate": 5e-2]], "head": ["method": ["type": "head"]],
  ]
  let settings: JSON = [
    "data": ["train": "train.tsv", "dev": "dev.tsv"], "sweep": ["training.learning_rate": [1e-3, 2e-3]],
    "bench": ["methods": methods],
  ]
  let found = try faults(settings)
  #expect(
    found.count == 1 && found[0].contains("found a value in the method \"lora\", but the recipe's sweep sets it"),
    "\(found)")
  let swept = try faults(["sweep": ["method.rank": [2, 4]], "bench": ["methods": twoMethods]])
  #expect(swept.contains { $0.hasPrefix("method.rank") && $0.contains("the recipe's sweep sets it") }, "\(swept)")
  let folder = TemporaryFolder(), one: JSON = ["bench": ["methods": ["head": ["method": ["type": "head"]]]]]
  let file = try file(one, in: folder)
  for override in ["method={\"type\":\"full\"}", "method.type=full", "bench.methods.haed=null"] {
    #expect(throws: RecipeFaults.self, "\(override)") {
      try Bench.load(path: file, overrides: [override], checkFiles: false)
    }
  }
}

@Test(arguments: ["model.path=c", "model={}", "method.rank=8", "data.train=c.tsv"])
func `what is compared cannot be set for all rows`(_ override: String) throws {
  let folder = TemporaryFolder()
  let file = try file(
    [
      "data": ["dev": "dev.tsv"],
      "bench": [
        "bases": ["a": ["model": ["path": "base-a"]]], "methods": twoMethods,
        "tasks": ["one": ["data": ["train": "one.tsv"]], "two": ["data": ["train": "two.tsv"]]],
      ],
    ], in: folder)
  let fault = try #require(throws: RecipeFaults.self) {
    try Bench.load(path: file, overrides: [override], checkFiles: false)
  }
  #expect(fault.description.contains("found an override of what the benchmark compares"), "\(fault)")
  #expect(try Bench.load(path: file, overrides: ["training.epochs=2"], checkFiles: false).rows.count == 4)
}

@Test func `options reach the parts and their sweeps, from files as well`() throws {
  let folder = TemporaryFolder()
  let file = try file(
    ["data": ["train": "train.tsv", "dev": "dev.tsv"], "bench": ["methods": twoMethods]], in: folder)
  let part = folder.path + "/part.json"
  try writeFile(#"{"method": {"type": "lora", "rank": 2}}"#, to: part)
  let bench = try Bench.load(
    path: file, overrides: ["bench.methods.lora r 16.sweep.training.learning_rate=[5e-3]"],
    setFiles: ["bench.methods.lora r 4=\(part)"], checkFiles: false)
  #expect(bench.rows[0].candidates[0][0].recipe.method.scaling?.rank == 2)
  #expect(bench.rows[1].candidates.count == 1)
  #expect(bench.rows[1].candidates[0][0].recipe.training.settings.learningRate == 5e-3)
  let unset = try Bench.load(
    path: file, overrides: ["bench.methods.lora r 16.sweep.training.learning_rate=null"], checkFiles: false)
  #expect(unset.rows[1].candidates.count == 1)
  #expect(throws: RecipeFaults.self) {
    try Bench.load(path: file, setFiles: ["bench.models=\(part)"], checkFiles: false)
  }
}

@Test func `rows of one task are compared by one metric`() throws {
  let found = try faults([
    "data": ["train": "train.tsv", "dev": "dev.tsv"],
    "bench": [
      "methods": [
        "a": ["method": ["type": "head"]],
        "b": ["method": ["type": "lora"], "training": ["metric_for_best_model": "loss"]],
      ]
    ],
  ])
  #expect(found.count == 1 && found[0].contains("found \"loss\", but a has \"f1\""), "\(found)")
}

@Test func `what is wrong with a benchmark is said with its place`() throws {
  #expect(try faults([:]) == ["bench: missing; expected an object with \"bases\", \"tasks\" and \"methods\"."])
  #expect(try faults(["bench": 3]) == ["bench: found 3; expected an object."])
  #expect(
    try faults(["bench": ["models": [:], "methods": [:]]]) == [
      "bench.methods: found an object without parts; expected an object of parts of recipes by name.",
      "bench.models: unknown key; expected one of bases, tasks, methods, cross_evaluation.",
    ])
  #expect(
    try faults(["bench": ["methods": ["a b": ["method": ["type": "head"]], "A-b": ["method": ["type": "head"]]]]])
      .first?
      .contains("names of different folders") == true)
  #expect(try faults(["bench": ["methods": ["a\nb": [:]]]])[0].contains("found control characters in the name"))
  #expect(
    try faults(["bench": ["methods": ["x": "none.json"]]])[0].hasPrefix("bench.methods.x.extends: found \"none.json\""))
  #expect(try faults(["bench": ["methods": ["..": [:]]]]).first?.contains("for a folder") == true)
  #expect(
    try faults(["bench": ["methods": ["a": nil, "b": nil]]]) == [
      "bench.methods: found only parts that are null; expected a part that is left."
    ])
  let wrong = try faults([
    "bench": ["methods": ["lora": ["method": ["type": "lora", "rnak": 4]], "head": ["method": ["type": "head"]]]]
  ])
  #expect(
    wrong.count == 1 && wrong[0].hasPrefix("method.rnak in the run ") && wrong[0].hasSuffix("Did you mean 'rank'?"))
  #expect(wrong[0].contains("/lora: unknown key"))
  let noDev = try faults(["bench": ["methods": twoMethods]])
  #expect(noDev.count == 1 && noDev[0].contains("on which the sweep is searched") && noDev[0].contains("lora-r-16"))
  #expect(try faults(["bench": ["methods": ["x": ["bench": [:]]]]])[0].contains("without \"bench\""))
}

@Test func `a run and a sweep refuse a benchmark`() throws {
  let folder = TemporaryFolder(), path = try file(["bench": ["methods": twoMethods]], in: folder)
  let fault = try #require(throws: RecipeFaults.self) { try Recipe.load(path: path, checkFiles: false) }
  #expect(fault.description.contains("'tune bench' runs it"))
  #expect(throws: fault) { try Sweep.load(path: path, checkFiles: false) }
}
