/// Runs work on several threads, each with its own workspace. No other file starts threads; `Shard` orders their sums.
public import Autograd
import Dispatch
import Synchronization

/// Sendable: threads take indices from an atomic counter, and each uses only its own workspace.
public final class Replicas: @unchecked Sendable {
  public let threads: Int
  private let workspaces: [Workspace]

  public init(threads: Int) {
    self.threads = threads
    workspaces = (0..<threads).map { _ in Workspace() }
  }

  /// Runs `body` for 0..<count on all threads. Which thread gets which index is not determined.
  public func forEach(_ count: Int, _ body: @Sendable (_ index: Int, Workspace) -> Void) {
    each(count) { index, worker in body(index, self.workspaces[worker]) }
  }

  /// Runs `body` for every shard and writes the sum of their gradients, added in shard order, to `total`.
  /// - Parameter body: returns the shard's losses, the same number for every shard.
  /// - Returns: the sums of the losses, added in shard order.
  func sum(
    shards count: Int, into total: Gradients, _ body: @Sendable (_ shard: Int, Workspace, any GradientSink) -> [Double]
  ) -> [Double] {
    let order = ShardOrder(total.table)
    let losses = Mutex([[Double]](repeating: [], count: count))
    total.reset()
    each(count) { number, worker in
      let shard = Shard(number, of: total, order)
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
