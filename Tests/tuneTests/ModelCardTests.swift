/// The model card of a run: its metadata and tables hold for any name, and it claims nothing of data that the run had not.
import Files
import Foundation
import TestSupport
import Testing

@Test func `a model card quotes names, and speaks of the data that the run had`() throws {
  let program = try Program()
  defer { program.remove() }
  let base = #"b: "q" #1"#
  try FileManager.default.moveItem(atPath: program.folder + "/base", toPath: "\(program.folder)/\(base)")
  // One sentence: every resample is the same, so that no interval has a width.
  let sentence = "a\tO\nb\tB-x|y\n"
  try writeFile(sentence, to: program.folder + "/dev.tsv")
  for file in ["train", "test"].map({ "\(program.folder)/\($0).tsv" }) {
    try writeFile(readText(file).replacing("B-A", with: "B-x|y"), to: file)
  }
  func card(_ output: String, _ data: [String: JSON]) throws -> String {
    var recipe = try JSON(path: program.folder + "/recipe.json").object ?? [:]
    let files: [String: JSON] = ["format": "conll", "train": "train.tsv", "license": "own | terms\nof the hospital"]
    recipe["data"] = .object(files.merging(data) { $1 })
    (recipe["model"], recipe["output"]) = (["path": .string(base)], .string(output))
    try writeFile(JSON.object(recipe).text(), to: program.folder + "/card.json")
    let run = try program.run("run", "card.json")
    #expect(run.status == 0, "\(run.err)")
    return try readText("\(program.folder)/\(output)/adapter/README.md")
  }
  let dev = try card("dev-run", ["dev": "dev.tsv"])
  #expect(dev.contains("\nbase_model: \"b: \\\"q\\\" #1\"\n"), "\(dev)")
  #expect(dev.contains("| licence of the data | own \\| terms of the hospital |"), "\(dev)")
  #expect(dev.contains(#"B-x\|y"#) && dev.contains("| dev | f1 "))
  #expect(dev.contains("texts like those of the dev data") && !dev.contains("test data"))
  #expect(!dev.contains("In brackets"))
  let both = try card("both", ["dev": "dev.tsv", "test": "test.tsv"])
  #expect(
    both.contains("texts like those of the test data") && both.contains("In brackets are 95 % bootstrap intervals"))
  let none = try card("none", [:])
  #expect(none.contains("Measure it on your own") && !none.contains("scores"))
}
