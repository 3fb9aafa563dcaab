/// A task with the fixed batches of a fixture file, which PyTorch was trained on.
import Files
import Models
import Tasks
import TestSupport

/// The four batches "name.0" to "name.3" of the file, as examples 0… in order.
struct FixedBatches: Task {
  let batches: [[Int]]
  let ids, tokenTypeIDs, labels: [[Int32]]
  /// Whether only labeled tokens get logits.
  let labeledOnly: Bool

  init(_ file: String, _ name: String, labeledOnly: Bool = false) throws {
    try self.init(JSON(path: fixture(file)), name, labeledOnly: labeledOnly)
  }

  init(_ json: JSON, _ name: String, labeledOnly: Bool = false) throws {
    func rows(_ key: String) -> [[[Int32]]] {
      (0..<4).map { index in
        (json["\(name).\(index)"]?[key]?.array ?? []).map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
      }
    }
    var next = 0
    batches = rows("ids").map { batch in
      defer { next += batch.count }
      return Array(next..<next + batch.count)
    }
    (ids, tokenTypeIDs, labels) = (
      rows("ids").flatMap { $0 }, rows("types").flatMap { $0 }, rows("labels").flatMap { $0 }
    )
    self.labeledOnly = labeledOnly
  }

  var lengths: [Int] { ids.map(\.count) }

  func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    var batch = Batch()
    for example in examples { batch.append(ids[example], tokenTypeIDs: tokenTypeIDs[example]) }
    let targets = examples.flatMap { labels[$0] }
    let labeled = LabeledBatch(
      examples: examples, input: batch, targets: .classes(targets), weight: Float(targets.count { $0 >= 0 }))
    return labeledOnly ? labeled.withLabeledRows(.tokenClassification) : labeled
  }

  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ run: ParallelFor) -> Evaluation? { nil }
}
