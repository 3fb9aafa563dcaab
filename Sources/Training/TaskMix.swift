/// The batches of several tasks that share an encoder: one task at a time, in a random order. A pure function of the seed
/// and the epoch, so that a run can resume at any step.
import Glibc
import Hashing
import Tasks

/// An example's index counts through the examples of all tasks, one task after the other. A batch is a whole step.
struct TaskMix: BatchSource {
  let lengths: SequenceLengths
  let examples: [Int]
  /// Steps of each task in an epoch.
  let shares: [Int]
  private let plans: [StepPlan]
  /// The index of each task's first example.
  private let offsets: [Int]
  private let seed: UInt64

  var hasEqualEpochs: Bool { true }

  /// An epoch has as many steps as one pass over the data of all tasks. Of these, a task gets a share in proportion to
  /// the `alpha`th power of the steps of a pass over its own data.
  /// - Parameter alpha: 1: every epoch is one pass over all data; 0: all tasks get the same number of steps.
  /// - Throws: `TrainingFault` if a task has no example.
  init(_ batchers: [Batcher], batchesPerStep: Int, alpha: Double, seed: UInt64) throws(TrainingFault) {
    var plans: [StepPlan] = []
    for batcher in batchers { plans.append(try StepPlan(batcher, .epochs(1), batchesPerStep: batchesPerStep)) }
    let sizes = plans.map(\.steps)
    shares = divide(sizes.reduce(0, +), inProportionTo: sizes.map { pow(Double($0), alpha) })
    let offsets = Tasks.offsets(ofParts: batchers.map(\.lengths.count))
    lengths = SequenceLengths(joining: batchers.map(\.lengths))
    examples = zip(batchers, offsets).flatMap { batcher, offset in batcher.examples.map { $0 + offset } }
    (self.plans, self.offsets, self.seed) = (plans, offsets, seed)
  }

  /// A task continues in its data where the last epoch stopped.
  func batches(epoch: Int) -> [[Int]] {
    var turns = shares.enumerated().flatMap { Array(repeating: $0, count: $1) }
    var generator = SplitMix64(seed: seed &+ UInt64(epoch + 1) &* 0x9E37_79B9_7F4A_7C15)
    turns.shuffle(using: &generator)
    let steps = plans.indices.map { task in
      let first = epoch * shares[task]
      return self.steps(first..<first + shares[task], of: plans[task])
    }
    var next = plans.map { _ in 0 }
    return turns.map { task in
      defer { next[task] += 1 }
      return steps[task][next[task]].map { $0 + offsets[task] }
    }
  }

  /// Some steps of a task that goes through its data again and again.
  private func steps(_ range: Range<Int>, of plan: StepPlan) -> [[Int]] {
    // Epochs of different numbers of steps are counted from the first.
    var epoch = plan.batcher.hasEqualEpochs ? range.lowerBound / plan.steps : 0
    var start = epoch * plan.steps, found: [[Int]] = []
    while start < range.upperBound {
      let steps = plan.epoch(epoch), own = range.clamped(to: start..<start + steps.count)
      found += steps[own.lowerBound - start..<own.upperBound - start]
      start += steps.count
      epoch += 1
    }
    return found
  }
}

/// Whole numbers with the sum `total`, by the method of largest remainders.
private func divide(_ total: Int, inProportionTo weights: [Double]) -> [Int] {
  let sum = weights.reduce(0, +), exact = weights.map { $0 / sum * Double(total) }
  var shares = exact.map { Int($0) }
  let order = exact.indices.sorted {
    (exact[$1] - Double(shares[$1]), $0) < (exact[$0] - Double(shares[$0]), $1)
  }
  for index in order.prefix(total - shares.reduce(0, +)) { shares[index] += 1 }
  return shares
}
