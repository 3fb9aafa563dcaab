/// Adds the gradients of several shards to one buffer in shard order. A shard adds to a parameter once all earlier
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

  /// Lets the next shard write parameter `index`, and makes the writes of `shard` visible to it.
  func release(_ index: Int, by shard: Int) { nextShards[index].store(shard + 1, ordering: .releasing) }
}

/// The gradient sink of one shard of this process.
final class Shard: GradientSink {
  private let number: Int
  private let total: Gradients
  private let order: ShardOrder
  /// The number of writes so far, by parameter.
  private var writeCounts: [Int]

  init(_ number: Int, of total: Gradients, _ order: ShardOrder) {
    self.number = number
    self.total = total
    self.order = order
    writeCounts = Array(repeating: 0, count: total.table.parameters.count)
  }

  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    guard let index = parameter.tableIndex?.index else { return }
    precondition(
      writeCounts[index] < parameter.gradientWrites,
      "\(parameter.name): a pass wrote its gradient more than \(parameter.gradientWrites) times")
    order.waitForTurn(on: index, of: number)
    total.accumulate(parameter, body)
    writeCounts[index] += 1
    if writeCounts[index] == parameter.gradientWrites { order.release(index, by: number) }
  }

  /// Releases the parameters that the pass wrote less often than `useCount`, or not at all.
  func finish() {
    for (index, parameter) in total.table.parameters.enumerated() where writeCounts[index] < parameter.gradientWrites {
      order.waitForTurn(on: index, of: number)
      order.release(index, by: number)
    }
  }
}
