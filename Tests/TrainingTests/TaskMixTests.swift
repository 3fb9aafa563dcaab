/// Tests which batches several tasks get: their shares of an epoch, and that each goes through its data again and again.
import TestSupport
import Testing

@testable import Training

/// Tasks with examples of 1, 2, … tokens, in batches of two.
private func mix(_ counts: [Int], alpha: Double, size: Batcher.Size = .examples(2), accumulated: Int = 1) throws
  -> TaskMix
{
  try TaskMix(
    counts.map { Batcher(lengths: Array(1...$0), size: size, samplingStrategy: .random, seed: 3) },
    batchesPerStep: accumulated, alpha: alpha, seed: 3)
}

@Test(arguments: [
  (1.0, [50, 5, 1]), (0.0, [19, 19, 18]), (0.5, [38, 12, 6]),
])
func `a task's share of the steps is in proportion to the power of its size`(_ alpha: Double, _ shares: [Int]) throws {
  let mix = try mix([100, 10, 2], alpha: alpha)
  #expect(mix.shares == shares)
  let turns = mix.batches(epoch: 4).map { $0[0] < 100 ? 0 : $0[0] < 110 ? 1 : 2 }
  #expect((0..<3).map { task in turns.count { $0 == task } } == shares)
  #expect(turns != turns.sorted() && turns != mix.batches(epoch: 5).map { $0[0] < 100 ? 0 : $0[0] < 110 ? 1 : 2 })
}

@Test(arguments: [1, 3]) func `with alpha 1 every epoch has every example of every task once`(_ accumulated: Int) throws
{
  let mix = try mix([31, 8, 3], alpha: 1, accumulated: accumulated)
  for epoch in 0..<3 {
    #expect(mix.batches(epoch: epoch).joined().sorted() == Array(0..<42))
    #expect(mix.batches(epoch: epoch).allSatisfy { Set($0.map { $0 < 31 ? 0 : $0 < 39 ? 1 : 2 }).count == 1 })
  }
  #expect(mix.batches(epoch: 0) != mix.batches(epoch: 1))
}

@Test(arguments: [Batcher.Size.examples(2), .tokens(12)])
func `a task continues where its last epoch stopped`(_ size: Batcher.Size) throws {
  let mix = try mix([31, 8, 3], alpha: 0.3, size: size)
  let batchers = [31, 8, 3].map { Batcher(lengths: Array(1...$0), size: size, samplingStrategy: .random, seed: 3) }
  let batches = (0..<12).flatMap { mix.batches(epoch: $0) }
  for (task, first) in [0, 31, 39].enumerated() {
    let own = batches.filter { $0[0] >= first && $0[0] < first + [31, 8, 3][task] }.map { $0.map { $0 - first } }
    let expected = (0..<100).flatMap { batchers[task].batches(epoch: $0) }.prefix(own.count)
    #expect(own == Array(expected) && own.count == 12 * mix.shares[task])
  }
}

@Test func `a task without examples is refused`() {
  #expect(throws: TrainingFault.self) {
    try TaskMix(
      [[1, 2], []].map { Batcher(lengths: $0, size: .examples(2), samplingStrategy: .random, seed: 3) },
      batchesPerStep: 1, alpha: 1, seed: 3)
  }
}
