import Files
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

@Test func `a plot of one point or of none is a plot`() {
  for points in [[(x: 1.0, y: 2.0)], []] {
    let svg = Plot("p", title: "t", x: "x", y: "y", [.init("s", points)]).svg()
    #expect(!svg.contains("nan") && !svg.contains("inf"), "\(svg)")
  }
}
