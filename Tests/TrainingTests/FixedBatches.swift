/// A task with the fixed batches of a fixture file, which PyTorch was trained on.
import Autograd
import Encoders
import Files
import Tasks
import TestSupport

/// The four batches "name.0" to "name.3" of the file, as examples 0… in order.
struct FixedBatches: Task {
  let batches: [[Int]]
  let ids, tokenTypeIDs: [[Int32]]
  let targets: [Targets]
  let loss: any LossFunction
  /// Whether only labeled tokens get logits.
  let labeledOnly: Bool

  init(_ file: String, _ name: String, labeledOnly: Bool = false, loss: any LossFunction = ClassificationLoss()) throws
  {
    try self.init(JSON(path: fixture(file)), name, labeledOnly: labeledOnly, loss: loss)
  }

  init(
    _ json: JSON, _ name: String, labeledOnly: Bool = false, loss: any LossFunction = ClassificationLoss()
  ) throws {
    func numbers(_ key: String) -> [[[Double]]] {
      (0..<4).map { index in
        (json["\(name).\(index)"]?[key]?.array ?? []).map { ($0.array ?? []).compactMap(\.number) }
      }
    }
    func rows(_ key: String) -> [[[Int32]]] { numbers(key).map { $0.map { $0.map { Int32($0) } } } }
    var next = 0
    batches = rows("ids").map { batch in
      defer { next += batch.count }
      return Array(next..<next + batch.count)
    }
    (ids, tokenTypeIDs) = (rows("ids").flatMap { $0 }, rows("types").flatMap { $0 })
    let lengths = ids.map(\.count)
    targets = numbers("labels").joined().enumerated().map { index, labels in
      switch loss {
      case is MultiLabelLoss: .classSets([labels.map { Float($0) }])
      case is RegressionLoss: .values(labels.map { Float($0) })
      case is SpanLoss: .spans([SpanTarget(length: lengths[index], spans: [Int32(labels[0])...Int32(labels[1])])])
      default: .classes(labels.map { Int32($0) })
      }
    }
    self.loss = loss
    self.labeledOnly = labeledOnly
  }

  /// The examples of `batches`, so many times.
  init(_ batches: FixedBatches, times: Int) {
    func repeated<Element>(_ list: [Element]) -> [Element] { (0..<times).flatMap { _ in list } }
    self.batches = batches.batches
    (ids, tokenTypeIDs, targets) = (
      repeated(batches.ids), repeated(batches.tokenTypeIDs), repeated(batches.targets)
    )
    (loss, labeledOnly) = (batches.loss, batches.labeledOnly)
  }

  var lengths: [Int] { ids.map(\.count) }

  func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    var batch = Batch()
    for example in examples { batch.append(ids[example], tokenTypeIDs: tokenTypeIDs[example]) }
    let targets = Targets.joined(examples.map { self.targets[$0] })
    let labeled = LabeledBatch(
      examples: examples, input: batch, targets: targets, weight: loss.weight(of: targets))
    return labeledOnly ? labeled.withLabeledRows(.tokenClassification) : labeled
  }

  func loss(of logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass) -> Double {
    loss(logits, targets, norm: norm, pass)
  }

  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }
}
