/// Which format a file is in, by its beginning.
import Datasets
import Files
import TestSupport
import Testing

private func content(_ text: String, _ name: String = "file.txt") throws -> String {
  try withTemporaryFolder { folder in
    try writeFile(text, to: "\(folder)/\(name)")
    switch try FileSample(path: "\(folder)/\(name)").content {
    case .tags(let tags):
      let (word, label) = (tags.columns.word, tags.columns.label)
      return "tags \(tags.scheme?.rawValue ?? "auto")" + (label < 0 ? "" : " \(word) \(label)")
    case .table(let format, let columns): return ([format.rawValue] + columns.map(\.name)).joined(separator: " ")
    case .text: return "text"
    }
  }
}

@Test(arguments: [
  ("-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ B-VP O\n", "tags auto"), ("a\tB\r\nb\tO\r\n", "tags auto"),
  ("a O\nb Drug\n\nc O\n", "tags io"), ("\u{FEFF}{\"b\": 1, \"a\": \"x\"}\n{\"c\": []}\n", "jsonl a b c"),
  ("text\tlabel\nx y\t1\nz\t0\n", "tsv text label"), ("text,label\n\"x, y\",1\nz,0\n", "csv text label"),
  ("a\tO\nb\t0\nc\tB-X\n", "tags auto"), ("word\ttag\na\tO\nb\tB-X\n", "tags auto"),
  ("a\tO\nb\nc\tB-X\n", "tags auto"), ("a O\nb b-drug\nc B_Drug\n", "tags auto"),
  ("a O\nb B_cell\nc T_cell\n\nd T_cell\n", "tags io"), ("O\ta\nB-X\tb\n\nI-X\tc\n", "tags auto 1 0"),
  ("id\ttext\nS-001\tno fever\nS-002\tcough\n", "tsv id text"), ("text\tgroup\nx y\tB\nz v\tO\n", "tsv text group"),
  ("Aspirin helps, they say.\nIt does, as we know, not.\n", "text"), ("one\ntwo\n", "text"),
])
func `the format of a file is found by its beginning`(_ text: String, _ expected: String) throws {
  #expect(try content(text) == expected)
}

@Test func `a table by its name is one even if a row is short; an empty file is a fault`() throws {
  #expect(try content("a,b\n1\n2,3\n", "t.csv") == "csv a b")
  #expect(throws: FileFault.self) { try content(" \n\n") }
}

@Test(arguments: [
  ("{\"a\": 1}\n{\"b\"", "jsonl a"), ("{\"a\n", "file.txt:1: found invalid JSON ("),
  ("a,b\n1,\"2\n3,4\n", "csv a b"), ("a,\"b\n1,2\n", "t.csv:1: found a quote without a closing quote"),
])
func `rows that are malformed are left to the reader, unless nothing else is there`(_ text: String, _ expected: String)
{
  let message: String
  do {
    message = try content(text, text.hasPrefix("{") ? "file.txt" : "t.csv")
  } catch {
    message = "\(error)"
  }
  #expect(message.contains(expected), "\(message)")
}
