/// Tests of the message of every fault of a table: where, what was found, what was expected, and advice.
import Datasets
import Testing

struct TableFaultTests {
  @Test(arguments: [
    (
      "{\"text\": \"a\", \"lable\": 1, \"x\": 2}",
      "f.jsonl:2: found the keys 'lable', 'text', 'x'; expected 'label' (did you mean 'lable'?) (\"{",
      "Name a key that every object has, or add the key to these objects."
    ),
    ("{}", "f.jsonl:2: found no keys; expected 'text' (\"{}\")", "Name a key"),
    (
      "[1]", "f.jsonl:2: found a list; expected a JSON object (\"[1]\")",
      #"Write each record as an object, for example {"text": "…", "label": "…"}."#
    ),
    (
      "{\"text\": 5, \"label\": \"x\"}", "f.jsonl:2: found a whole number in 'text'; expected a string (",
      "Convert the values to the expected type when writing the file."
    ),
    ("{\"text\": null}", "f.jsonl:2: found null in 'text'; expected a string (", "Convert the values"),
    (
      "{\"text\": \"a\", \"label\": 1.0}",
      "f.jsonl:2: found the number 1.0 in 'label'; expected a string, a whole number, true or false (",
      "Convert the values"
    ),
    ("{\"text\": \"a\", \"label\": []}", "found a list in 'label'; expected a string, a whole", "Convert the values"),
    (
      "{\"text\": \" \\n\", \"label\": 1}", "f.jsonl:2: found an empty text in 'text'; expected text (",
      "Remove these records or add the text."
    ),
    (
      "{\"text\": \"a\", \"label\": null}", "f.jsonl:2: found null in 'label'; expected a label or id (",
      "Remove these records or add the value."
    ),
    ("{\"text\": \"a\", \"label\": \"\"}", "f.jsonl:2: found no value in 'label'; expected a label", "Remove these"),
    (
      "{\"text\": \"a\u{1}\"}",
      "f.jsonl:2: found invalid JSON (column 12: found the byte 0x1 inside a string; write it as an escape); "
        + "expected one JSON object per line (\"{\"text\": \"a\\u{01}\"}\")",
      "Write each record as one JSON object on one line, as Python's json.dumps does."
    ),
    (
      "{\"text\": ", "invalid JSON (column 10: found the end of the text; expected a value); expected one",
      "Write each record"
    ),
  ]) func `faults of JSON lines`(_ line: String, _ message: String, _ advice: String) throws {
    let found = try tableMessage("{\"text\": \"a\", \"label\": \"b\"}\n\(line)\r\n".utf8, .jsonl)
    #expect(found.contains(message) && found.contains("\n" + advice), "\(found)")
  }

