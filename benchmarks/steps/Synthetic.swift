/// Random tokens, and something to say of them: of each sequence, of each token, or of those that are masked. Its metrics
/// would say nothing, so it has none.
import Autograd
import Hashing
import Models
import Tasks

struct Synthetic: Task {
  static let classes = 2
  static let mask: Int32 = 103
  let kind: HeadType
  let sequences: [[Int32]]
  /// Of sequences and of tokens.
  private let labels: [[Int32]]

  init(lengths: [Int], kind: HeadType = .sequenceClassification) {
    var chance = SplitMix64(seed: 0)
    self.kind = kind
    sequences = lengths.map { length in (0..<length).map { _ in Int32.random(in: 5..<30522, using: &chance) } }
    labels = lengths.map { length in
      (0..<(kind == .sequenceClassification ? 1 : length)).map { _ in
        Int32.random(in: 0..<Int32(Self.classes), using: &chance)
      }
    }
  }

  var lengths: [Int] { sequences.map(\.count) }

  func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  func lesson(_ examples: [Int], at step: Int) -> Lesson {
    if kind == .maskedLM { return masked(examples) }
    let targets = examples.flatMap { labels[$0] }
    return Lesson(
      examples: examples, batch: Batch(examples.map { sequences[$0] }), targets: targets, weight: Float(targets.count))
  }

  /// 15 % of the tokens, at even distances: the same places as in peer_steps.py.
  static func places(length: Int) -> [Int] {
    let count = max(1, (15 * length + 50) / 100)
    return (0..<count).map { $0 * length / count }
  }

  private func masked(_ examples: [Int]) -> Lesson {
    var batch = Batch(), rows: [Int32] = [], targets: [Int32] = []
    for example in examples {
      var sequence = sequences[example]
      for place in Self.places(length: sequence.count) {
        rows.append(Int32(batch.count + place))
        targets.append(sequence[place])
        sequence[place] = Self.mask
      }
      batch.append(sequence)
    }
    return Lesson(examples: examples, batch: batch, rows: rows, targets: targets, weight: Float(targets.count))
  }

  func evaluate(_ model: TextModel, on split: Split, _ run: ParallelFor) -> Evaluation? { nil }

  /// The sequences in their order, in batches of about `tokens` tokens.
  func batches(tokens: Int) -> [Batch] {
    var batches: [Batch] = []
    for sequence in sequences {
      if batches.last.map({ $0.count + sequence.count > tokens }) ?? true { batches.append(Batch()) }
      batches[batches.count - 1].append(sequence)
    }
    return batches
  }
}
