/// Sets of labels and numbers in tables, and documents of several records.
import Files
import TestSupport
import Testing

@testable import Datasets

private func records(
  _ text: String, _ format: TableFormat, _ form: LabelForm, id: String? = nil
) throws -> [Record] {
  try withTemporaryFolder { folder in
    let path = "\(folder)/data"
    try writeFile(text, to: path)
    var columns = RecordColumns(text: "text", label: "label", id: id)
    columns.labelForm = form
    return try TableDataset(path: path, format: format, columns: columns).all
  }
}

private let names = LabelForm.set(separator: ",", hasValues: false)

@Suite struct TableLabelFormTests {
  @Test func `a cell has any number of labels`() throws {
    let tsv = "text\tlabel\na\tx, y\nb\t\nc\ty\n"
    #expect(try records(tsv, .tsv, names).map(\.labels) == [["x", "y"], [], ["y"]])
    let json = #"{"text": "a", "label": ["x, y", "z"]}"# + "\n" + #"{"text": "b", "label": []}"#
    #expect(try records(json, .jsonl, names).map(\.labels) == [["x, y", "z"], []])
    #expect(
      try records("text\tlabel\na\tx;y,z\n", .tsv, .set(separator: ";", hasValues: false))[0].labels == ["x", "y,z"])
  }

  @Test func `labels may be followed by whether they apply`() throws {
    let tsv = "text\tlabel\na\t0_0,1_1,2_1\nb\t0_0,1_0,2_0\n"
    #expect(try records(tsv, .tsv, .set(separator: ",", hasValues: true)).map(\.labels) == [["1", "2"], []])
  }

  @Test(arguments: [
    ("x,,y", names, "an empty label"), ("x,x", names, "'x' twice"), ("0_0,1_1", names, "labels with values"),
    ("0_0,x", .set(separator: ",", hasValues: true), "expected a label with _1 or _0"),
    ("1.5.2", .number, "expected a number"), ("nan", .number, "expected a number"),
  ])
  func `cells that cannot be read are errors`(_ cell: String, _ form: LabelForm, _ message: String) throws {
    let error = #expect(throws: TableFault.self) { try records("text\tlabel\na\t\(cell)\n", .tsv, form) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.badLines.first?.line == 2)
  }

  @Test func `numbers`() throws {
    #expect(try records("text\tlabel\na\t 1.5\nb\t-2e-1\n", .tsv, .number).map(\.value) == [1.5, -0.2])
    #expect(try records(#"{"text": "a", "label": 3}"#, .jsonl, .number)[0].value == 3)
  }

  @Test func `a document joins the texts of its records, and the labels that any of them has`() throws {
    let tsv = "id\ttext\tlabel\n7_s0\ta\ty\n7_s1\tb\tx,y\n8_s0\tc\t\n"
    let documents = try DocumentDataset(records(tsv, .tsv, names, id: "id"), separator: "_s")
    #expect(documents.all.map(\.id) == ["7", "8"])
    #expect(documents.all.map(\.texts) == [["a b"], ["c"]])
    #expect(documents.all.map(\.labels) == [["y", "x"], []])
  }

  @Test(arguments: ["7_s0\ta\tx\n8_s0\tb\tx\n7_s1\tc\tx\n", "7_s0\ta\tx\n8\tb\tx\n"])
  func `records of a document that are apart, or ids without a document, are errors`(_ rows: String) throws {
    let table = try records("id\ttext\tlabel\n" + rows, .tsv, names, id: "id")
    #expect(throws: TableFault.self) { try DocumentDataset(table, separator: "_s") }
  }
}
