/// A table of a page, also as a file of comma-separated values.

package struct Table: Sendable {
  package struct Cell: Sendable, ExpressibleByStringInterpolation {
    package let text: String
    /// How much of the colour is behind the text, from 0 to 1; nil: none.
    package let share: Double?
    /// Whether the colour is that of errors.
    package let isError: Bool

    package init(_ text: String, share: Double? = nil, isError: Bool = false) {
      (self.text, self.share, self.isError) = (text, share, isError)
    }

    package init(stringLiteral text: String) { self.init(text) }
  }

  /// The name of its file, without extension.
  package let name: String
  package let caption: String
  package let header: [String]
  /// Each with as many cells as the header. The first names the row.
  package let rows: [[Cell]]
  /// Whether a click on a column's name sorts the rows by it.
  package let isSortable: Bool

  package init(
    _ name: String, caption: String = "", header: [String], rows: [[Cell]], isSortable: Bool = false
  ) {
    precondition(rows.allSatisfy { $0.count == header.count }, "a row of \(name) has not \(header.count) cells")
    (self.name, self.caption, self.header, self.rows, self.isSortable) = (name, caption, header, rows, isSortable)
  }
}

extension Table {
  var html: String {
    let isNumeric = header.indices.map { column in
      column > 0 && rows.allSatisfy { isNumber($0[column].text) }
    }
    func numberClass(_ column: Int) -> String { isNumeric[column] ? " class=\"number\"" : "" }
    let head = header.enumerated().map { column, name in
      let name = isSortable && !name.isEmpty ? "<button type=\"button\">\(escaped(name))</button>" : escaped(name)
      return "<th scope=\"col\"\(numberClass(column))>\(name)</th>"
    }.joined()
    let classes = [header.count > 8 && !isSortable ? "many" : nil, isSortable ? "sortable" : nil].compactMap(\.self)
    let body = rows.map { row in
      let cells = row.enumerated().dropFirst().map { column, cell in
        guard let share = cell.share else { return "<td\(numberClass(column))>\(escaped(cell.text))</td>" }
        let hundredths = Int((share * 60).rounded())
        return "<td class=\"number shaded\(cell.isError ? " wrong" : "")\" style=\"--share:\(hundredths)%\">"
          + "\(escaped(cell.text))</td>"
      }
      return "<tr><th scope=\"row\">\(escaped(row[0].text))</th>\(cells.joined())</tr>"
    }
    return """
      <div class="wide"><table\(classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\"")>\(caption.isEmpty ? "" : "<caption>\(escaped(caption))</caption>")
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  var csv: String { commaSeparated([header] + rows.map { $0.map(\.text) }) }
}

/// Sorts the rows of a table by the column whose name is clicked: numbers by value, the largest first; again: the other way.
let sortScript = """
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
      const isAscending = head.getAttribute("aria-sort") === "descending";
      const key = row => {
        const text = row.cells[column].textContent.trim(), number = parseFloat(text.replaceAll(",", ""));
        return Number.isNaN(number) ? text : number;
      };
      const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      const rows = [...table.tBodies[0].rows].sort((a, b) => compare(key(a), key(b)) * (isAscending ? 1 : -1));
      table.tBodies[0].append(...rows);
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
    }));
  }

  """

/// RFC 4180, with line feeds.
func commaSeparated(_ rows: [[String]]) -> String {
  rows.map { row in
    row.map { cell in
      cell.contains { ",\"\n\r\r\n".contains($0) } ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
    }.joined(separator: ",") + "\n"
  }.joined()
}

/// Also with a unit or an interval, or missing.
private func isNumber(_ cell: String) -> Bool {
  guard let first = cell.split(separator: " ").first else { return true }
  return first == "–" || Double(first) != nil || first.hasPrefix("[")
}
