/// `tune report` over runs of every kind of task.
import Files
import Foundation
import TestSupport
import Testing

private func report(_ program: Program, _ arguments: String..., to page: String = "run/report.html") throws -> String {
  let result = try program.run(["report"] + arguments)
  #expect(result.status == 0 && result.out == page + "\n", "\(result.err)")
  let html = try readText("\(program.folder)/\(page)")
  for forbidden in ["<script", "http", "url(", "@import"] { #expect(!html.contains(forbidden), "\(forbidden)") }
  return html
}

/// The sections' headings.
private func headings(_ html: String) -> [String] {
  html.split(separator: "<h2>").dropFirst().map { String($0.prefix { $0 != "<" }) }
}

@Test func `a run of entities has a report, without text unless it is asked for`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", "training.epochs=2").status == 0)
  let html = try report(program, "run", "--files", "figures")
  #expect(
    headings(html) == [
      "Summary", "Learning curves", "Entity types", "Confusion", "Calibration", "Mentions seen in training",
      "Lengths", "Wrong examples", "Resources", "Recipe", "Digests",
    ])
  let result = try program.json("run/result.json"), test = result["metrics"]?["test"]
  let f1 = String(format: "%.4f", test?["f1"]?.number ?? -1)
  let interval = (result["intervals"]?["test"]?["f1"]?.array ?? []).map { String(format: "%.2f", $0.number ?? -1) }
  #expect(html.contains("<dt>test f1</dt><dd>\(f1) [\(interval.joined(separator: ", "))]</dd>"))
  let files = Set(try FileManager.default.contentsOfDirectory(atPath: program.folder + "/figures"))
  #expect(files.isSuperset(of: ["loss.svg", "loss.csv", "dev-f1.svg", "scores.csv", "reliability.svg"]))
  let scores = try readText(program.folder + "/figures/scores.csv").split(separator: "\n")
  #expect(scores.first == "type,f1,precision,recall,support" && scores.count == 3)
  #expect(try program.run("report", "run", "--split", "dev", "--output", "dev.html").out == "dev.html\n")
  #expect(try readText(program.folder + "/dev.html").contains("dev f1"))

  let shown = try report(program, "run", "--show-text", "--output", "text.html", to: "text.html")
  #expect(shown.contains("<p class=\"text\">") && !html.contains("<p class=\"text\">"))
  // A file that changed, or is gone.
  try writeFile(readText(program.folder + "/test.tsv") + "\n\na\tO\n", to: program.folder + "/test.tsv")
  let changed = try program.run("report", "run", "--show-text")
  #expect(changed.status != 0 && changed.err.contains("test.tsv: is not the file"), "\(changed.err)")
  #expect(try program.run("report", "run").status == 0)
  #expect(try report(program, "run").contains("Left out: test.tsv has changed since the run."))
  try FileManager.default.removeItem(atPath: program.folder + "/test.tsv")
  #expect(try report(program, "run").contains("Left out: the data files cannot be read any more."))
  #expect(try program.run("report", "run", "--show-text").err.contains("test.tsv: no such file"))
  // The page belongs to the run.
  #expect(try program.run("run", "recipe.json", "data.test=dev.tsv", "--overwrite").status == 0)
}

@Test func `a report has no word of the data, and with --show-text those of wrong examples`() throws {
  let program = try Program()
  defer { program.remove() }
  for name in ["train", "test"] {
    let rows = (0..<30).map { row -> JSON in
      ["text": .string("secret\(name) \(row % 2 == 0 ? "b" : "c") <\(row)>"), "label": row % 3 == 0 ? "x<y" : "z"]
    }
    try writeFile(rows.map { $0.text(pretty: false) + "\n" }.joined(), to: "\(program.folder)/\(name).jsonl")
  }
  let settings = [
    #"task={"type": "sequence_classification"}"#,
    #"data={"format": "jsonl", "train": "train.jsonl", "test": "test.jsonl"}"#, "training.epochs=1",
  ]
  let run = try program.run(["run", "recipe.json"] + settings)
  #expect(run.status == 0, "\(run.err)")
  let html = try report(program, "run")
  #expect(headings(html).contains("Confusion") && headings(html).contains("Wrong examples"))
  #expect(!html.contains("secret"))
  #expect(html.contains("x&lt;y") && !html.contains("x<y"))
  let shown = try report(program, "run", "--show-text")
  #expect(shown.contains("secrettest b &lt;") && !shown.contains("secrettrain"))
}

