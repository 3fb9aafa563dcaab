/// Finds examples with the same text, in one split and in several. Texts are compared by their hashes of 64 bits.
import Datasets
import Files

/// All examples, sorted by text.
struct RepeatedExamples {
  struct Key {
    let text, labels: UInt64
    let split, index: Int32
  }

  /// Those whose text another example has, by text, then by split and position.
  private(set) var groups: [[Key]] = []

  init(_ scans: [SplitScan]) {
    var keys: [Key] = []
    keys.reserveCapacity(scans.reduce(0) { $0 + $1.count })
    for (split, scan) in scans.enumerated() {
      for (index, hash) in scan.hashes.enumerated() where scan.lengths[index] > 0 {
        keys.append(Key(text: hash.text, labels: hash.labels, split: Int32(split), index: Int32(index)))
      }
    }
    keys.sort { ($0.text, $0.split, $0.index) < ($1.text, $1.split, $1.index) }
    var start = 0
    for end in 1..<max(keys.count + 1, 1) where end == keys.count || keys[end].text != keys[start].text {
      if end - start > 1 { groups.append(Array(keys[start..<end])) }
      start = end
    }
    // In the order of the files.
    groups.sort { ($0[0].split, $0[0].index) < ($1[0].split, $1[0].index) }
  }

  /// Examples of a split that repeat an earlier one of it, and those of them whose labels are others.
  func within(_ split: Int, _ scan: SplitScan) -> (repeated: FoundExamples, conflicting: FoundExamples) {
    var repeated = FoundExamples(), conflicting = FoundExamples()
    for group in groups {
      let keys = group.filter { $0.split == split }
      for key in keys.dropFirst() {
        func place() -> ExamplePlace { scan.place(Int(key.index), as: scan, Int(keys[0].index)) }
        repeated.add(place())
        if key.labels != keys[0].labels { conflicting.add(place()) }
      }
    }
    return (repeated, conflicting)
  }
}

/// Examples of a split that an earlier split has, too.
package struct SharedExamples: Sendable, Equatable {
  package let first, other: Split
  /// Of `other`.
  package private(set) var found = FoundExamples()
  /// Examples of `other`.
  package let total: Int
  /// Documents with examples in both.
  package let documents: Int

  /// nil: they share nothing.
  init?(_ repeats: RepeatedExamples, _ scans: [SplitScan], _ first: Int, _ other: Int) {
    (self.first, self.other, total) = (scans[first].split, scans[other].split, scans[other].count)
    documents = scans[first].documents.intersection(scans[other].documents).count
    for group in repeats.groups {
      guard let seen = group.first(where: { $0.split == first }) else { continue }
      for key in group where key.split == other {
        found.add(scans[other].place(Int(key.index), as: scans[first], Int(seen.index)))
      }
    }
    if found.count == 0, documents == 0 { return nil }
  }

  var json: JSON {
    [
      "splits": .array([.string(first.rawValue), .string(other.rawValue)]), "count": .int(found.count),
      "of": .int(total), "documents": .int(documents), "examples": .array(found.examples.map(\.json)),
    ]
  }
}

extension SplitScan {
  /// The place of an example that is equal to another.
  fileprivate func place(_ index: Int, as scan: SplitScan, _ other: Int) -> ExamplePlace {
    var place = place(index)
    place.other = scan.place(other).place
    return place
  }
}
