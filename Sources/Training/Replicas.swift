/// The only file with threads: one worker a core, each with its workspace. `Shard` keeps their sums in order.
public import Autograd
import Dispatch
import Synchronization

/// Sendable: workers take their number from an atomic counter and touch only what that number owns.
public final class Replicas: @unchecked Sendable {
  public let threads: Int
  private let workspaces: [Workspace]

  public init(threads: Int) {
    self.threads = threads
    workspaces = (0..<threads).map { _ in Workspace() }
  }

  /// Runs `body` for 0..<count, on all workers; which worker takes which number is chance.
  public func forEach(_ count: Int, _ body: @Sendable (_ index: Int, Workspace) -> Void) {
    each(count) { index, worker in body(index, self.workspaces[worker]) }
  }

  /// Runs `body` for every shard and leaves the sum of the shards' gradients, added in shard order, in `total`.
  /// - Returns: the sums of what `body` returned, in shard order; it returns as many numbers for each shard.
  func sum(
    shards count: Int, into total: Gradients, _ body: @Sendable (_ shard: Int, Workspace, any GradientSink) -> [Double]
  ) -> [Double] {
    let turns = ShardOrder(total.table)
    let losses = Mutex([[Double]](repeating: [], count: count))
    total.reset()
    each(count) { number, worker in
      let shard = Shard(number, of: total, turns)
      defer { shard.finish() }
      let loss = body(number, self.workspaces[worker], count == 1 ? total : shard)
      losses.withLock { $0[number] = loss }
    }
    total.finish()
    return losses.withLock { losses in
      losses.dropFirst().reduce(losses.first ?? []) { zip($0, $1).map(+) }
    }
  }

  private func each(_ count: Int, _ body: @Sendable (_ index: Int, _ worker: Int) -> Void) {
    let workers = min(threads, count)
    if workers <= 1 {
      for index in 0..<count { body(index, 0) }
      return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index, worker)
      }
    }
  }
}
