/// Documents whose sentences are the records of another dataset.

/// A record's id is that of its document, a separator, and something else: "22355784_s0". A document's text is its
/// records' texts, joined by a space, and its labels are those that any of them has, as BLURB scores Hallmarks of Cancer.
package struct DocumentDataset: Dataset {
  private let dataset: any Dataset
  private let separator: String
  /// The index of each document's first record, then the number of all records.
  private let starts: [Int]

  /// - Throws: `TableFault` if a record has an id without the separator, or a document's records are not together.
  package init(_ dataset: any Dataset, separator: String) throws(TableFault) {
    var starts: [Int] = [], seen: Set<String> = [], last: String?
    for index in 0..<dataset.count {
      let record = dataset[index]
      guard let id = document(of: record.id, separator) else {
        throw fault(
          record, .wrongType(column: "id", found: quoted(record.id), expected: "an id with \(quoted(separator))"))
      }
      if id == last { continue }
      guard seen.insert(id).inserted else { throw fault(record, .scatteredDocument(id)) }
      starts.append(index)
      last = id
    }
    self.dataset = dataset
    self.separator = separator
    self.starts = starts + [dataset.count]
  }

  package var count: Int { starts.count - 1 }

  package subscript(index: Int) -> Record {
    let records = (starts[index]..<starts[index + 1]).map { dataset[$0] }
    var result = records[0], seen: Set<String> = []
    result.id = document(of: result.id, separator) ?? result.id
    result.texts = [records.flatMap(\.texts).joined(separator: " ")]
    result.labels = records.flatMap(\.labels).filter { seen.insert($0).inserted }
    return result
  }
}

/// What precedes the last separator.
private func document(of id: String, _ separator: String) -> String? {
  let parts = id.split(separator: separator, omittingEmptySubsequences: false)
  return parts.count > 1 ? parts.dropLast().joined(separator: separator) : nil
}

private func fault(_ record: Record, _ problem: TableFault.Problem) -> TableFault {
  TableFault(file: record.source?.file ?? "", line: record.source?.line ?? 0, problem)
}
