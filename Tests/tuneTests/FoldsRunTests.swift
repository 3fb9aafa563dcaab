/// Runs of cross-validation, of the final fit on train and dev, and of metrics that the labels do not have.
import Files
import Foundation
import TestSupport
import Testing

private func withProgram(_ body: (Program) throws -> Void) throws {
  let program = try Program()
  defer { program.remove() }
  try body(program)
}

@Test func `a sweep over all folds scores every sentence once, and its table has the mean and the deviation`() throws {
  try withProgram { program in
    let arguments = [
      "run", "recipe.json", "data.dev=null", "data.test=null", #"data.folds={"count": 3, "seed": 5}"#,
      #"sweep={"data.folds.fold": "all"}"#, "training.epochs=2", "output=cv",
    ]
    let run = try program.run(arguments)
    #expect(run.status == 0 && !run.err.contains("same file"), "\(run.err)")
    #expect(!run.err.contains("no configuration is selected"), "the held-out fold is dev")
    let ids = try (0..<3).map { fold in
      try jsonLines(readText("\(program.folder)/cv/fold=\(fold)/predictions/dev.jsonl")).compactMap { $0["id"]?.string }
    }
    #expect(ids.map(\.count) == [20, 20, 20])
    #expect(Set(ids.joined()) == Set((1...60).map(String.init)))
    let scores = try (0..<3).map { fold in
      try program.json("cv/fold=\(fold)/result.json")["metrics"]?["dev"]?["f1"]?.number ?? .nan
    }
    let configurations = try program.json("cv/sweep.json")["configurations"]?.array ?? []
    #expect(configurations.count == 1 && configurations[0]["finished"] == 3)
    let mean = scores.reduce(0, +) / 3
    let deviation = (scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
    #expect(abs((configurations[0]["dev"]?["mean"]?.number ?? .nan) - mean) < 1e-12)
    #expect(abs((configurations[0]["dev"]?["std"]?.number ?? .nan) - deviation) < 1e-12)
  }
}

@Test func `train_dev trains on both files, chooses nothing, and refuses what would choose`() throws {
  try withProgram { program in
    let run = try program.run("run", "recipe.json", "data.train_dev=true", "training.epochs=1")
    #expect(run.status == 0, "\(run.err)")
    let result = try program.json("run/result.json")
    #expect(result["best"] == .null && result["metrics"]?["dev"] == nil && result["metrics"]?["test"] != nil)
    // 60 + 20 sentences in batches of 8.
    #expect(result["steps"] == 10)
    let sweep = try program.run(
      "run", "recipe.json", "data.train_dev=true", "training.epochs=1", #"sweep={"seed": [1, 2]}"#, "output=sweep")
    #expect(sweep.status == 0 && sweep.err.contains("without a dev split no configuration is selected"), "\(sweep.err)")
    let refused = try program.run(
      "run", "recipe.json", "data.train_dev=true", "training.metric_for_best_model=f1", "output=other")
    #expect(refused.status == 1 && refused.err.contains("data.train_dev") && !fileExists(program.folder + "/other"))
    let temperature = try program.run(
      "run", "recipe.json", "data.train_dev=true", "task.temperature=dev", "output=other")
    #expect(temperature.status == 1 && temperature.err.contains("'data.train_dev'"), "\(temperature.err)")
    #expect(!fileExists(program.folder + "/other"))
  }
}

@Test func `a metric that the labels do not have is an error before training`() throws {
  try withProgram { program in
    let rows = (0..<9).map { #"{"text": "a b", "label": "\#("xyz".map(String.init)[$0 % 3])"}"# + "\n" }.joined()
    for name in ["t", "d"] { try writeFile(rows, to: "\(program.folder)/\(name).jsonl") }
    let arguments = [
      "run", "recipe.json", "task.type=sequence_classification",
      #"data={"format": "jsonl", "train": "t.jsonl", "dev": "d.jsonl"}"#, "training.epochs=1",
    ]
    for metric in ["f1_positive", "precision_positive", "recall_positive"] {
      let metric = "training.metric_for_best_model=\(metric)"
      let found = try program.run(arguments + [metric])
      #expect(found.status == 1 && found.err.contains("'task.positive_label' to one of x, y, z"), "\(found.err)")
      #expect(!fileExists(program.folder + "/run"))
      #expect(try program.run(["validate"] + arguments.dropFirst() + [metric]).status == 1)
    }
    let named = try program.run(arguments + ["training.metric_for_best_model=f1_positive", "task.positive_label=y"])
    #expect(named.status == 0, "\(named.err)")
  }
}
