/// Adds the gradients of the shards of this rank in shard order (where: `GroupSums`). A shard adds to a parameter once all earlier
/// shards have finished with it: the shards form a pipeline, and the sums are the same for any number of threads.
import Autograd
import Glibc
import Synchronization

/// For each parameter, the shard that may add its gradient next.
/// Sendable: the counters are atomic and are freed with the object.
final class ShardOrder: @unchecked Sendable {
  private let nextShards: UnsafeMutablePointer<Atomic<Int>>
  private let count: Int

  init(_ table: ParameterTable) {
    count = table.parameters.count
    nextShards = .allocate(capacity: max(count, 1))
    for index in 0..<count { (nextShards + index).initialize(to: Atomic(0)) }
  }

  deinit {
    nextShards.deinitialize(count: count)
    nextShards.deallocate()
  }

  /// Returns when all shards before `shard` have released parameter `index`; their writes are visible then.
  /// There is no deadlock: shards are started in order, so the earliest unfinished one is running and need not wait.
  func waitForTurn(on index: Int, of shard: Int) {
    var polls = 0
    while nextShards[index].load(ordering: .acquiring) != shard {
      polls += 1
      // In most cases the previous shard is about to finish. If it is not, leave the core to another thread.
      if polls > 1000 { usleep(20) } else if polls > 100 { sched_yield() }
    }
  }

  /// Returns when so many shards, which are all, have released parameter `index`.
  func waitForAll(_ shards: Int, of index: Int) {
    while nextShards[index].load(ordering: .acquiring) != shards { usleep(1000) }
  }

  /// Lets the next shard write parameter `index`, and makes the writes of `shard` visible to it.
  func release(_ index: Int, by shard: Int) { nextShards[index].store(shard + 1, ordering: .releasing) }
}

/// The gradient sink of one shard of this rank.
final class Shard: GradientSink {
  /// Its number among the shards of this rank.
  private let number: Int
  private let index: Int
  private let sums: GroupSums
  private let order: ShardOrder
  /// The number of writes so far, by parameter.
  private var writeCounts: [Int]

  /// - Parameter index: its number among the shards of all ranks.
  init(_ number: Int, _ index: Int, _ sums: GroupSums, _ order: ShardOrder) {
    (self.number, self.index, self.sums, self.order) = (number, index, sums, order)
    writeCounts = Array(repeating: 0, count: sums.table.parameters.count)
  }

  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    inTurn(parameter) { $0.accumulate(parameter, body) }
  }

  func accumulate(_ table: Parameter, rows: [Int32], _ dy: UnsafePointer<Float>) {
    inTurn(table) { $0.accumulate(table, rows: rows, dy) }
  }

  private func inTurn(_ parameter: Parameter, _ body: (any GradientSink) -> Void) {
    guard let index = parameter.tableIndex?.index else { return }
    precondition(
      writeCounts[index] < parameter.gradientWrites,
      "\(parameter.name): a pass wrote its gradient more than \(parameter.gradientWrites) times")
    order.waitForTurn(on: index, of: number)
    body(sums.sink(index, of: self.index))
    writeCounts[index] += 1
    if writeCounts[index] == parameter.gradientWrites { release(index) }
  }

  /// Releases the parameters that the pass wrote less often than `useCount`, or not at all.
  func finish() {
    for (index, parameter) in sums.table.parameters.enumerated() where writeCounts[index] < parameter.gradientWrites {
      order.waitForTurn(on: index, of: number)
      release(index)
    }
  }

  private func release(_ index: Int) {
    sums.finish(index, of: self.index)
    order.release(index, by: number)
  }
}
