/// Text tables: alignment of columns.
import Reporting
import Testing

@Test func `numbers are right-aligned, text is left-aligned, and no line ends with spaces`() {
  let rows = [["a", "0.5", "–", "lora", "90 %"], ["longer", "12", "3", "–", "5.5 %"], ["c", "", "10", "x", "–"]]
  #expect(
    textTable(["run", "f1", "rank", "method", "share"], rows) == [
      "run      f1  rank  method  share",
      "a       0.5     –  lora     90 %",
      "longer   12     3  –       5.5 %",
      "c              10  x           –",
    ])
  #expect(textTable(["run", "note"], [["a", "x"], ["b", ""]]) == ["run  note", "a    x", "b"])
}
