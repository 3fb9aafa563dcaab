/// The groups of shards of several ranks, and the order in which their sums are added.
import Autograd
import Synchronization
import TestSupport
import Testing

@testable import Training

/// Ranks that run one after the other: each adds its gradients to those of the ranks before it.
private struct TurnTaking: Communicator {
  let rank: Int
  let size: Int
  let sums: Sums

  /// The sums over the ranks so far.
  final class Sums: Sendable {
    let value = Mutex<(gradients: [Float], losses: [Double])>(([], []))
  }

  func sum(_ gradients: Gradients, losses: [Double]) -> [Double] {
    sums.value.withLock { sums in
      let own = Array(UnsafeBufferPointer(start: gradients.pointer, count: gradients.count))
      sums = rank == 0 ? (own, losses) : (zip(sums.gradients, own).map(+), zip(sums.losses, losses).map(+))
      return sums.losses
    }
  }

  func broadcast(_ value: Bool) -> Bool { value }
}

@Test func `every shard belongs to one rank, in contiguous groups of almost equal size`() {
  for size in 1...5 {
    for count in 0...20 {
      let groups = (0..<size).map { TurnTaking(rank: $0, size: size, sums: .init()).shards(of: count) }
      #expect(groups.flatMap { Array($0) } == Array(0..<count))
      #expect((groups.map(\.count).max() ?? 0) - (groups.map(\.count).min() ?? 0) <= 1)
    }
  }
  #expect(SingleProcess().shards(of: 7) == 0..<7)
}

@Test(arguments: [1, 3]) func `each rank adds its shards in order, and the ranks' sums are added in order`(
  _ threads: Int
) {
  @Sendable func value(_ shard: Int) -> Float { Float(shard * 7919 % 101) / 3 * (shard % 2 == 0 ? 1 : -1e3) }
  let parameter = Parameter("w", shape: [1, 1]), table = ParameterTable(training: [parameter])
  let total = Gradients(table), sums = TurnTaking.Sums()
  var losses: [Double] = []
  for rank in 0..<3 {
    let replicas = Replicas(threads: threads, communicator: TurnTaking(rank: rank, size: 3, sums: sums))
    losses = replicas.sum(shards: 8, into: total) { shard, _, sink in
      sink.accumulate(parameter) { pointer, beta in pointer[0] = (beta == 0 ? 0 : pointer[0]) + value(shard) }
      return [1 / Double(shard + 3)]
    }
  }
  let groups = [0..<2, 2..<5, 5..<8]
  let gradients = groups.map { $0.dropFirst().reduce(value($0.lowerBound)) { $0 + value($1) } }
  let expected = groups.map { $0.dropFirst().reduce(1 / Double($0.lowerBound + 3)) { $0 + 1 / Double($1 + 3) } }
  #expect(sums.value.withLock { $0.gradients[0] } == gradients.dropFirst().reduce(gradients[0], +))
  #expect(losses == [expected.dropFirst().reduce(expected[0], +)])
}
