/// Runs work on several threads, each with its own workspace. `Shard` orders their sums, a `Team` lets idle threads help the
/// others, and a `BackgroundThread` sends sums to other ranks.
package import Autograd
import Dispatch
import Glibc
import Synchronization

/// Sendable: threads take indices from an atomic counter, and each uses only its own workspace.
package final class Replicas: @unchecked Sendable {
  package let threads: Int
  package let communicator: any Communicator
  private let workspaces: [Workspace]
  private let rankSum: RankSum
  private let pool = BufferPool()
  /// Buffers of the groups of other ranks than 0, from the second. Only the training thread uses them.
  private var kept: [Gradients] = []

  /// - Parameter communicator: connects this process with the others that train the same model.
  package convenience init(threads: Int, communicator: any Communicator = SingleProcess()) {
    self.init(threads: threads, RankSum(communicator))
  }

  init(threads: Int, _ rankSum: RankSum) {
    (self.threads, self.rankSum, communicator) = (threads, rankSum, rankSum.communicator)
    workspaces = Workspace.team(of: threads)
  }

  /// Runs `body` for 0..<count on all threads. Which thread gets which index is not determined.
  /// - Parameter progress: called on the calling thread with the number of finished indices, after each of its own and
  ///   after the last.
  package func forEach(
    _ count: Int, progress: (_ finished: Int) -> Void, _ body: @Sendable (_ index: Int, Workspace) -> Void
  ) {
    each(count, progress) { index, worker in body(index, self.workspaces[worker]) }
  }

  package func forEach(_ count: Int, _ body: @Sendable (_ index: Int, Workspace) -> Void) {
    forEach(count, progress: { _ in }, body)
  }

  /// Runs `body` for every shard of this rank, and writes the sum of all ranks' gradients to `total`, added in the order of
  /// `ShardGroups`.
  /// - Parameter body: returns the shard's losses, the same number for every shard.
  /// - Returns: the sums of the losses, added in shard order; the same on every rank.
  func sum(
    shards count: Int, into total: Gradients, _ precision: ReducePrecision = .fp32,
    _ body: @Sendable (_ shard: Int, Workspace, any GradientSink) -> [Double]
  ) -> [Double] {
    let groups = groups(ofShards: count, total.table), own = groups.ownShards
    let order = ShardOrder(total.table)
    let sums = GroupSums(groups, total: total, keptIn: buffers(groups, total), pool, precision)
    // A single shard writes to the total itself, unless that is then rounded or sent.
    let isDirect = own.count == 1 && precision == .fp32 && communicator.size == 1
    let addRanks: @Sendable () -> Void = { [rankSum] in
      rankSum.add(sums.vectors, into: total, precision) { order.waitForAll(own.count, of: $0) }
    }
    // Only one thread at a time calls the communicator: this one, until the shards have been computed.
    let thread = communicator.size > 1 && rankSum.hasParts(total.count) ? BackgroundThread(addRanks) : nil
    let losses = Mutex([[Double]](repeating: [], count: own.count))
    each(own.count) { number, worker in
      let index = own.lowerBound + number, shard = Shard(number, index, sums, order)
      defer { shard.finish() }
      let loss = body(index, self.workspaces[worker], isDirect ? total : shard)
      losses.withLock { $0[number] = loss }
    }
    if let thread { thread.join() } else if communicator.size > 1 { addRanks() } else { total.finish() }
    let all = communicator.gatherLists(losses.withLock { $0 })
    return all.dropFirst().reduce(all.first ?? []) { zip($0, $1).map(+) }
  }

  /// The groups of a step's shards, and which are this rank's.
  func groups(ofShards count: Int, _ table: ParameterTable) -> ShardGroups {
    ShardGroups(of: count, limit: ShardGroups.limit(table), rank: communicator.rank, of: communicator.size)
  }

  private func buffers(_ groups: ShardGroups, _ total: Gradients) -> [Gradients] {
    guard groups.own.lowerBound > 0, groups.own.count > 1 else { return [] }
    if kept.first?.count != total.count { kept = [] }
    while kept.count < groups.own.count - 1 { kept.append(Gradients(total.table)) }
    return Array(kept.prefix(groups.own.count - 1))
  }

  /// A thread that finds no index left helps the others, until all are done: the ops divide their work.
  private func each(
    _ count: Int, _ progress: (Int) -> Void = { _ in }, _ body: @Sendable (_ index: Int, _ worker: Int) -> Void
  ) {
    if threads <= 1 || count == 0 {
      for index in 0..<count {
        body(index, 0)
        progress(index + 1)
      }
      return
    }
    let next = Atomic<Int>(0), finished = Atomic<Int>(0)
    withoutActuallyEscaping(progress) { progress in
      let caller = CallerProgress(report: progress)
      DispatchQueue.concurrentPerform(iterations: threads) { worker in
        while true {
          let index = next.add(1, ordering: .relaxed).oldValue
          if index >= count { break }
          body(index, worker)
          caller.report(finished.add(1, ordering: .releasing).newValue)
        }
        workspaces[worker].help { finished.load(ordering: .acquiring) == count }
      }
      progress(count)
    }
  }
}

/// Sendable: only the thread that made it calls the closure.
private struct CallerProgress: @unchecked Sendable {
  private let thread = pthread_self()
  private let body: (Int) -> Void

  init(report body: @escaping (Int) -> Void) { self.body = body }

  func report(_ finished: Int) { if pthread_equal(thread, pthread_self()) != 0 { body(finished) } }
}
