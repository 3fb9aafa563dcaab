/// `data.folds` and `data.train_dev`: the splits, and what is refused with them.
import Files
import Tasks
import TestSupport
import Testing

@testable import Recipes

private let base = minimalRecipe.with("data.test", "x")

private func splits(_ json: JSON) throws -> [String] {
  let recipe = try Recipe(json: json, checkFiles: false)
  #expect(try Recipe(json: recipe.json, checkFiles: false) == recipe, "what is written is read")
  return recipe.data.splits.map { "\($0.split.rawValue) \($0.paths.joined(separator: "+"))" }
}

struct FoldsSectionTests {
  @Test func `a fold is dev or test, and has the training files`() throws {
    #expect(try splits(base.with("data.folds", ["count": 5, "fold": 2])) == ["train t.tsv", "dev t.tsv", "test x"])
    let test = minimalRecipe.with("data.dev", "d").with("data.folds", ["count": 5, "split": "test", "seed": 1])
    #expect(try splits(test) == ["train t.tsv", "dev d", "test t.tsv"])
    #expect(try splits(base.with("data.dev", "d").with("data.train_dev", true)) == ["train t.tsv+d", "test x"])
  }

  @Test func `a fold beside the split that it is, or out of range, is an error`() throws {
    for json in [
      base.with("data.dev", "d").with("data.folds", ["count": 5]),
      base.with("data.folds", ["count": 5, "split": "test"]),
      base.with("data.folds", ["count": 5, "fold": 5]), base.with("data.folds", ["fold": 0]),
      base.with("data.folds", ["count": 2, "by_document": true, "stratified": true]),
      base.with("data.dev", "d").with("data.folds", ["count": 2]).with("data.train_dev", true),
      base.with("data.train_dev", true),
    ] { #expect(try faults(json).count >= 1, "\(json.text())") }
  }

  @Test func `a fold that is dev chooses the best weights, and a dev split that is trained on chooses nothing`() throws
  {
    let keys: [(String, JSON)] = [
      ("training.metric_for_best_model", "loss"), ("training.early_stopping_patience", 2), ("training.eval_steps", 5),
      ("training.eval_on_start", true), ("data.max_dev_examples", 3),
    ]
    for (key, value) in keys {
      #expect(try faults(base.with("data.folds", ["count": 5]).with(key, value)) == [])
      let found = try faults(base.with("data.dev", "d").with("data.train_dev", true).with(key, value))
      #expect(found.count == 1 && found[0].hasPrefix("\(key): ") && found[0].contains("data.train_dev"), "\(found)")
      #expect(
        try faults(base.with("data.folds", ["count": 5, "split": "test"]).with("data.test", .null).with(key, value))
          .count == 1)
    }
  }

  @Test func `a sweep over all folds has a run of each, and they are repetitions`() throws {
    let json = base.with("data.folds", ["count": 3]).with("sweep", ["data.folds.fold": "all", "seed": [1, 2]])
    let sweep = try #require(try Sweep(RawRecipe(json), checkFiles: false))
    #expect(sweep.cells.map(\.name) == (0..<3).flatMap { fold in [1, 2].map { "fold=\(fold),seed=\($0)" } })
    #expect(sweep.cells.map(\.recipe.data.folds?.fold) == [0, 0, 1, 1, 2, 2])
    #expect(throws: RecipeFaults.self) {
      try Sweep(RawRecipe(base.with("sweep", ["data.folds.fold": "all"])), checkFiles: false)
    }
    #expect(throws: RecipeFaults.self) { try Sweep(RawRecipe(base.with("sweep", ["seed": "all"])), checkFiles: false) }
  }
}
