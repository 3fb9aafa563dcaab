/// Which format a file is in, by its beginning.
import Datasets
import Files
import TestSupport
import Testing

private func content(_ text: String, _ name: String = "file.txt") throws -> String {
  try withTemporaryFolder { folder in
    try writeFile(text, to: "\(folder)/\(name)")
    switch try FileSample(path: "\(folder)/\(name)").content {
    case .tags(let scheme): return "tags \(scheme.map(\.rawValue) ?? "auto")"
    case .table(let format, let columns): return ([format.rawValue] + columns.map(\.name)).joined(separator: " ")
    case .text: return "text"
    }
  }
}

@Test(arguments: [
  ("-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ B-VP O\n", "tags auto"), ("a\tB\r\nb\tO\r\n", "tags auto"),
  ("a O\nb Drug\n\nc O\n", "tags io"), ("\u{FEFF}{\"b\": 1, \"a\": \"x\"}\n{\"c\": []}\n", "jsonl a b c"),
  ("text\tlabel\nx y\t1\nz\t0\n", "tsv text label"), ("text,label\n\"x, y\",1\nz,0\n", "csv text label"),
  ("Aspirin helps, they say.\nIt does, as we know, not.\n", "text"), ("one\ntwo\n", "text"),
])
func `the format of a file is found by its beginning`(_ text: String, _ expected: String) throws {
  #expect(try content(text) == expected)
}

@Test func `a table by its name is one even if a row is short; an empty file is a fault`() throws {
  #expect(try content("a,b\n1\n2,3\n", "t.csv") == "csv a b")
  #expect(throws: FileFault.self) { try content(" \n\n") }
}
