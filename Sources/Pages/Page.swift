/// A page of HTML as one file: no requests, and no scripts but that of tables that can be sorted; light and dark, and for paper.

/// A part of a page, under a heading.
package struct PageSection: Sendable {
  package var title: String
  package var blocks: [Block]

  package init(_ title: String, _ blocks: [Block]) { (self.title, self.blocks) = (title, blocks) }
}

/// A page, or the contents of a section.
package enum Block: Sendable {
  case paragraph(String)
  /// Names with their values.
  case list([(name: String, value: String)])
  case table(Table)
  /// - Parameter file: the name of its file, without extension.
  case plot(any Figure)
  /// Hidden until it is clicked.
  case details(summary: String, [Block])
  /// Preformatted text.
  case code(String)
  /// Text of which parts are marked.
  case text([TextRun])
}

/// A part of a text, and the class of its mark; nil: it is not marked.
package struct TextRun: Sendable, Equatable {
  package enum Mark: String, Sendable { case first, second, both }

  package let text: String
  package let mark: Mark?

  package init(_ text: String, _ mark: Mark? = nil) { (self.text, self.mark) = (text, mark) }
}

/// ```swift
/// Page(title: "Report", sections: [PageSection("Summary", [.paragraph("f1 0.81")])]).html
/// ```
package struct Page: Sendable {
  package let title: String
  package let sections: [PageSection]

  package init(title: String, sections: [PageSection]) { (self.title, self.sections) = (title, sections) }

  package var html: String {
    htmlDocument(
      title: title, style: pageStyle + tableStyle + plotStyle,
      body: "<h1>\(escaped(title))</h1>\n" + sections.map(\.html).joined(separator: "\n")
        + (hasSortableTable ? "\n<script>\(sortScript)</script>" : ""))
  }

  private var hasSortableTable: Bool {
    sections.flatMap(\.blocks).contains { if case .table(let table) = $0 { table.isSortable } else { false } }
  }

  /// The plots as SVG and the tables as CSV, by file name.
  package var files: [(name: String, contents: String)] { sections.flatMap { $0.blocks.flatMap(\.files) } }
}

/// A whole document. `title` is escaped here; `style` and `body` are used as they are.
package func htmlDocument(title: String, style: String, body: String) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>\(escaped(title))</title>
  <style>
  \(style)</style>
  </head>
  <body>
  <main>
  \(body)
  </main>
  </body>
  </html>

  """
}

/// Text as HTML and XML. Control characters, which XML does not allow, are written as U+FFFD.
package func escaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
    case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "\u{FFFD}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

extension PageSection {
  var html: String {
    "<section>\n<h2>\(escaped(title))</h2>\n\(blocks.map(\.html).joined(separator: "\n"))\n</section>"
  }
}

extension Block {
  var html: String {
    switch self {
    case .paragraph(let text): "<p>\(escaped(text))</p>"
    case .list(let rows):
      "<dl>" + rows.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }.joined() + "</dl>"
    case .table(let table): table.html
    case .plot(let plot): "<figure>\(plot.svg())</figure>"
    case .details(let summary, let blocks):
      "<details><summary>\(escaped(summary))</summary>\n\(blocks.map(\.html).joined(separator: "\n"))\n</details>"
    case .code(let text): "<pre>\(escaped(text))</pre>"
    case .text(let runs):
      "<p class=\"text\">"
        + runs.map { run in
          run.mark.map { "<mark class=\"\($0.rawValue)\">\(escaped(run.text))</mark>" } ?? escaped(run.text)
        }.joined() + "</p>"
    }
  }

  var files: [(name: String, contents: String)] {
    switch self {
    case .table(let table): [(table.name + ".csv", table.csv)]
    case .plot(let plot): [(plot.name + ".svg", plot.file), (plot.name + ".csv", plot.csv)]
    case .details(_, let blocks): blocks.flatMap(\.files)
    case .paragraph, .list, .code, .text: []
    }
  }
}

/// Blue and orange can be told apart by people who are colour-blind.
package let pageStyle = """
  :root { color-scheme: light dark; --blue: 0 114 178; --orange: 213 94 0; --ink: 26 26 26; --page: #fff; --line: #ccc; }
  @media (prefers-color-scheme: dark) {
    :root { --blue: 86 180 233; --orange: 230 159 0; --ink: 232 232 232; --page: #16181c; --line: #444; }
  }
  body { font: 16px/1.6 system-ui, sans-serif; color: rgb(var(--ink)); background: var(--page); margin: 0; }
  main { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; border-top: 1px solid var(--line); padding-top: 1rem; }
  figure { margin: 0 0 1.5rem; overflow-x: auto; } figcaption { margin-bottom: .3rem; }
  dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .1rem 1rem; font-size: .9rem; }
  dt { font-weight: 600; } dd { margin: 0; }
  details { margin: .4rem 0; } summary { cursor: pointer; }
  pre { font-size: .8rem; white-space: pre-wrap; }
  mark { color: inherit; border-radius: 3px; padding: .1em 0; }
  .text { white-space: pre-wrap; margin: .3rem 0; }

  """

/// Styles of what `Page` has besides: tables, and marks of two kinds, which differ in more than colour.
let tableStyle = """
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0 1rem; }
  caption { text-align: left; font-weight: 600; }
  th, td { text-align: left; padding: .15rem .8rem .15rem 0; overflow-wrap: normal; }
  th { font-weight: 600; vertical-align: bottom; } tbody th { font-weight: 400; } tbody th, td { vertical-align: baseline; }
  .sortable { font-size: .8rem; } .sortable td { white-space: nowrap; }
  td.number, th { white-space: nowrap; }
  th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted; }
  th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  .many thead th.number { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; }
  td.shaded { background: rgb(var(--blue) / var(--share)); padding-left: .8rem; }
  td.shaded.wrong { background: rgb(var(--orange) / var(--share)); }
  mark.first { background: rgb(var(--blue) / .3); }
  mark.second { background: none; border-bottom: 3px dotted rgb(var(--orange)); }
  mark.both { background: rgb(var(--blue) / .3); border-bottom: 3px dotted rgb(var(--orange)); }
  @media print {
    main { max-width: none; } td.shaded, mark { print-color-adjust: exact; }
    h2, summary { break-after: avoid; } figure, table, tr { break-inside: avoid; }
    .wide { overflow: visible; } table { font-size: .8rem; }
  }

  """
