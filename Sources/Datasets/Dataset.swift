/// Records by index, so that a file need not be in memory: the protocol, and datasets made of other datasets.

/// A fixed sequence of records. `TableDataset` reads them from a mapped file on access; an array of records is also a
/// dataset.
package protocol Dataset: Sendable {
  var count: Int { get }
  /// - Precondition: `0 <= index < count`.
  subscript(index: Int) -> Record { get }
  /// The record, possibly without its texts, where its labels are at hand.
  func labeling(_ index: Int) -> Record
  /// The record's `textHash`.
  func textHash(_ index: Int) -> UInt64
  /// The size of the files that it reads on access.
  var fileSize: Int { get }
}

extension Array: Dataset where Element == Record {}

extension Dataset {
  package func labeling(_ index: Int) -> Record { self[index] }
  package func textHash(_ index: Int) -> UInt64 { self[index].textHash }
  package var fileSize: Int { 0 }

  /// All records in memory.
  package var all: [Record] { self as? [Record] ?? (0..<count).map { self[$0] } }
}

/// The records of several datasets, one dataset after the other. Ids are those of the parts, so two may be equal.
package struct ConcatenatedDataset: Dataset {
  private let parts: [any Dataset]
  /// The index of each part's first record.
  private let starts: [Int]
  package let count: Int

  package init(_ parts: [any Dataset]) {
    self.parts = parts.filter { $0.count > 0 }
    var count = 0
    starts = self.parts.map { part in
      defer { count += part.count }
      return count
    }
    self.count = count
  }

  package subscript(index: Int) -> Record {
    let (part, index) = place(of: index)
    return part[index]
  }

  package func labeling(_ index: Int) -> Record {
    let (part, index) = place(of: index)
    return part.labeling(index)
  }

  package func textHash(_ index: Int) -> UInt64 {
    let (part, index) = place(of: index)
    return part.textHash(index)
  }

  package var fileSize: Int { parts.reduce(0) { $0 + $1.fileSize } }

  private func place(of index: Int) -> (part: any Dataset, index: Int) {
    precondition(index >= 0 && index < count, "ConcatenatedDataset: index \(index) of \(count) records")
    let part = firstIndex(in: starts) { $0 > index } - 1
    return (parts[part], index - starts[part])
  }
}

/// The first records of a dataset, for example for `max_train_examples`.
package struct PrefixDataset: Dataset {
  private let dataset: any Dataset
  package let count: Int

  /// All of `dataset` if it has no more than `maxCount` records.
  package init(_ dataset: any Dataset, maxCount: Int) {
    precondition(maxCount >= 0, "PrefixDataset: a prefix of \(maxCount) records")
    self.dataset = dataset
    count = min(maxCount, dataset.count)
  }

  package subscript(index: Int) -> Record {
    precondition(index >= 0 && index < count, "PrefixDataset: index \(index) of \(count) records")
    return dataset[index]
  }

  package func labeling(_ index: Int) -> Record { dataset.labeling(index) }
  package func textHash(_ index: Int) -> UInt64 { dataset.textHash(index) }
  package var fileSize: Int { dataset.fileSize }
}

/// Some records of a dataset.
package struct SelectedDataset: Dataset {
  private let dataset: any Dataset
  private let indices: [Int]

  package init(_ dataset: any Dataset, _ indices: [Int]) { (self.dataset, self.indices) = (dataset, indices) }

  package var count: Int { indices.count }
  package subscript(index: Int) -> Record { dataset[indices[index]] }
  package func labeling(_ index: Int) -> Record { dataset.labeling(indices[index]) }
  package func textHash(_ index: Int) -> UInt64 { dataset.textHash(indices[index]) }
  package var fileSize: Int { dataset.fileSize }
}

/// The index of the first element for which `isAfter` is true, in an array in which it is false and then true; the
/// array's count if it is always false.
func firstIndex<Element>(in array: [Element], where isAfter: (Element) -> Bool) -> Int {
  var range = 0..<array.count
  while !range.isEmpty {
    let middle = range.lowerBound + range.count / 2
    range = isAfter(array[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
  }
  return range.lowerBound
}
