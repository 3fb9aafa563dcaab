/// Entities of a table's records: spans in columns, marks in the text, and what is wrong with them.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Datasets

private func records(_ text: String, _ format: TableFormat, _ entities: EntityForms) throws -> [Record] {
  try withTemporaryFolder { folder in
    try writeFile(text, to: "\(folder)/data")
    var columns = RecordColumns(text: "text", label: "label")
    columns.entities = entities
    return try TableDataset(path: "\(folder)/data", format: format, columns: columns).all
  }
}

private let spans = EntityForms(
  subject: EntityForm(column: "s", type: "CHEMICAL"), object: EntityForm(column: "o", type: "GENE"))
private let marks = EntityForms(
  subject: EntityForm(marks: ["[[ ", " ]]"], type: "CHEMICAL"), object: EntityForm(marks: ["<< ", " >>"]))

private func part(_ record: Record, _ entity: EntityMention) -> String {
  String(String.UnicodeScalarView(Array(record.texts[0].unicodeScalars)[entity.range]))
}

@Suite struct EntityPairTests {
  @Test(arguments: ["[9, 12]", #"[9, 12, null]"#, #"{"start": 9, "end": 12}"#, #""9 12""#])
  func `a span counts code points, and may say its type`(_ span: String) throws {
    let row =
      #"{"text": "β-x 🧬, the GAD gene", "label": "a", "s": {"start": 0, "end": 3, "type": "DRUG"}, "o": \#(span)}"#
    let record = try records(row, .jsonl, spans)[0]
    #expect(record.entities?.subject == EntityMention(0..<3, type: "DRUG"))
    #expect(record.entities?.object.type == "GENE")
    #expect(record.entities.map { part(record, $0.subject) } == "β-x")
    #expect(record.entities?.object.range == 9..<12)
  }

  @Test func `a cell of TSV has a type, a start and an end, as brat's files`() throws {
    let record = try records("text\tlabel\ts\to\nab cd\tx\tDRUG 3 5\t0 2\n", .tsv, spans)[0]
    #expect(record.entities == EntityPair(subject: .init(3..<5, type: "DRUG"), object: .init(0..<2, type: "GENE")))
  }

  @Test func `marks are removed, and further closing marks belong to the text`() throws {
    let text = "é << Panx1 >> by [[ acid 94 ]] >> [[2,3-b]] >> x"
    let record = try records(#"{"text": "\#(text)", "label": "a"}"#, .jsonl, marks)[0]
    #expect(record.texts == ["é Panx1 by acid 94 >> [[2,3-b]] >> x"])
    let entities = try #require(record.entities)
    #expect(part(record, entities.subject) == "acid 94" && part(record, entities.object) == "Panx1")
    #expect(entities.subject.type == "CHEMICAL" && entities.object.type == nil)
    let other = try records(#"{"text": "[[ a ]] << b >>", "label": "a"}"#, .jsonl, marks)[0]
    #expect(other.entities.map { [part(other, $0.subject), part(other, $0.object)] } == ["a", "b"])
  }

  @Test(arguments: [
    (#""s": [0, 2], "o": [3, 99]"#, "found the span 3 to 99 in 'o', but the text has 6 code points"),
    (#""s": [0, 2], "o": [4, 4]"#, "found [4,4] in 'o'; expected a span of code points"),
    (#""s": [-1, 2], "o": [4, 5]"#, "found [-1,2] in 's'; expected a span"),
    (#""s": [0, 2.5], "o": [4, 5]"#, "expected a span"), (#""s": "GENE", "o": [4, 5]"#, "found 'GENE' in 's'"),
    (#""s": null, "o": [4, 5]"#, "found null in 's'"), (#""o": [4, 5]"#, "expected 's'"),
    (#""s": [0, 3], "o": [2, 5]"#, "subject and object that overlap, 'ab ' and ' cd'"),
    (#""s": [0, 2], "o": [0, 2, ""]"#, "found [0,2,\"\"] in 'o'"),
  ]) func `spans that cannot be are errors with their line`(_ spanCells: String, _ message: String) throws {
    let lines = #"{"text": "ab cde", "label": "x", "s": [0, 2], "o": [3, 6]}"# + "\n"
    let error = #expect(throws: TableFault.self) {
      try records(lines + #"{"text": "ab cde", "label": "x", \#(spanCells)}"#, .jsonl, spans)
    }
    #expect(error?.badLines.first?.line == 2)
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("a << b >> c", "found '[[ ' 0 times; expected it once"), ("[[ a ]] [[ b ]] << c >>", "found '[[ ' 2 times"),
    ("[[ a << c >>", "found no ' ]]' after '[[ '"), ("[[ a << b ]] c >>", "overlap"),
  ]) func `marks that are missing, doubled or crossed are errors`(_ text: String, _ message: String) throws {
    let error = #expect(throws: TableFault.self) {
      try records(#"{"text": "\#(text)", "label": "x"}"#, .jsonl, marks)
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test func `columns that a table lacks, an empty file and bytes that are not UTF-8 are errors`() throws {
    for (text, message) in [
      ("text\tlabel\ts\na\tx\t0 1\n", "expected 'o'"), ("", "found no records"),
      ("text\tlabel\ts\to\n", "found a header without records"),
    ] {
      let error = #expect(throws: TableFault.self) { try records(text, .tsv, spans) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
    try withTemporaryFolder { folder in
      let latin1 = Array("text\tlabel\ts\to\n".utf8) + [0xE9] + Array(" cd\tx\t0 1\t2 4\n".utf8)
      try writeFile(Data(latin1), to: folder + "/f")
      var columns = RecordColumns(text: "text", label: "label")
      columns.entities = spans
      let error = #expect(throws: TableFault.self) {
        try TableDataset(path: folder + "/f", format: .tsv, columns: columns)
      }
      #expect(error?.description.contains("f:2: found bytes that are not UTF-8") == true)
    }
  }
}
