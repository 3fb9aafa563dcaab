/// metrics.csv: a table of RFC 4180 with a row for each line of metrics.jsonl. The columns that every line has come
/// first, then each figure in the order in which the log came to have it; so the header is the same for the same lines.
import Files

struct CSVLog {
  private let path: String
  private let columns: [String]

  /// Writes the whole table of `lines`.
  init(at path: String, _ lines: [LogLine]) throws(FileFault) {
    var figures: [String] = [], known: Set<String> = []
    for line in lines { figures += line.values.map(\.name).filter { known.insert($0).inserted } }
    self.path = path
    columns = figures
    let header = row(["event", "split", "step", "unix_seconds"] + figures)
    try writeFile(header + lines.map(text).joined(), to: path)
  }

  /// Whether the line has no figure without a column. One that has needs a new table.
  func fits(_ line: LogLine) -> Bool { line.values.allSatisfy { columns.contains($0.name) } }

  func add(_ line: LogLine) throws(FileFault) { try appendFile(text(line), to: path) }

  private func text(_ line: LogLine) -> String {
    let values = Dictionary(uniqueKeysWithValues: line.values.map { ($0.name, cell($0.value)) })
    return row([line.event, line.part, "\(line.step)", "\(line.time)"] + columns.map { values[$0] ?? "" })
  }
}

private func cell(_ value: JSON) -> String { if case .double(let number) = value { "\(number)" } else { value.text() } }

/// Cells with a comma, a quote or an end of line stand in quotes, quotes inside are doubled, and a row ends in CRLF.
func row(_ cells: [String]) -> String {
  let quoted = cells.map { cell in
    cell.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) } ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
  }
  return quoted.joined(separator: ",") + "\r\n"
}
