/// A synthetic task: random tokens with random labels per sequence or per token, or masked tokens. It has no metrics.
import Autograd
import Encoders
import Hashing
import Tasks

struct Synthetic: Task {
  static let classes = 2
  static let mask: Int32 = 103
  let headType: HeadType
  let sequences: [[Int32]]
  /// By sequence: one label, or one per token.
  private let labels: [[Int32]]

  init(lengths: [Int], headType: HeadType = .sequenceClassification) {
    var generator = SplitMix64(seed: 0)
    self.headType = headType
    sequences = lengths.map { length in (0..<length).map { _ in Int32.random(in: 5..<30522, using: &generator) } }
    labels = lengths.map { length in
      (0..<(headType == .sequenceClassification ? 1 : length)).map { _ in
        Int32.random(in: 0..<Int32(Self.classes), using: &generator)
      }
    }
  }

  var lengths: [Int] { sequences.map(\.count) }

  func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    if headType.isTied { return masked(examples) }
    let targets = examples.flatMap { labels[$0] }
    return LabeledBatch(
      examples: examples, input: Batch(examples.map { sequences[$0] }), targets: .classes(targets),
      weight: Float(targets.count))
  }

  /// 15 % of the positions, evenly spaced: the same as in peer_steps.py.
  static func maskedPositions(length: Int) -> [Int] {
    let count = max(1, (15 * length + 50) / 100)
    return (0..<count).map { $0 * length / count }
  }

  private func masked(_ examples: [Int]) -> LabeledBatch {
    var batch = Batch(), rows: [Int32] = [], targets: [Int32] = []
    for example in examples {
      var sequence = sequences[example]
      for position in Self.maskedPositions(length: sequence.count) {
        rows.append(Int32(batch.count + position))
        targets.append(sequence[position])
        sequence[position] = Self.mask
      }
      batch.append(sequence)
    }
    return LabeledBatch(
      examples: examples, input: batch, rows: rows, targets: .classes(targets), weight: Float(targets.count))
  }

  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }

  /// The sequences in order, in batches of at most `tokens` tokens; a longer sequence is a batch by itself.
  func batches(tokens: Int) -> [Batch] {
    var batches: [Batch] = []
    for sequence in sequences {
      if batches.last.map({ $0.count + sequence.count > tokens }) ?? true { batches.append(Batch()) }
      batches[batches.count - 1].append(sequence)
    }
    return batches
  }
}
