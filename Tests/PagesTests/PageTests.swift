import Files
import Foundation
import Testing

@testable import Pages

@Test func `text is escaped, and control characters are replaced`() {
  #expect(escaped("a<b> & \"c\"\u{1}\n") == "a&lt;b&gt; &amp; &quot;c&quot;\u{FFFD}\n")
}

@Test func `a page has no script and no address, and escapes what it is given`() {
  let shaded = Table.Cell("2", share: 0.5, isError: true)
  let table = Table("t", header: ["<a>", "n"], rows: [["<b>", "1"], ["c", shaded]])
  let plot = Plot("p", title: "<t>", x: "<x>", y: "<y>", [.init("<s>", [(0, 1), (2, 3)])])
  let blocks: [Block] = [
    .paragraph("<p>"), .list([("<n>", "<v>")]), .table(table), .plot(plot), .code("<c>"),
    .details(summary: "<d>", [.text([TextRun("<r>", .first), TextRun("<q>")])]),
  ]
  let page = Page(title: "<title>", sections: [PageSection("<section>", blocks)])
  for name in ["a", "b", "t", "x", "y", "n", "v", "c", "d", "r", "q", "section"] {
    #expect(page.html.contains("&lt;\(name)&gt;"), "\(name)")
  }
  for forbidden in ["<script", "http", "url(", "@import", "<t>", "<r>", "<v>"] {
    #expect(!page.html.contains(forbidden), "\(forbidden)")
  }
  #expect(page.html.contains("<mark class=\"first\">&lt;r&gt;</mark>&lt;q&gt;"))
  #expect(page.html.contains("<td class=\"number shaded wrong\" style=\"--share:30%\">2</td>"))
  #expect(page.files.map(\.name) == ["t.csv", "p.svg", "p.csv"])
}

@Test func `tables are CSV as RFC 4180 has it`() {
  let table = Table("t", header: ["a", "b,c"], rows: [["\"x\"", "1"], ["two\nlines", "\r"]])
  #expect(table.csv == "a,\"b,c\"\n\"\"\"x\"\"\",1\n\"two\nlines\",\"\r\"\n")
}

@Test func `ticks are round numbers in the range`() {
  #expect(ticks(0...1) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
  #expect(ticks(3...17) == [5, 10, 15])
  #expect(ticks(-0.1...0.1).count == 5)
  #expect(ticks(1000...1000.5).count >= 4)
}

@Test func `a plot says in words what it shows, and leaves out what is not finite`() {
  let plot = Plot("p", title: "Loss", x: "step", y: "loss", [.init("train", [(1, 2), (5, .nan), (9, 1), (10, 1.5)])])
  #expect(plot.svg().contains("loss by step. train: 2.0 at 1, 1.5 at 10, from 1.0 to 2.0."))
  #expect(plot.csv == "series,step,loss\ntrain,1.0,2.0\ntrain,9.0,1.0\ntrain,10.0,1.5\n")
  #expect(!plot.svg().contains("nan"))
}

@Test func `a series of one point is a dot, also in the legend`() {
  let svg = Plot("p", title: "t", x: "x", y: "y", [.init("a", [(1, 2)]), .init("b", [(1, 2), (2, 3)], .dashed)]).svg()
  #expect(svg.split(separator: "<circle").count == 3)
  #expect(svg.split(separator: "h18").count == 2, "the legend has one line")
}

@Test func `a plot of one point or of none is a plot`() {
  for points in [[(x: 1.0, y: 2.0)], []] {
    let svg = Plot("p", title: "t", x: "x", y: "y", [.init("s", points)]).svg()
    #expect(!svg.contains("nan") && !svg.contains("inf"), "\(svg)")
  }
}

@Test func `a scatter plot has a logarithmic axis, intervals, a line and names that do not cover each other`() {
  let points = (0..<12).map { number -> ScatterPlot.Point in
    let (x, y) = (1000 * Double(number % 3 + 1), 0.5 + 0.001 * Double(number))
    return .init("method \(number)", x: x, y: y, interval: 0.4...0.6, isOnLine: number == 11)
  }
  let plot = ScatterPlot("p", title: "t", x: "parameters", y: "f1", points + [ScatterPlot.Point("none", x: 0, y: 0.4)])
  let svg = plot.svg()
  #expect(svg.contains("method 11: 0.511 (0.400 to 0.600) at 3000, on the line."))
  #expect(svg.components(separatedBy: "<circle").count == 14 && !svg.contains("nan"))
  let labels = svg.components(separatedBy: "class=\"label\" x=").count - 2
  #expect(labels > 2 && labels <= 13 && svg.contains(">method 11</text>"))
  #expect(plot.csv.hasPrefix("name,parameters,f1,low,high,on the line\nmethod 0,1000,0.5,0.4,0.6,no\n"))
  #expect(!ScatterPlot("p", title: "t", x: "x", y: "y", []).svg().contains("nan"))
}

@Test func `bars have lengths in proportion`() {
  let chart = BarChart("b", title: "Time", unit: "s", [("a", 10), ("<b>", 5), ("bad", .nan)])
  #expect(chart.svg().contains("&lt;b&gt;: 5.0 s.") && !chart.svg().contains("bad"))
  let widths = chart.svg().matches(of: /rect [^>]*width="([0-9.]+)"/).compactMap { Double($0.1) }
  #expect(widths.count == 2 && abs(widths[0] / widths[1] - 2) < 0.01)
  #expect(chart.csv == "name,s\na,10.0\n<b>,5.0\n")
}

@Test func `a table that can be sorted brings its script, and no other page has one`() {
  let table = Table("t", header: ["a", "n"], rows: [["b", "1"]], isSortable: true)
  let html = Page(title: "t", sections: [PageSection("s", [.table(table)])]).html
  #expect(html.contains("<script>") && html.contains("<button type=\"button\">n</button>") && html.contains("sortable"))
}
