/// `tune blurb`: what it finds, trains, prints and writes, and how it continues.
import Files
import Foundation
import Testing

/// Three of BLURB's sets, invented, and one that is not BLURB's.
private func program() throws -> Program {
  let program = try Program(), data = program.folder + "/data"
  func write(_ name: String, _ count: Int, _ line: (Int) -> String) throws {
    try makeFolder(parentFolder(of: "\(data)/\(name)"))
    try writeFile((0..<count).map(line).joined(), to: "\(data)/\(name)")
  }
  for (split, count) in [("train", 24), ("dev", 12), ("test", 12)] {
    try write("BIOSSES_hf/\(split).json", count) {
      #"{"id": "\#($0)", "sentence1": "a b", "sentence2": "\#("abcdefg".prefix($0 % 7 + 1))", "label": \#($0 % 5)}"#
        + "\n"
    }
    try write("GAD/\(split).tsv", count) { "\($0)\t@GENE$ \($0 % 2 == 0 ? "a" : "b") @DISEASE$\t\($0 % 2)\n" }
    try write("ncbi-disease/\(split).tsv", count) { "a\tO\n\($0 % 2 == 0 ? "b\tB-Disease" : "c\tO")\n\n" }
    try write("chemprot/\(split).txt", count) { _ in #"{"text": "<< a >> [[ b ]]", "label": "INHIBITOR"}"# + "\n" }
  }
  try writeFile(
    #"{"method": {"type": "lora", "rank": 2}, "sweep": {"training.learning_rate": [0.001, 0.01], "seed": [1, 2]}, "#
      + #""training": {"epochs": 1}}"#, to: program.folder + "/small.json")
  return program
}

private let arguments = ["blurb", "--base", "base", "--data", "data"]

@Test func `a suite is trained by its rules, and its partial results are not a score`() throws {
  let program = try program()
  defer { program.remove() }
  let first = try program.run(arguments + ["--method", "small.json"])
  #expect(first.status == 0, "\(first.err)")
  let output = "runs/blurb-base-small"
  #expect(first.err.contains("3 of 13 sets of BLURB are in data") && first.err.contains("not BLURB's ChemProt"))
  #expect(first.out.hasPrefix("BLURB: small on base\n"))
  #expect(first.out.contains("partial: 3 of 13 sets, so there is no BLURB score"))
  let results = try program.json(output + "/blurb.json"), sets = results["sets"]?.array ?? []
  #expect(sets.count == 13 && results["score"] == .null && results["sets_completed"] == 3)
  #expect(sets.map { $0["status"]?.string }.filter { $0 == "completed" }.count == 3)
  let gad = try #require(sets.first { $0["name"] == "GAD" })
  #expect(gad["score"]?["n"] == 2 && gad["settings"]?.object?.count == 2 && gad["sizes"] == [24, 12, 12])
  #expect(gad["difference"]?.string?.contains("4261 / 535 / 534") == true)
  #expect(results["types"]?.array?.first { $0["type"] == "sentence similarity" }?["mean"] != .null)
  #expect(results["types"]?.array?.first { $0["type"] == "relation extraction" }?["mean"] == .null)

  // The benchmark's own files: the same command finds everything finished, and so does 'tune bench'.
  let mean = try program.json(output + "/results.json")["rows"]?.array?.first { $0["task"] == "GAD" }
  #expect(mean?["scores"]?["f1_micro"] == gad["score"] && fileExists("\(program.folder)/\(output)/bench.html"))
  let again = try program.run(arguments + ["--method", "small.json", "--json"])
  #expect(again.status == 0 && !again.err.contains("step"), "\(again.err)")
  #expect(try JSON(parsing: .init(again.out.utf8), named: "out")["sets"] == results["sets"])
  let bench = try program.run("bench", output + "/bench.json")
  #expect(bench.status == 0 && bench.err.contains("already finished"), "\(bench.err)")
}

@Test func `a quick look is called one, and settings of one's own are named`() throws {
  let program = try program()
  defer { program.remove() }
  let estimate = try program.run(arguments + ["--quick", "--dry-run", "--json"])
  #expect(try JSON(parsing: .init(estimate.out.utf8), named: "out")["runs"] == 3, "\(estimate.err)")
  #expect(!fileExists(program.folder + "/runs"))
  let wrong = try program.run(arguments + ["--output", "q", "training.epoch=1"])
  #expect(wrong.status != 0 && wrong.err.contains("Did you mean 'epochs'?"), "\(wrong.err)")
  #expect(!fileExists(program.folder + "/q"))
  let quick = try program.run(
    arguments + ["--quick", "--output", "q", "bench.tasks.GAD=null", "bench.tasks.NCBI-disease=null", "sweep.seed=[4]"])
  #expect(quick.status == 0, "\(quick.err)")
  #expect(quick.out.contains("(a quick look, not a BLURB score)") && quick.out.contains("left out"))
  let departures = try program.json("q/blurb.json")["departures"]?.array ?? []
  #expect(departures.first == "sweep.seed=[4]" && departures.contains("sizes of BIOSSES"), "\(departures)")
  #expect(!departures.contains("sizes of GAD"))
}

@Test func `the user's data are not overwritten, and a base that has changed is noticed`() throws {
  let program = try program()
  defer { program.remove() }
  let before = try readText(program.folder + "/data/ncbi-disease/train.tsv")
  for output in [".", "data", "base"] {
    let result = try program.run(arguments + ["--quick", "--output", output])
    #expect(result.status == 64 && result.err.contains("Choose one for the results alone"), "\(result.err)")
  }
  #expect(try readText(program.folder + "/data/ncbi-disease/train.tsv") == before)
  #expect(try program.run(arguments + ["--quick", "--output", "q", "bench.tasks.NCBI-disease=null"]).status == 0)
  let read = try readText(program.folder + "/q/data/NCBI-disease/train.tsv")
  try writeFile(before + "\nSepsis\tO\n", to: program.folder + "/data/ncbi-disease/train.tsv")
  let changed = try program.run(arguments + ["--quick", "--output", "q", "bench.tasks.NCBI-disease=null"])
  #expect(changed.status == 1 && changed.err.contains("expected another --output for other data"), "\(changed.err)")
  #expect(try readText(program.folder + "/q/data/NCBI-disease/train.tsv") == read)
  try writeFile(before, to: program.folder + "/data/ncbi-disease/train.tsv")
  let weights = program.folder + "/base/model.safetensors"
  var bytes = try readFile(weights)
  bytes[bytes.count - 1] ^= 1
  try writeFile(bytes, to: weights)
  let other = try program.run(arguments + ["--quick", "--output", "q", "bench.tasks.NCBI-disease=null"])
  #expect(other.status == 1 && other.err.contains("other inputs: base has changed since"), "\(other.err)")
}

@Test func `two processes divide a suite`() throws {
  let program = try program()
  defer { program.remove() }
  let processes = try (0..<2).map { _ in
    try program.start(arguments + ["--method", "small.json", "--output", "shared", "--threads", "1"])
  }
  for process in processes {
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
  let sets = try program.json("shared/blurb.json")["sets"]?.array ?? []
  #expect(sets.count { $0["status"] == "completed" } == 3)
}

@Test func `arguments that cannot be are explained`() throws {
  let program = try program()
  defer { program.remove() }
  for (more, message) in [
    (["--method", "lorra"], "found neither a method nor a file"), (["--suite", "glue"], "expected blurb or blue"),
    (["output=x"], "Give the output with --output."),
    (["training.learning_rate=1e-3"], "training.learning_rate is searched on dev"),
    (["training.metric_for_best_model=loss"], "each set has its metric"), (["--base", "none"], "none/config.json"),
  ] {
    let wrong = try program.run(arguments + more)
    #expect(wrong.status != 0 && wrong.err.contains(message), "\(wrong.err)")
  }
  let none = try program.run("blurb", "--base", "base", "--data", "base")
  #expect(none.status == 1 && none.err.contains("found none of BLURB's sets"), "\(none.err)")
}
