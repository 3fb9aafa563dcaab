/// Damaged tables are read or rejected, never a crash; what is read on access is what was checked at opening.
import Datasets
import Hashing
import Testing

private let samples: [(TableFormat, String)] = [
  (.jsonl, "{\"id\":1,\"text\":\"a \\u00e9\",\"label\":true}\n\n{\"text\":\"b\",\"id\":\"x\",\"label\":\"é\"}\r\n"),
  (.tsv, "\u{FEFF}id\ttext\tlabel\n1\ta \"b\t0\r\n\n2\té\t1\n"),
  (.csv, "id,text,label\r\n1,\"a \"\"b\"\", é\n c\",0\n\n2,b,\"1\"\n"),
]

@Test(arguments: samples) func `a damaged table is read or rejected`(_ format: TableFormat, _ sample: String) throws {
  let columns = RecordColumns(text: "text", label: "label", id: "id")
  let special = Array("\",\n\r\t{}:\\ \u{FEFF}\0a".utf8) + [0xFF]
  var generator = SplitMix64(seed: 5)
  var accepted = 0
  for _ in 0..<1500 {
    var bytes = Array(sample.utf8)
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
      let index = Int.random(in: bytes.indices, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes.remove(at: index)
      case 1: bytes[index] = special.randomElement(using: &generator) ?? 0
      case 2: bytes.insert(special.randomElement(using: &generator) ?? 0, at: index)
      default: bytes.removeLast(min(bytes.count, index % 9))
      }
    }
    do {
      let dataset = try openTable(bytes, format, columns)
      #expect(dataset.records.count == dataset.count && dataset.count > 0)
      #expect(dataset.records.allSatisfy { $0.texts.count == 1 && $0.labels.count == 1 && !$0.id.isEmpty })
      accepted += 1
    } catch let fault as TableFault {
      #expect(fault.badLineCount > 0 && !fault.description.isEmpty)
    }
  }
  #expect(accepted > 50)
}
