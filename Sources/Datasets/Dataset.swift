/// Records by index, so that a file need not be in memory: the protocol, and datasets made of other datasets.

/// A fixed sequence of records. `TableDataset` reads them from a mapped file on access; an array of records is also a
/// dataset.
public protocol Dataset: Sendable {
  var count: Int { get }
  /// - Precondition: `0 <= index < count`.
  subscript(index: Int) -> Record { get }
}

extension Array: Dataset where Element == Record {}

extension Dataset {
  /// All records in memory.
  public var all: [Record] { self as? [Record] ?? (0..<count).map { self[$0] } }
}

/// The records of several datasets, one dataset after the other. Ids are those of the parts, so two may be equal.
public struct ConcatenatedDataset: Dataset {
  private let parts: [any Dataset]
  /// The index of each part's first record.
  private let starts: [Int]
  public let count: Int

  public init(_ parts: [any Dataset]) {
    self.parts = parts.filter { $0.count > 0 }
    var count = 0
    starts = self.parts.map { part in
      defer { count += part.count }
      return count
    }
    self.count = count
  }

  public subscript(index: Int) -> Record {
    precondition(index >= 0 && index < count, "ConcatenatedDataset: index \(index) of \(count) records")
    let part = firstIndex(in: starts) { $0 > index } - 1
    return parts[part][index - starts[part]]
  }
}

/// The first records of a dataset, for example for `max_train_examples`.
public struct PrefixDataset: Dataset {
  private let dataset: any Dataset
  public let count: Int

  /// All of `dataset` if it has no more than `maxCount` records.
  public init(_ dataset: any Dataset, maxCount: Int) {
    precondition(maxCount >= 0, "PrefixDataset: a prefix of \(maxCount) records")
    self.dataset = dataset
    count = min(maxCount, dataset.count)
  }

  public subscript(index: Int) -> Record {
    precondition(index >= 0 && index < count, "PrefixDataset: index \(index) of \(count) records")
    return dataset[index]
  }
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