@Test func `damaged folders of runs are errors that say what is wrong`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
  let predictions = program.folder + "/run/predictions/test.jsonl", kept = try readText(predictions)
  func expectFault(_ text: String, _ arguments: String...) throws {
    let result = try program.run(["report"] + arguments)
    #expect(result.status != 0 && result.err.contains(text), "\(result.err)")
  }
  try expectFault("base: not the folder of a run", "base")
  try expectFault("expected dev or test", "run", "--split", "train")
  let lines = kept.split(separator: "\n")
  try writeFile(lines[0] + "\n{\"id\": \"2\"}\n", to: predictions)
  try expectFault("test.jsonl:2: a row without", "run")
  try writeFile(lines[0] + "\n{\n", to: predictions)
  try expectFault("test.jsonl:2: not valid JSON", "run")
  try FileManager.default.removeItem(atPath: predictions)
  try expectFault("Expected --split dev", "run", "--split", "test")
  #expect(try report(program, "run").contains("dev f1"))
  try writeFile("{}\n[\n", to: program.folder + "/run/metrics.jsonl")
  try expectFault("metrics.jsonl:2: not valid JSON", "run")
  try writeFile("{", to: program.folder + "/run/result.json")
  try expectFault("result.json: not valid JSON", "run")
}

@Test func `two runs have a report of what differs, with the test of tune compare`() throws {
  let program = try Program()
  defer { program.remove() }
  let settings = ["training.epochs=2", "logging.report=false"]
  #expect(try program.run(["run", "recipe.json"] + settings).status == 0)
  #expect(try program.run(["run", "recipe.json", "output=b", "training.learning_rate=0.03"] + settings).status == 0)
  let html = try report(program, "run", "b", "--resamples", "100", to: "comparison.html")
  #expect(headings(html) == ["Differences", "Learning curves", "Scores", "F1 by label", "Examples that changed"])
  #expect(html.contains("training.learning_rate") && html.contains("Right in run only"))
  let compared = try program.run("compare", "run", "b", "--resamples", "100")
  let row = try #require(compared.out.split(separator: "\n").first { $0.hasPrefix("test.f1 ") && $0.contains("[") })
  for figure in row.split(separator: "  ").dropFirst() {
    #expect(html.contains(figure.drop { $0 == " " }), "\(figure)")
  }
  // Costs are rounded.
  #expect(html.contains(" tokens/s</td>") && html.contains(" MB</td>") && !html.contains("train_seconds"))
  // A single evaluation of each is no curve.
  for output in ["d", "e"] {
    #expect(try program.run(["run", "recipe.json", "output=\(output)", "training.epochs=1"]).status == 0)
  }
  #expect(try !headings(report(program, "d", "e", to: "comparison.html")).contains("Learning curves"))
  // Runs of other test data are not tested, and what each got is still there.
  #expect(try program.run(["run", "recipe.json", "output=c", "data.test=dev.tsv"] + settings).status == 0)
  #expect(try report(program, "run", "c", to: "comparison.html").contains("Not tested: their test data differ"))
  #expect(try program.run("report", "run", "b", "c").err.contains("one or two runs, found 3"))
}

@Test func `a run ends with its report, or not, with the same weights and predictions`() throws {
  let program = try Program()
  defer { program.remove() }
  #expect(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
  let own = try readText(program.folder + "/run/report.html")
  #expect(own.contains("<dt>status</dt><dd>completed</dd>") && own.contains("test f1"))
  #expect(try report(program, "run") == own)
  let off = ["run", "recipe.json", "training.epochs=1", "output=off", "logging.report=false"]
  #expect(try program.run(off).status == 0)
  #expect(!fileExists(program.folder + "/off/report.html"))
  for file in ["predictions/test.jsonl", "adapter/adapter_model.safetensors"] {
    #expect(try readFile("\(program.folder)/run/\(file)") == readFile("\(program.folder)/off/\(file)"), "\(file)")
  }
}
