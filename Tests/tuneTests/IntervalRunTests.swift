/// Intervals of a run, and the test of two runs' predictions, from recipe to output.
import Files
import Foundation
import TestSupport
import Testing

private func addTables(to program: Program) throws {
  for (name, count, seed) in [("train", 60, 1), ("dev", 24, 2), ("test", 40, 3), ("other", 40, 3)] {
    let rows = (0..<count).map { row -> JSON in
      let isFirst = (row * 7 + seed) % 3 == 0, isOther = name == "other" && row == 17
      return [
        "text": .string((isFirst ? "b a c" : "c a b") + (row % 4 == 0 ? " d" : "")), "article": .int(row / 4),
        "label": .string(isFirst != isOther ? "first" : "second"),
      ]
    }
    try writeFile(rows.map { $0.text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/\(name).jsonl")
  }
  let recipe = """
    {
      "seed": 3, "model": {"path": "base"}, "task": {"type": "sequence_classification"},
      "data": {"format": "jsonl", "train": "train.jsonl", "test": "test.jsonl", "document_column": "article"},
      "method": {"type": "lora", "rank": 4, "target_modules": "all-linear"},
      "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.0001},
      "output": "a"
    }
    """
  try writeFile(recipe, to: program.folder + "/recipe.json")
}

private func json(_ text: String) throws -> JSON { try JSON(parsing: Data(text.utf8), named: "output") }

@Test func `a run has intervals by document, and two runs are tested by document`() throws {
  let program = try Program()
  defer { program.remove() }
  try addTables(to: program)
  let run = try program.run("run", "recipe.json")
  #expect(run.status == 0, "\(run.err)")
  let result = try program.json("a/result.json"), test = result["intervals"]?["test"]
  #expect(test?["unit"] == "document" && test?["units"] == 10)
  #expect(result["intervals"]?["resamples"] == 1000 && result["intervals"]?["seed"] == 3)
  let ends = (test?["accuracy"]?.array ?? []).compactMap(\.number)
  let accuracy = result["metrics"]?["test"]?["accuracy"]?.number ?? -1
  #expect(ends.count == 2 && ends[0] <= accuracy && accuracy <= ends[1] && ends[0] < ends[1], "\(ends)")
  #expect(run.out.contains("test: accuracy \(String(format: "%.4f", accuracy)) [0."), "\(run.out)")
  let eval = try program.run(
    "eval", "a", "test.jsonl", "--intervals", "--seed", "3", "--data", "document_column=article", "--json")
  #expect(try json(eval.out)["intervals"]?["accuracy"] == test?["accuracy"], "\(eval.err)")
  #expect(try json(program.run("eval", "a", "test.jsonl", "--json").out)["intervals"] == nil)

  // Predictions have the document's number, and no text.
  let line = try json(String(readText(program.folder + "/a/predictions/test.jsonl").split(separator: "\n")[5]))
  #expect(line["document"] == 2 && line["text"] == nil)

  for (output, setting) in [("b", "training.learning_rate=0.02"), ("c", "data.test=other.jsonl")] {
    let other = try program.run("run", "recipe.json", setting, "output=\(output)")
    #expect(other.status == 0, "\(other.err)")
  }
  let tested = try json(program.run("compare", "a", "b", "--json", "--resamples", "200").out)["test"]
  let better = try program.json("b/result.json")["metrics"]?["test"]?["accuracy"]?.number ?? 0
  #expect(abs((tested?["metrics"]?["accuracy"]?["difference"]?.number ?? 9) - (better - accuracy)) < 1e-12)
  #expect(tested?["unit"] == "document" && tested?["units"] == 10 && tested?["resamples"] == 200)
  let text = try program.run("compare", "a", "b")
  #expect(text.out.contains("p (randomization)") && text.err.contains("swapped by document"), "\(text)")
  let same = try json(program.run("compare", "a", "a", "--json").out)["test"]?["metrics"]?["f1_macro"]
  #expect(["p_bootstrap", "p_randomization", "difference"].map { same?[$0]?.number } == [1, 1, 0])

  let refused = try program.run("compare", "a", "c")
  #expect(refused.status == 0 && refused.err.contains("their test data differ at record 18"), "\(refused.err)")
  #expect(try json(program.run("compare", "a", "c", "--json").out)["test"]?["refused"]?.string != nil)
}
