/// What `tune init` says about files with errors, tables with several columns, and labels that are numbers.
import Files
import Foundation
import TestSupport
import Testing

/// Two sentences; `changed` stands in place of a line.
private func tagged(_ line: Int, _ changed: String) -> String {
  var lines = ["No\tO", "fever\tB-X", ".\tO", "", "Chills\tB-X", "and\tO", "high\tB-X", "fever\tI-X", ".\tO", ""]
  lines[line - 1] = changed
  return lines.joined(separator: "\n")
}

@Test(arguments: [
  (tagged(3, ".\t0"), "train.tsv:3: found the tag \"0\"; expected O, or B-"),
  (tagged(2, "fever\tb-X"), "train.tsv:2: found the tag \"b-X\""),
  (tagged(7, "high\tB_X"), "train.tsv:7: found the tag \"B_X\""),
  ("word\ttag\n" + tagged(4, ""), "train.tsv:1: found the tag \"tag\""),
  (tagged(3, "."), "train.tsv:3: found 1 column; expected 2 as in line 1"),
  (tagged(1, "No"), "train.tsv:1: found 1 column"),
])
func `init names the line of a training file whose tags are wrong`(_ train: String, _ message: String) throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile(train, to: program.folder + "/train.tsv")
  try writeFile(tagged(4, ""), to: program.folder + "/dev.tsv")
  let result = try program.run("init", "train.tsv", "dev.tsv", "--model", "base", "--output", "new.json")
  #expect(result.status == 1 && result.err.contains(message) && !result.err.contains("dev.tsv:"), "\(result.err)")
  #expect(!fileExists(program.folder + "/new.json"))
}

@Test func `init reads swapped columns as they are, and names the line that is not UTF-8`() throws {
  let program = try Program()
  defer { program.remove() }
  try writeFile("O\tNo\nB-X\tfever\n\nB-X\tcough\n", to: program.folder + "/train.tsv")
  let swapped = try program.run("init", "train.tsv", "--model", "base", "--output", "new.json")
  #expect(swapped.status == 0 && swapped.err.contains("note: tags in column 0 and words in column 1"), "\(swapped.err)")
  let data = try program.json("new.json")["data"]
  #expect(data?["word_column"] == 1 && data?["label_column"] == 0)
  let bytes = Data("No\tO\nfi".utf8) + [0xE8] + Data("vre\tB-X\n".utf8)
  try bytes.write(to: URL(fileURLWithPath: program.folder + "/latin.tsv"))
  let latin = try program.run("init", "latin.tsv", "--model", "base", "--output", "other.json")
  #expect(
    latin.err.contains("latin.tsv:2: found bytes that are not UTF-8") && latin.err.contains("iconv"), "\(latin.err)")
}

/// A table of 12 rows, of which the fifth has no outcome.
private func table(_ header: String, site: Bool) -> String {
  let texts = ["no fever", "a cough at night", "mild rash", "severe pain", "nausea", "feels well"]
  return header + "\n"
    + (0..<12).map { row in
      "\(row),\(texts[row % 6]) \(row)" + (site ? ",\(row % 3 == 0 ? "north" : "south")" : "")
        + ",\(row == 4 ? "" : row % 2 == 0 ? "harm" : "none")\n"
    }.joined()
}

@Test(arguments: [
  (table("id,note,outcome", site: false), [], "t.csv:6: found no value in 'outcome'"),
  (
    table("id,note,site,outcome", site: true), [],
    "t.csv: several columns could be the label: 'site', 'outcome' (no value in line 6); expected one: name it with --label-column"
  ),
  (table("id,note,site,outcome", site: true), ["--label-column", "outcome"], "t.csv:6: found no value in 'outcome'"),
  (table("ID,Text,Site,Label", site: true), [], "note: text column 'Text', label column 'Label'\n"),
  (table("id,note,outcome", site: false), ["--label-column", "outcom"], "(did you mean 'outcome'?)"),
  (table("id,note,site,outcome", site: true) + "12,a,b,south,harm\n", [], "t.csv:14: found 5 fields; expected 4"),
  (table("id,note,site,outcome", site: true) + "12,\"a,south,harm\n", [], "t.csv:14: found a quote without"),
  ("note;diagnosis\nno fever;a\ncough;b\n", [], "t.csv:1: found one column (is ';' the separator?); expected columns"),
  ("No fever.\nA cough.\n", [], "t.csv:1: found one column; expected"),
])
func `init says which columns of a table it took, or why none`(_ text: String, _ options: [String], _ message: String)
  throws
{
  let program = try Program()
  defer { program.remove() }
  try writeFile(text, to: program.folder + "/t.csv")
  let result = try program.run(["init", "t.csv", "--model", "base", "--output", "new.json"] + options)
  #expect(result.status == 1 && result.err.contains(message), "\(result.err)")
  #expect(!fileExists(program.folder + "/new.json"))
}

@Test func `named columns make a pair, and are refused for files without columns`() throws {
  let program = try Program()
  defer { program.remove() }
  let rows = (0..<8).map { "a b \($0)\tc d\t\($0 % 2 == 0 ? "yes" : "no")\tsouth\n" }.joined()
  try writeFile("First\tsecond\tanswer\tsite\n" + rows, to: program.folder + "/t.tsv")
  let columns = ["--text-column", "First", "--text-pair-column", "second", "--label-column", "answer"]
  let pair = try program.run(["init", "t.tsv", "--model", "base", "--output", "new.json"] + columns)
  let message = "note: text columns 'First' and 'second', label column 'answer'\n"
  #expect(pair.status == 0 && pair.err.contains(message), "\(pair.err)")
  let data = try program.json("new.json")["data"]
  #expect(data?["text_column"] == "First" && data?["text_pair_column"] == "second" && data?["label_column"] == "answer")
  let tags = try program.run("init", "train.tsv", "--model", "base", "--output", "x.json", "--label-column", "answer")
  #expect(tags.status == 1 && tags.err.contains("found words and tags in columns; expected JSON lines, TSV or CSV"))
}

@Test(arguments: [
  (
    ["0.0", "1.5"], "regression",
    "the labels are numbers, such as 0.0 and 1.5: the task is regression. For classes, set"
  ),
  (["0.0", "1.0"], "sequence_classification", "such as 0.0 and 1.0: each is a class (sequence_classification)"),
  (["0", "1"], "sequence_classification", "label column 'label'"),
])
func `labels that are numbers are classes or values, and init says which`(
  _ labels: [String], _ task: String, _ message: String
) throws {
  let program = try Program()
  defer { program.remove() }
  let rows = (0..<8).map { "a b \($0),\(labels[$0 % 2])\n" }.joined()
  try writeFile("text,label\n" + rows, to: program.folder + "/t.csv")
  let result = try program.run("init", "t.csv", "--model", "base", "--output", "new.json")
  #expect(result.status == 0 && result.err.contains(message), "\(result.err)")
  #expect(result.err.contains("the labels are numbers") == labels[1].contains("."))
  #expect(try program.json("new.json")["task"]?["type"]?.string == task)
}
