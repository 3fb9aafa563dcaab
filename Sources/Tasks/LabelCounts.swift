/// How many records the splits of a run have, and how many of each label. Does not score.
import Datasets

/// Entities by type, of records that are labeled word by word; otherwise records by label.
package struct LabelCounts: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package let label: String
    package let counts: [Int]
  }

  /// The plural of what a record is called: "sentences".
  package let noun: String
  /// Those of the run, train first. Lists of counts below are in this order.
  package let splits: [Split]
  package let records: [Int]
  /// Sorted by label. A label of some splits has the count 0 in the others.
  package let labels: [Row]

  /// nil for a task without records.
  package init?(_ setup: TaskSetup) {
    let splits = Split.allCases.compactMap { split in setup.task.records(in: split).map { (split, $0) } }
    guard !splits.isEmpty else { return nil }
    noun = type(of: setup.inference).description.record + "s"
    self.splits = splits.map(\.0)
    records = splits.map(\.1.count)
    let counts = splits.map { countLabels($0.1) }
    let names = counts.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
    labels = names.sorted().map { name in Row(label: name, counts: counts.map { $0[name] ?? 0 }) }
  }
}

/// Entities as an evaluation counts them, which is their `support`.
private func countLabels(_ records: any Dataset) -> [String: Int] {
  var counts: [String: Int] = [:], tags: [[String]] = []
  for index in 0..<records.count {
    let record = records.labeling(index)
    for label in record.labels { counts[label, default: 0] += 1 }
    tags.append(record.tags)
  }
  for entity in seqevalEntities(tags) { counts[entity.type, default: 0] += 1 }
  return counts
}
