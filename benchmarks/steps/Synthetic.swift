/// A sequence classification over random tokens. Its metrics would say nothing, so it has none.
import Autograd
import Models
import Tasks

struct Synthetic: Task {
  static let classes = 2
  let sequences: [[Int32]]
  let labels: [Int32]

  init(lengths: [Int]) {
    var chance = SplitMix64(seed: 0)
    sequences = lengths.map { length in (0..<length).map { _ in Int32.random(in: 5..<30522, using: &chance) } }
    labels = lengths.map { _ in Int32.random(in: 0..<Int32(Self.classes), using: &chance) }
  }

  var lengths: [Int] { sequences.map(\.count) }

  func lesson(_ examples: [Int], at step: Int) -> Lesson {
    Lesson(
      examples: examples, batch: Batch(examples.map { sequences[$0] }), targets: examples.map { labels[$0] },
      weight: Float(examples.count))
  }

  func evaluate(_ model: TextModel, on split: Split, _ run: Runner) -> Evaluation? { nil }

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
