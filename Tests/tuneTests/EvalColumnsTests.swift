/// `tune eval` reads a file as its run did, and as its options say.
import Files
import Testing

@Test func `eval reads a file with the run's columns, scheme and window, and options overrule them`() throws {
  let program = try Program()
  defer { program.remove() }
  for name in ["train", "dev", "test"] {
    let lines = try readText("\(program.folder)/\(name).tsv").split(separator: "\n", omittingEmptySubsequences: false)
    let wide = lines.map { line in
      let fields = line.split(separator: "\t")
      return fields.count == 2 ? "x\t\(fields[1].replacing("B-", with: "U-"))\t\(fields[0])\ty" : ""
    }
    try writeFile(wide.joined(separator: "\n"), to: "\(program.folder)/\(name).conll")
  }
  let run = try program.run(
    "run", "recipe.json", "data.train=train.conll", "data.dev=dev.conll", "data.test=test.conll", "data.word_column=2",
    "data.label_column=1", "data.max_length=9", "data.stride=2", "precision=bf16")
  #expect(run.status == 0, "\(run.err)")
  let metrics = try program.json("run/result.json")["metrics"]?["test"]
  func eval(_ arguments: String...) throws -> (json: JSON?, err: String) {
    let result = try program.run(["eval", "base", "--adapter", "run/adapter"] + arguments + ["--json"])
    return (try? JSON(parsing: .init(result.out.utf8), named: "eval"), result.err)
  }
  let same = try eval("test.conll")
  #expect(same.json == metrics && metrics?["f1"]?.number != nil, "\(same.err)")
  let plain = try eval(
    "test.tsv", "--data", "word_column=0", "--data", "label_column=last", "--data", "scheme=iob2")
  #expect(plain.json?["f1"] == metrics?["f1"], "\(plain.err)")
  #expect(try eval("test.conll", "--data", "max_length=32").json?["support"] == metrics?["support"])
  #expect(try eval("test.conll", "--precision", "fp32").json?["loss"] != metrics?["loss"])
  #expect(try eval("test.conll", "--data", "colour=red").err.contains("unknown key"))
  #expect(try eval("test.conll", "--max-length", "4").err.hasPrefix("Error: data.max_length: found 4"))
}
