/// Finds words and their tags in the columns of a file's lines. Does not read them: `readCoNLL` does.

/// Where words and tags are. A few lines may be otherwise, such as a header or a mistyped tag: the reader names them.
package struct TagColumns: Sendable, Equatable {
  package var columns = CoNLLColumns()
  /// IO for types without a prefix, which are not detected from the tags; nil: the scheme is.
  package var scheme: TagScheme?

  /// nil: the lines do not have words with tags.
  /// - Parameters:
  ///   - lines: those that are not blank.
  ///   - isSplit: whether blank lines are between some of them.
  init?(_ lines: [Substring], isSplit: Bool) {
    let lines = lines.filter { !$0.hasPrefix("-DOCSTART-") }
    guard let rows = alignedRows(lines) else { return nil }
    let last = rows[0].count - 1
    if rows.allSatisfy({ $0[last] == "O" || isTag($0[last]) }) { return }
    // Of tables the text has spaces.
    let hasWords = { (column: Int) in isSplit || 3 * rows.count { !$0[column].contains(" ") } >= 2 * rows.count }
    if hasTags(rows, last), hasWords(0) { return }
    if last == 1, hasTags(rows, 0), rows.contains(where: { $0[0] == "O" }), hasWords(1) {
      columns = CoNLLColumns(word: 1, label: 0)
      return
    }
    let tags = Set(rows.map { $0[last] })
    guard isSplit, tags.contains("O"), tags.allSatisfy({ !$0.contains(" ") }) else { return nil }
    scheme = .io
  }
}

/// The fields of the lines that have as many as most lines have; nil: they have one, or numbers differ too much.
private func alignedRows(_ lines: [Substring]) -> [[String]]? {
  let hasTabs = 2 * lines.count { $0.contains("\t") } > lines.count
  let rows = lines.map { line in
    line.split(separator: hasTabs ? "\t" : " ").map { field in
      hasTabs ? field.split(separator: " ").joined(separator: " ") : String(field)
    }
  }
  let sizes = Dictionary(grouping: rows, by: \.count)
  guard let most = sizes.max(by: { ($0.value.count, $0.key) < ($1.value.count, $1.key) }), most.key > 1,
    3 * most.value.count >= 2 * rows.count
  else { return nil }
  return most.value
}

/// Whether most fields of the column, besides the first line's, are tags with a prefix, or such mistyped, or O.
private func hasTags(_ rows: [[String]], _ column: Int) -> Bool {
  var outside = 0, tags = 0, others = 0
  for (index, row) in rows.enumerated() {
    if ["O", "o", "0"].contains(row[column]) {
      outside += 1
    } else if isTag(row[column]) || isMistypedTag(row[column]) {
      tags += 1
    } else if index > 0 {
      others += 1
    }
  }
  return outside > 0 && tags > 0 && 3 * others <= tags
}

private func isTag(_ field: String) -> Bool { EntityTag(field) != nil }

/// Whether it is as b-Drug or B_Drug.
private func isMistypedTag(_ field: String) -> Bool {
  guard field.utf8.count > 2, let letter = field.first, "BIESLU".contains(letter.uppercased()) else { return false }
  return "-_".contains(field[field.index(after: field.startIndex)])
}
