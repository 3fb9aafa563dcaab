/// Which examples make which batch: a pure function of the seed and the epoch, so that a run can be taken up anywhere.
import Hashing
import Models

public struct Batcher: Sendable {
  public enum Size: Sendable, Equatable {
    /// This many examples a batch.
    case examples(Int)
    /// As many examples as fit into this many tokens; at least one.
    case tokens(Int)
  }

  public enum SamplingStrategy: String, Sendable {
    case random
    /// Shuffled, then sorted by length within stretches of 50 batches, and the batches shuffled again.
    case groupByLength = "group_by_length"
  }

  let lengths: [Int]
  let size: Size
  let samplingStrategy: SamplingStrategy
  let seed: UInt64

  public init(lengths: [Int], size: Size, order: SamplingStrategy, seed: UInt64) {
    self.lengths = lengths
    self.size = size
    self.samplingStrategy = order
    self.seed = seed
  }

  /// The batches of an epoch, each a list of examples; every example is in exactly one.
  public func batches(epoch: Int) -> [[Int]] {
    var generator = SplitMix64(seed: seed &+ UInt64(epoch + 1) &* 0xD134_2543_DE82_EF95)
    var indices = Array(lengths.indices)
    indices.shuffle(using: &generator)
    guard samplingStrategy == .groupByLength else { return cut(indices) }
    let stretch = max(1, 50 * typicalBatch)
    let sorted = stride(from: 0, to: indices.count, by: stretch).flatMap { start in
      indices[start..<min(start + stretch, indices.count)].sorted { (lengths[$0], $0) > (lengths[$1], $1) }
    }
    var batches = cut(sorted)
    batches.shuffle(using: &generator)
    return batches
  }

  private var typicalBatch: Int {
    switch size {
    case .examples(let count): count
    case .tokens(let tokens): tokens * lengths.count / max(1, lengths.reduce(0, +))
    }
  }

  private func cut(_ indices: [Int]) -> [[Int]] {
    var batches: [[Int]] = [], tokens = 0
    for index in indices {
      let isFull =
        switch size {
        case .examples(let most): batches.last.map { $0.count >= most } ?? true
        case .tokens(let most): batches.isEmpty || tokens + lengths[index] > most
        }
      if isFull {
        batches.append([])
        tokens = 0
      }
      batches[batches.count - 1].append(index)
      tokens += lengths[index]
    }
    return batches
  }
}

/// Cuts a batch into shards of about `size` tokens, as equal as can be. Their number depends on the tokens alone, never
/// on the machine, so that any number of threads makes the same sums; it is even, so that two threads share evenly.
func shards(of batch: [Int], lengths: [Int], size: Int) -> [[Int]] {
  let tokens = batch.reduce(0) { $0 + lengths[$1] }
  let wanted = tokens < 256 ? 1 : max(1, (tokens + size) / (2 * size)) * 2
  var shards = [[Int]](repeating: [], count: min(wanted, batch.count))
  var loads = [Int](repeating: 0, count: shards.count)
  for index in batch.sorted(by: { (lengths[$0], $0) > (lengths[$1], $1) }) {
    let lightest = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
    shards[lightest].append(index)
    loads[lightest] += lengths[index]
  }
  return shards
}
