/// `tune predict` on files of the formats that runs read, and on runs that have not come to their end.
import Files
import Foundation
import Testing

@Test func `a row of a table is an object, and a CoNLL file has sentences`() throws {
  let program = try Program()
  defer { program.remove() }
  try #require(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
  let words = try jsonLines(program.run("predict", "run", "test.tsv").out)
  #expect(words.count == 20 && words.allSatisfy { $0["tags"]?["run"]?.array?.count == $0["words"]?.array?.count })
  let asText = try program.run("predict", "run", "-", input: "{\"words\": [\"a\", \"b\"]}\n").out
  try writeFile("a\tO\nb\tB-X\n", to: program.folder + "/one.conll")
  #expect(try jsonLines(program.run("predict", "run", "one.conll").out)[0]["tags"] == jsonLines(asText)[0]["tags"])

  try writeFile("id,text,\"a, \"\"b\"\"\"\r\n7,\"b, a\nc\",x\r\n\r\n8,c,\r\n", to: program.folder + "/table.csv")
  let table = try program.run("predict", "run", "table.csv")
  let rows = try jsonLines(table.out), text = try jsonLines(program.run("predict", "run", "-", input: "c\n").out)
  #expect(rows.map { $0["text"] } == ["b, a\nc", "c"] && rows[0]["a, \"b\""] == "x", "\(table.err)")
  #expect(rows[1]["entities"] == text[0]["entities"] && table.out.hasPrefix("{\"id\":\"7\",\"text\":"))

  try writeFile("id,note\n7,b\n", to: program.folder + "/other.csv")
  let other = try program.run("predict", "run", "other.csv")
  #expect(other.status == 1 && other.out.isEmpty, "\(other.err)")
  #expect(
    other.err.contains("other.csv: the columns \"id\", \"note\"; expected a column \"text\" with the texts"))
  try writeFile("id,text\n7,b\n8\n9,c\n", to: program.folder + "/broken.csv")
  let broken = try program.run("predict", "run", "broken.csv")
  #expect(broken.status == 1 && broken.out.split(separator: "\n").count == 1 && broken.err.contains("broken.csv:3"))
  let all = try program.run("predict", "run", "broken.csv", "--keep-going")
  #expect(all.status == 1 && all.out.split(separator: "\n").count == 3 && all.out.contains("\"error\""), "\(all.out)")
}

@Test func `an interrupted run says so, and folders that are no adapter or no model name what is needed`() throws {
  let program = try Program()
  defer { program.remove() }
  try #require(try program.run("run", "recipe.json", "training.epochs=1").status == 0)
  #expect(try !program.run("predict", "run", "-", input: "a\n").err.contains("note"))
  let file = program.folder + "/run/result.json"
  var result = try #require(try JSON(path: file).object)
  result["status"] = "interrupted"
  try writeFile(JSON.object(result).text(), to: file)
  let note =
    "note: run: this run was interrupted after step 8; what it had saved by then is used. It continues with: tune run run --resume"
  for arguments in [["predict", "run", "-"], ["eval", "run", "test.tsv"], ["merge", "run", "--output", "merged"]] {
    let found = try program.run(arguments, input: "a\n")
    #expect(found.status == 0 && found.err.contains(note), "\(arguments): \(found.err)")
  }
  unlink(file)
  #expect(
    try program.run("predict", "base", "--adapter", "run/adapter", "-", input: "a\n").err.contains("has not ended"))

  let model = try program.run("predict", "run/adapter", "-", input: "a\n")
  #expect(
    model.status == 1 && model.err.contains("run/adapter: is an adapter, which needs its base model"), "\(model.err)")
  try makeFolder(program.folder + "/both")
  try FileManager.default.copyItem(atPath: program.folder + "/run/adapter", toPath: program.folder + "/both/a")
  let both = try program.run("predict", "base", "--adapter", "both", "-", input: "a\n")
  #expect(both.status == 1 && both.err.contains("both: has several adapters. Give one: both/a."), "\(both.err)")
}
