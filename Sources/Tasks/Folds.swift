/// Cross-validation: the training files' records in parts, of which each is held out once. Does not run the parts:
/// a sweep over `data.folds.fold` does.
import Datasets
import Files
import Hashing

/// Records, or whole documents, are dealt out one after the other: the first to fold 0, the second to fold 1, … and again
/// from fold 0. They are dealt in the order of the files, or shuffled by a seed; `stratified` deals one label after the
/// other (numbers: in increasing order), so that every fold has the same share of each.
///
/// The folds do not depend on the seed of a run, so that runs with other seeds have the same ones.
package struct Folds: Sendable, Equatable {
  /// What the held-out records are.
  package enum HeldOut: String, CaseIterable, Sendable { case dev, test }

  package var count = 10
  /// The fold that is held out, from 0; the others are trained on.
  package var fold = 0
  package var heldOut = HeldOut.dev
  /// nil: in the order of the files.
  package var seed: Int?
  package var byDocument = false
  package var isStratified = false

  package init() {}

  var heldOutSplit: Split { heldOut == .dev ? .dev : .test }

  /// The records of a split: of the held-out one those of the fold, of train the others.
  /// - Throws: `TaskFault` if there are fewer records or documents than folds, or no documents.
  func select(_ split: Split, from records: any Dataset, _ paths: [String]) throws(TaskFault) -> any Dataset {
    let units = byDocument ? documents(records) : (0..<records.count).map { [$0] }
    let file = paths.joined(separator: ", ")
    guard !units.isEmpty else { throw .noDocuments(file: file) }
    guard units.count >= count else { throw .fewerThanFolds(file: file, units.count, folds: count) }
    let held = Set(dealt(units, records).enumerated().filter { $0.offset % count == fold }.flatMap(\.element))
    let isTrain = split == .train
    return SelectedDataset(records, (0..<records.count).filter { held.contains($0) != isTrain })
  }

  /// The records of each document, in the order of the files; empty if no record has one.
  private func documents(_ records: any Dataset) -> [[Int]] {
    var units: [[Int]] = [], unitOfDocument: [String: Int] = [:]
    for index in 0..<records.count {
      guard let document = records[index].source?.document else {
        units.append([index])
        continue
      }
      if let unit = unitOfDocument[document] {
        units[unit].append(index)
      } else {
        unitOfDocument[document] = units.count
        units.append([index])
      }
    }
    return unitOfDocument.isEmpty ? [] : units
  }

  /// The units in the order in which they are dealt.
  private func dealt(_ units: [[Int]], _ records: any Dataset) -> [[Int]] {
    var units = units
    if let seed {
      var generator = SplitMix64(seed: UInt64(seed))
      units.shuffle(using: &generator)
    }
    guard isStratified else { return units }
    let strata = units.map { Stratum(records[$0[0]]) }
    // The sort must be stable.
    let order = units.indices.sorted { (strata[$0], $0) < (strata[$1], $1) }
    return order.map { units[$0] }
  }
}

/// What a record is labeled with, in an order: numbers by value, others by name.
private struct Stratum: Comparable {
  let value: Double
  let name: String

  init(_ record: Record) {
    value = record.value ?? 0
    let types = Set(TagScheme.iob2.spans(record.tags).spans.map(\.type))
    let answers = record.answers.map { $0.isEmpty ? ["-"] : ["+"] } ?? []
    name = (record.labels.sorted() + types.sorted() + answers).joined(separator: "\u{1F}")
  }

  static func < (a: Self, b: Self) -> Bool { (a.value, a.name) < (b.value, b.name) }
}
