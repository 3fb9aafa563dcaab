/// metrics.csv: an RFC 4180 table with one row per exported line of metrics.jsonl. The columns that every line has come
/// first, then each value in the order in which values first appear; so the same lines always give the same header.
import Files

struct CSVLog {
  private let path: String
  private let columns: [String]

  /// Writes the table of `lines`.
  init(at path: String, _ lines: [LogLine]) throws(FileFault) {
    var names: [String] = [], seen: Set<String> = []
    for line in lines { names += line.values.map(\.name).filter { seen.insert($0).inserted } }
    self.path = path
    columns = names
    let header = row(["event", "split", "step", "unix_seconds"] + names)
    try writeFile(header + lines.map(text).joined(), to: path)
  }

  /// Whether every value of the line has a column. If not, the table must be written again.
  func hasColumns(for line: LogLine) -> Bool { line.values.allSatisfy { columns.contains($0.name) } }

  func add(_ line: LogLine) throws(FileFault) { try appendFile(text(line), to: path) }

  private func text(_ line: LogLine) -> String {
    let values = Dictionary(uniqueKeysWithValues: line.values.map { ($0.name, cell($0.value)) })
    return row([line.event, line.split, "\(line.step)", "\(line.time)"] + columns.map { values[$0] ?? "" })
  }
}

private func cell(_ value: JSON) -> String { if case .double(let number) = value { "\(number)" } else { value.text() } }

/// A row that ends in CRLF. Cells with a comma, a quote or a line break are quoted, and quotes in them doubled.
func row(_ cells: [String]) -> String {
  let quoted = cells.map { cell in
    cell.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) } ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
  }
  return quoted.joined(separator: ",") + "\r\n"
}
