/// A table for people: columns under their names, numbers flush right, everything else flush left.

/// The lines of a table of `rows`, each as long as `header`.
/// ```swift
/// textTable(["run", "f1"], [["a", "0.81"], ["b", "0.7912"]])   // "run      f1", "a      0.81", "b    0.7912"
/// ```
public func textTable(_ header: [String], _ rows: [[String]]) -> [String] {
  let lines = [header] + rows
  let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
  let isNumeric = header.indices.map { column in rows.allSatisfy { isFigure($0[column]) } }
  return lines.map { line in
    let cells = header.indices.map { column in
      let gap = String(repeating: " ", count: widths[column] - line[column].count)
      return isNumeric[column] ? gap + line[column] : line[column] + gap
    }
    let text = cells.joined(separator: "  ")
    return String(text.reversed().drop { $0 == " " }.reversed())
  }
}

/// A number, maybe with a unit behind it, or what stands for none.
private func isFigure(_ cell: String) -> Bool {
  cell.isEmpty || cell == "–" || cell.split(separator: " ").first.map { Double($0) != nil } ?? false
}
