/// Tests of records, and of datasets made of other datasets.
import Datasets
import Testing

private func records(_ ids: String...) -> [Record] { ids.map { Record(id: $0, texts: ["text \($0)"]) } }

struct DatasetTests {
  @Test func `records are equal regardless of their sources`() {
    let source = Record.SourceLocation(file: "train.txt", line: 13, record: 12)
    #expect(Record(id: "1", texts: ["a"], source: source) == Record(id: "1", texts: ["a"]))
    #expect(Record(id: "1", texts: ["a"]) != Record(id: "2", texts: ["a"]))
    #expect(Record(id: "1", labels: ["a"]) != Record(id: "1", labels: ["b"]))
    #expect("\(source)" == "train.txt, record 12 (line 13)")
    #expect(source.description(of: "sentence") == "train.txt, sentence 12 (line 13)")
  }

  @Test func `a concatenation has the records of its parts in order`() {
    let parts: [any Dataset] = [[Record](), records("a", "b"), [Record](), records("c"), records("d", "e", "f")]
    let all = ConcatenatedDataset(parts)
    #expect(all.count == 6)
    #expect(all.records == records("a", "b", "c", "d", "e", "f"))
    #expect(ConcatenatedDataset([]).count == 0)
  }

  @Test(arguments: [(0, 0), (2, 2), (9, 3)]) func `a prefix has the first records`(_ maxCount: Int, _ count: Int) {
    let prefix = PrefixDataset(records("a", "b", "c"), maxCount: maxCount)
    #expect(prefix.records == Array(records("a", "b", "c").prefix(count)))
  }
}
