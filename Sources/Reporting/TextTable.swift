/// Formats tables as text: numeric columns are right-aligned, others left-aligned.
import Files

/// The lines of a table. Each row has as many cells as `header`. Control characters are escaped.
/// ```swift
/// textTable(["run", "f1"], [["a", "0.81"], ["b", "0.7912"]])   // "run      f1", "a      0.81", "b    0.7912"
/// ```
package func textTable(_ header: [String], _ rows: [[String]]) -> [String] {
  let lines = ([header] + rows).map { $0.map { terminalText($0, keepingLines: false) } }
  let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
  let isNumeric = header.indices.map { column in rows.allSatisfy { isNumber($0[column]) } }
  return lines.map { line in
    let cells = header.indices.map { column in
      let gap = String(repeating: " ", count: widths[column] - line[column].count)
      return isNumeric[column] ? gap + line[column] : line[column] + gap
    }
    let text = cells.joined(separator: "  ")
    return String(text.reversed().drop { $0 == " " }.reversed())
  }
}

/// Whether a cell is a number, optionally with a unit, or a placeholder for a missing number.
private func isNumber(_ cell: String) -> Bool {
  cell.isEmpty || cell == "–" || cell.split(separator: " ").first.map { Double($0) != nil } ?? false
}
