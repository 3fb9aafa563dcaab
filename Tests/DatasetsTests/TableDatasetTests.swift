/// Tests that tables are read as Python's csv and json modules read them, with ids and line numbers.
import Datasets
import Files
import FoundationEssentials
import TestSupport
import Testing

struct TableDatasetTests {
  // The files and the command that made them: Tests/Fixtures/tables/make_tables.py.
  @Test(arguments: [("csv.jsonl", TableFormat.csv), ("json.jsonl", .jsonl)])
  func `tricky tables are read as Python reads them`(_ name: String, _ format: TableFormat) throws {
    let columns = RecordColumns(text: "text", textPair: "pair", label: "label", id: "id")
    var count = 0
    for line in try readText(fixture("tables/" + name)).split(separator: "\n") {
      let json = try JSON(parsing: Data(line.utf8), named: name)
      let rows = try #require(json["rows"]?.array).map { try #require($0.array).compactMap(\.string) }
      let expected = rows.map { Record(id: $0[3], texts: [$0[0], $0[1]], labels: [$0[2]]) }
      let content = try #require(json["content"]?.string)
      let dataset = try openTable(content, format, columns)
      #expect(dataset.records == expected, "\(content.debugDescription)")
      count += expected.count
    }
    #expect(count > 400)
  }

  @Test(arguments: TableFormat.allCases) func `line terminators, byte order mark and blank lines do not matter`(
    _ format: TableFormat
  ) throws {
    let text =
      switch format {
      case .jsonl: "\n{\"text\":\"a b\",\"label\":\"x\"}\n \t\n{\"label\":\"y\",\"text\":\"é\"}"
      case .tsv: "\nid\ttext\tlabel\n7\ta b\tx\n  \n8\té\ty"
      case .csv: "\nid,text,label\n7,a b,x\n\n8,é,y"
      }
    let expected = [
      Record(id: "1", texts: ["a b"], labels: ["x"]), Record(id: "2", texts: ["é"], labels: ["y"]),
    ]
    let crlf = text.replacing("\n", with: "\r\n")
    for variant in [text, text + "\n", text + "\n\n", crlf, crlf + "\r\n", "\u{FEFF}" + text, "\u{FEFF}" + crlf] {
      let dataset = try openTable(variant, format)
      #expect(dataset.records == expected, "\(variant.debugDescription)")
      let lines = dataset.records.map { $0.source?.line ?? 0 }
      #expect(lines == (format == .jsonl ? [2, 4] : [3, 5]))
    }
  }

  @Test func `a quote in TSV is an ordinary character`() throws {
    let dataset = try openTable("text\tlabel\n\"a\tx\n\"b\"\"c\"\t\"y\"\n 5\" \t z \n", .tsv)
    #expect(dataset.records.map(\.texts) == [["\"a"], ["\"b\"\"c\""], [" 5\" "]])
    #expect(dataset.records.map(\.labels) == [["x"], ["\"y\""], [" z "]])
  }

  @Test func `records after fields of several lines have their first line`() throws {
    let text = "text,label\n\"a\nb\r\nc\",x\nd,x\n\"e\",x\n\n\"\n\",ignored\n".replacing("\"\n\",ignored", with: "f,x")
    let dataset = try openTable(text, .csv)
    #expect(dataset.records.map { $0.source?.line } == [2, 5, 6, 8])
    #expect(dataset.records.map { $0.source?.record } == [1, 2, 3, 4])
    #expect(dataset[0].texts == ["a\nb\r\nc"])
    #expect(dataset[1].source.map { $0.description.hasSuffix("f.csv, record 2 (line 5)") } == true)
  }

  @Test func `labels and ids in JSON are strings, whole numbers or booleans`() throws {
    let lines = [#""x""#, "3", "-0", "true", "false", "9007199254740993"].enumerated().map {
      #"{"text": "a", "label": \#($1), "id": \#($0)}"#
    }
    let dataset = try openTable(
      lines.joined(separator: "\n"), .jsonl, RecordColumns(text: "text", label: "label", id: "id"))
    #expect(dataset.records.flatMap(\.labels) == ["x", "3", "0", "true", "false", "9007199254740993"])
    #expect(dataset.records.map(\.id) == ["0", "1", "2", "3", "4", "5"])
  }

  @Test func `unlabeled texts and pairs are read`() throws {
    #expect(try openTable("text\na\nb\n", .csv, RecordColumns(text: "text"))[1] == Record(id: "2", texts: ["b"]))
    let pairs = try openTable("q\ta\n1\t2\n", .tsv, RecordColumns(text: "a", textPair: "q"))
    #expect(pairs.records == [Record(id: "1", texts: ["2", "1"])])
  }

  // Python 3.11: gzip.compress(b"text,label\na,x\n", mtime=0).hex()
  @Test func `gzip is detected by content`() throws {
    let hex = "1f8b08000000000002032b49ad28d1c9494c4acde14ad4a9e0020001024b530f000000"
    let bytes = stride(from: 0, to: hex.utf8.count, by: 2).map { offset in
      UInt8(hex.dropFirst(offset).prefix(2), radix: 16) ?? 0
    }
    let folder = TemporaryFolder()
    func open(_ bytes: [UInt8]) throws -> TableDataset {
      try writeFile(Data(bytes), to: folder.path + "/f.csv")
      return try TableDataset(path: folder.path + "/f.csv", format: .csv, columns: textAndLabel)
    }
    let record = try open(bytes)[0]
    #expect(record == Record(id: "1", texts: ["a"], labels: ["x"]))
    #expect(record.source == .init(file: folder.path + "/f.csv", line: 2, record: 1))
    #expect(throws: FileFault.self) { try open(bytes.dropLast(9)) }
    #expect(throws: FileFault.missing(path: "/no.csv")) {
      try TableDataset(path: "/no.csv", format: .csv, columns: textAndLabel)
    }
  }
}

@Test func `labels and hashes of texts are at hand without the text`() throws {
  let table = try openTable("text\tlabel\na b\tx\nc\ty\na b\ty\n", .tsv)
  #expect((0..<3).map { table.labeling($0).labels } == [["x"], ["y"], ["y"]] && table.labeling(0).texts == [])
  for index in 0..<3 { #expect(table.textHash(index) == table[index].textHash) }
  #expect(table.textHash(0) == table.textHash(2) && table.textHash(0) != table.textHash(1))
  let both = ConcatenatedDataset([table, PrefixDataset(table, maxCount: 2), SelectedDataset(table, [2, 0])])
  #expect((0..<both.count).map { both.labeling($0).labels } == both.records.map(\.labels))
  #expect((0..<both.count).map { both.textHash($0) } == both.records.map(\.textHash))
  #expect(both.fileSize == 3 * table.fileSize && table.fileSize == 27)
}

@Test func `more labels than the index numbers, and sets of labels, are read from the file`() throws {
  let many = try openTable("text\tlabel\n" + (0..<70_000).map { "a\tl\($0)\n" }.joined(), .tsv)
  #expect(many.labeling(69_999).labels == ["l69999"] && many.labeling(3).labels == ["l3"])
  var columns = textAndLabel
  columns.labelForm = .set(separator: ",", hasValues: false)
  let sets = try openTable("text\tlabel\na\tx\nb\tx,y\nc\t\n", .tsv, columns)
  #expect((0..<3).map { sets.labeling($0).labels } == [["x"], ["x", "y"], []])
}
