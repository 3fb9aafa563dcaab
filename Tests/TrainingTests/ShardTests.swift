/// Tests the sums of shards' gradients: their order, and parameters that are written several times or not at all.
import Autograd
import Glibc
import TestSupport
import Testing

@testable import Training

/// Four parameters, which shards write in this or reverse order, some of them slowly.
private struct ShardedSum {
  let parameters = makeParameters((0..<4).map { .random(3, 50, seed: UInt64($0)) })
  let table: ParameterTable
  let total: Gradients

  init() {
    table = ParameterTable(training: parameters)
    total = Gradients(table)
  }

  /// What a shard adds to element `i` of a parameter in its write number `write`. The order of sums changes the bits.
  static func value(_ shard: Int, _ parameter: Int, _ write: Int, _ i: Int) -> Float {
    Float((shard * 7919 + parameter * 104729 + write * 1299709 + i * 31) % 10007) / 3 * (shard % 2 == 0 ? 1 : -1e3)
  }

  /// The sum over 9 shards. `writes` returns how often a shard writes a parameter.
  func sum(threads: Int, writes: @Sendable (_ shard: Int, _ parameter: Int) -> Int) -> [[Float]] {
    let losses = Replicas(threads: threads).sum(shards: 9, into: total) { [parameters] shard, workspace, sink in
      let pass = Pass(workspace, gradients: sink)
      // Every third shard is slow, so that the others must wait for it.
      if shard % 3 == 0 { usleep(3000) }
      for index in shard % 2 == 0 ? [0, 1, 2, 3] : [3, 2, 1, 0] {
        for write in 0..<writes(shard, index) {
          pass.accumulate(parameters[index]) { pointer, beta in
            for i in 0..<150 {
              pointer[i] = (beta == 0 ? 0 : pointer[i]) + ShardedSum.value(shard, index, write, i)
            }
          }
        }
      }
      return [1 / Double(shard + 3), 1]
    }
    let sum: Double = (0..<9).reduce(0) { $0 + 1 / Double($1 + 3) }
    #expect(losses == [sum, 9])
    return parameters.map { Array(UnsafeBufferPointer(start: total.pointer + ($0.offset ?? 0), count: $0.count)) }
  }

  /// The shards of each group.
  static let groups = (0..<8).map { group in
    (0..<9).filter { ShardGroups(of: 9, limit: 8).group(of: $0) == group }
  }

  /// The same sums in one loop.
  static func expected(_ groups: [[Int]] = groups, writes: (_ shard: Int, _ parameter: Int) -> Int) -> [[Float]] {
    (0..<4).map { index in
      (0..<150).map { i in
        groups.reduce(Float(0)) { total, shards in
          total
            + shards.reduce(Float(0)) { sum, shard in
              (0..<writes(shard, index)).reduce(sum) { $0 + value(shard, index, $1, i) }
            }
        }
      }
    }
  }
}

@Suite struct ShardTests {
  @Test(arguments: [1, 2, 5]) func `gradients of unequal shards are added in the order of shards and groups`(
    _ threads: Int
  ) {
    let sharded = ShardedSum(), expected = ShardedSum.expected { _, _ in 1 }
    #expect(ShardedSum.expected(ShardedSum.groups.reversed()) { _, _ in 1 } != expected, "the order changes the bits")
    for _ in 0..<20 { #expect(sharded.sum(threads: threads) { _, _ in 1 } == expected) }
  }

  @Test(arguments: [1, 2, 5]) func `a parameter with two writes is released after the second`(_ threads: Int) {
    let sharded = ShardedSum()
    sharded.parameters[1].gradientWrites = 2
    @Sendable func writes(_ shard: Int, _ parameter: Int) -> Int { parameter == 1 ? 2 : 1 }
    for _ in 0..<20 { #expect(sharded.sum(threads: threads, writes: writes) == ShardedSum.expected(writes: writes)) }
  }

  @Test(arguments: [1, 2, 5]) func `a shard may write a parameter less often than its use count`(_ threads: Int) {
    let sharded = ShardedSum()
    sharded.parameters[2].gradientWrites = 3
    @Sendable func writes(_ shard: Int, _ parameter: Int) -> Int {
      switch parameter {
      case 0: shard == 0 ? 0 : 1
      case 2: shard % 4
      default: shard == 5 ? 0 : 1
      }
    }
    for _ in 0..<20 { #expect(sharded.sum(threads: threads, writes: writes) == ShardedSum.expected(writes: writes)) }
  }

  @Test(arguments: [1, 3]) func `a parameter without writes has gradient zero, also after a step with writes`(
    _ threads: Int
  ) {
    let sharded = ShardedSum()
    #expect(sharded.sum(threads: threads) { _, _ in 1 }[3].contains { $0 != 0 })
    let sums = sharded.sum(threads: threads) { _, parameter in parameter == 3 ? 0 : 1 }
    #expect(sums[3] == Array(repeating: 0, count: 150) && sums[2] == ShardedSum.expected { _, _ in 1 }[2])
  }

  @Test func `a single shard may write any number of times`() {
    let sharded = ShardedSum()
    _ = Replicas(threads: 2).sum(shards: 1, into: sharded.total) { [parameters = sharded.parameters] _, _, sink in
      for _ in 0..<3 { sink.accumulate(parameters[0]) { pointer, beta in pointer[0] = beta * pointer[0] + 1 } }
      return []
    }
    #expect(sharded.total.pointer[0] == 3)
  }

  @Test func `with several shards, more writes than the use count fail a precondition`() async {
    await #expect(processExitsWith: .failure) {
      _ = ShardedSum().sum(threads: 1) { _, parameter in parameter == 1 ? 2 : 1 }
    }
  }
}