  @Test(arguments: [
    (
      TableFormat.csv, "Text,label\na,x\n",
      "f.csv:1: found the columns 'Text', 'label'; expected 'text' (did you mean 'Text'?) (\"Text,label\")\n"
        + "Name the columns exactly as in the header line. Is the format (jsonl, tsv or csv) correct?"
    ),
    (
      .tsv, "text,label\na,x\n",
      "f.tsv:1: found the column 'text,label'; expected 'text' (\"text,label\")\n"
        + "f.tsv:1: found the column 'text,label'; expected 'label' (\"text,label\")\n"
        + "Name the columns exactly as in the header line. Is the format (jsonl, tsv or csv) correct?"
    ),
    (
      .tsv, "text\tlabel\tlabel\t\t\na\tx\tx\t\t\n",
      "f.tsv:1: found the column 'label' twice; expected different column names (\"text\\tlabel\\tlabel\\t\\t\")\n"
        + "Rename one of the columns."
    ),
    (
      .csv, "\ntext,label\na,x\na,b,c\nd\n",
      "f.csv:4: found 3 fields; expected 2 as in the header (line 2) (\"a,b,c\")\n"
        + "f.csv:5: found 1 field; expected 2 as in the header (line 2) (\"d\")\n"
        + "Replace tabs in the fields of a TSV file by spaces. Put fields with a comma, a quote or a line break in a "
        + "CSV file in double quotes."
    ),
    (
      .csv, "text,label\n\"a\nb\",\"c\nd\n",
      "f.csv:3: found a quote without a closing quote; expected one before the end of the file (\"\"c\\nd\\n\")\n"
        + "In a field in double quotes, write every quote twice (\"\")."
    ),
    (
      .csv, "text,label\n\"a\n\"b,x\nc,x\n",
      "f.csv:3: found text after a closing quote; expected a comma or the end of the line (\"b,x\")\n"
        + "In a field in double quotes, write every quote twice (\"\")."
    ),
    (
      .csv, "\"text,label\na,x\n",
      "f.csv:1: found a quote without a closing quote; expected one before the end of the file "
        + "(\"\"text,label\\na,x\\n\")"
        + "\nIn a field in double quotes, write every quote twice (\"\")."
    ),
    (
      .tsv, "text\tlabel\n \tx\na\t\n",
      "f.tsv:2: found an empty text in 'text'; expected text (\" \\tx\")\n"
        + "f.tsv:3: found no value in 'label'; expected a label or id (\"a\\t\")\n"
        + "Remove these records or add the text.\nRemove these records or add the value."
    ),
    (
      .csv, "text,label\n",
      "f.csv:1: found a header without records; expected at least one record\nIs this the right file?"
    ),
    (
      .tsv, "\u{FEFF}\n \n",
      "f.tsv:1: found no records; expected a header line and one record per line\nIs this the right file?"
    ),
    (.csv, "", "f.csv:1: found no records; expected a header line and one record per line\nIs this the right file?"),
    (.jsonl, "\n", "f.jsonl:1: found no records; expected one JSON object per line\nIs this the right file?"),
  ]) func `faults of tables`(_ format: TableFormat, _ text: String, _ message: String) throws {
    #expect(try tableMessage(text.utf8, format) == message)
  }

  @Test(arguments: TableFormat.allCases) func `invalid UTF-8 is reported at its line`(_ format: TableFormat) throws {
    let bytes =
      switch format {
      case .jsonl: Array("{\"text\":\"a\",\"label\":1}\n{\"text\":\"".utf8) + [0xFF] + Array("\",\"label\":1}\n".utf8)
      case .tsv: Array("text\tlabel\n".utf8) + [0xFF] + Array("\tx\n".utf8)
      case .csv: Array("text,label\n".utf8) + [0xFF] + Array(",x\n".utf8)
      }
    let message = try tableMessage(bytes, format)
    #expect(message.hasPrefix("f.\(format.rawValue):2: found bytes that are not UTF-8; expected UTF-8 text (\""))
    #expect(message.hasSuffix("\nConvert the file to UTF-8, for example with iconv."))
    // UTF-16
    #expect(try !tableMessage([0xFF, 0xFE] + bytes.flatMap { [$0, 0] }, format).isEmpty)
  }

  @Test(arguments: TableFormat.allCases) func `an id that occurs twice is reported with both lines`(
    _ format: TableFormat
  ) throws {
    let rows = [("a", "1"), ("b", "2"), ("c", "1"), ("d", "1")]
    let text =
      switch format {
      case .jsonl: rows.map { "{\"text\":\"\($0)\",\"id\":\($1)}\n" }.joined()
      case .tsv: "text\tid\n" + rows.map { "\($0)\t\($1)\n" }.joined()
      case .csv: "text,id\n" + rows.map { "\"\($0)\",\($1)\n" }.joined()
      }
    let first = format == .jsonl ? 1 : 2
    let lines = try tableMessage(text.utf8, format, RecordColumns(text: "text", id: "id")).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(
      lines[0].hasPrefix(
        "f.\(format.rawValue):\(first + 2): found the id '1', which line \(first) has too; expected different ids (\""))
    #expect(
      lines[2] == "Make the ids unique, or name no id column: the ids are then the numbers of the records.")
  }

  @Test func `the first five invalid lines are reported, and each advice once`() throws {
    let text = "{\"text\":\"a\"}\n" + String(repeating: "{\"text\":1}\n", count: 8)
    let message = try tableMessage(text.utf8, .jsonl, RecordColumns(text: "text"))
    #expect(message.split(separator: "\n").count == 7)
    #expect(
      message.hasSuffix(
        "… and 3 more invalid lines.\nConvert the values to the expected type when writing the file."))
  }
}
