/// The only file with threads: one worker a core, each with its workspace, and sums in an order that no worker can change.
public import Autograd
import Dispatch
import Glibc
import Synchronization

/// Sendable: workers take their number from an atomic counter and touch only what that number owns.
public final class Replicas: @unchecked Sendable {
  public let threads: Int
  private let workspaces: [Workspace]
  private var gradients: [Gradients?]

  public init(threads: Int) {
    self.threads = threads
    workspaces = (0..<threads).map { _ in Workspace() }
    gradients = Array(repeating: nil, count: threads)
  }

  /// Runs `body` for 0..<count, on all workers; which worker takes which number is chance.
  public func forEach(_ count: Int, _ body: @Sendable (_ index: Int, Workspace) -> Void) {
    each(count) { index, worker in body(index, self.workspaces[worker]) }
  }

  /// Runs `body` for every shard and leaves the sum of the shards' gradients, added in shard order, in `total`.
  /// - Returns: the sum of what `body` returned, in shard order.
  func sum(
    shards count: Int, into total: Gradients, _ table: ParameterTable,
    _ body: @Sendable (_ shard: Int, Workspace, Gradients) -> Double
  ) -> Double {
    let turn = Turn()
    let losses = Mutex([Double](repeating: 0, count: count))
    each(count) { shard, worker in
      // The first shard writes the sum itself; the others add theirs when it is their turn.
      let mine = shard == 0 ? total : self.ownGradients(worker, table)
      mine.reset()
      let loss = body(shard, self.workspaces[worker], mine)
      mine.finish()
      losses.withLock { $0[shard] = loss }
      turn.wait(for: shard)
      if shard > 0 { total.add(mine) }
      turn.end()
    }
    return losses.withLock { $0.reduce(0, +) }
  }

  private func ownGradients(_ worker: Int, _ table: ParameterTable) -> Gradients {
    if let own = gradients[worker] { return own }
    let own = Gradients(table)
    gradients[worker] = own
    return own
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

/// Lets one after the other through, by number. Numbers are handed out in order, so the awaited one is always at work.
private final class Turn: Sendable {
  private let current = Atomic<Int>(0)

  func wait(for number: Int) {
    while current.load(ordering: .acquiring) != number { sched_yield() }
  }

  func end() { current.add(1, ordering: .releasing) }
}
