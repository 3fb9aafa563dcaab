import Encoders
/// Splits an epoch's examples into batches, and a batch into shards. Batches are a pure function of seed and epoch, so
/// that a run can resume at any step.
import Hashing
package import Tasks

/// What an epoch's batches are made by.
protocol BatchSource: Sendable {
  /// Tokens of each example.
  var lengths: SequenceLengths { get }
  /// The examples that are trained on.
  var examples: [Int] { get }
  /// Whether every epoch has the same number of batches.
  var hasEqualEpochs: Bool { get }
  /// The batches of an epoch as lists of example indices.
  func batches(epoch: Int) -> [[Int]]
}

package struct Batcher: BatchSource {
  package enum Size: Sendable, Equatable {
    /// Examples per batch.
    case examples(Int)
    /// Maximum number of tokens per batch; a longer example is a batch by itself.
    case tokens(Int)
  }

  package enum SamplingStrategy: String, CaseIterable, Sendable {
    case random
    /// Shuffled, then sorted by length within megabatches of 50 batches; the batches are shuffled again
    /// (transformers' LengthGroupedSampler).
    case groupByLength = "group_by_length"
  }

  /// Tokens of each example of the task.
  let lengths: SequenceLengths
  /// The examples that are trained on.
  let examples: [Int]
  let size: Size
  let samplingStrategy: SamplingStrategy
  let seed: UInt64

  /// - Parameter examples: the examples that are trained on; nil: all.
  package init(
    lengths: SequenceLengths, examples: [Int]? = nil, size: Size, samplingStrategy: SamplingStrategy, seed: UInt64
  ) {
    self.lengths = lengths
    self.examples = examples ?? Array(lengths.indices)
    self.size = size
    self.samplingStrategy = samplingStrategy
    self.seed = seed
  }

  package init(
    lengths: [Int], examples: [Int]? = nil, size: Size, samplingStrategy: SamplingStrategy, seed: UInt64
  ) {
    self.init(
      lengths: SequenceLengths(lengths), examples: examples, size: size, samplingStrategy: samplingStrategy, seed: seed)
  }

  /// With batches by tokens it depends on the order of the examples, unless all have the same length.
  var hasEqualEpochs: Bool {
    switch size {
    case .examples: true
    case .tokens: examples.allSatisfy { lengths[$0] == lengths[examples[0]] }
    }
  }

  /// Every example is in exactly one batch.
  package func batches(epoch: Int) -> [[Int]] {
    var generator = SplitMix64(seed: seed &+ UInt64(epoch + 1) &* 0xD134_2543_DE82_EF95)
    var indices = examples
    indices.shuffle(using: &generator)
    guard samplingStrategy == .groupByLength else { return split(indices) }
    let megabatch = max(1, 50 * typicalBatchSize)
    let sorted = stride(from: 0, to: indices.count, by: megabatch).flatMap { start in
      indices[start..<min(start + megabatch, indices.count)].sorted { (lengths[$0], $0) > (lengths[$1], $1) }
    }
    var batches = split(sorted)
    batches.shuffle(using: &generator)
    return batches
  }

  /// Examples per batch; for `Size.tokens` at the mean length.
  private var typicalBatchSize: Int {
    switch size {
    case .examples(let count): count
    case .tokens(let tokens): tokens * examples.count / max(1, examples.reduce(0) { $0 + lengths[$1] })
    }
  }

  private func split(_ indices: [Int]) -> [[Int]] {
    switch size {
    case .examples(let limit):
      // Lengths may not be counted yet, and are not needed.
      return stride(from: 0, to: indices.count, by: limit).map {
        Array(indices[$0..<min($0 + limit, indices.count)])
      }
    case .tokens(let limit): return groups(of: indices, tokens: limit) { lengths[$0] }
    }
  }
}

/// Splits a batch into shards of about `size` tokens with loads as equal as possible. The number of shards depends on
/// the tokens only, so that the sums are the same for any number of threads. It is 1 or even, which suits two threads.
func shards(of batch: [Int], lengths: SequenceLengths, size: Int) -> [[Int]] {
  let tokens = batch.reduce(0) { $0 + lengths[$1] }
  let count = tokens < 256 ? 1 : max(1, (tokens + size) / (2 * size)) * 2
  var shards = [[Int]](repeating: [], count: min(count, batch.count))
  var loads = [Int](repeating: 0, count: shards.count)
  for index in batch.sorted(by: { (lengths[$0], $0) > (lengths[$1], $1) }) {
    let lightest = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
    shards[lightest].append(index)
    loads[lightest] += lengths[index]
  }
  return shards
}
