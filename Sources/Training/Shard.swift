/// Many shards, one gradient buffer: each adds to a parameter when all shards before it are done with that parameter, so
/// that they run as a pipeline and their sum is the same for any number of threads. Starts no thread.
import Autograd
import Glibc
import Synchronization

/// Whose turn it is, by parameter.
/// Sendable: atomic numbers; their memory lives as long as it does.
final class ShardOrder: @unchecked Sendable {
  private let turns: UnsafeMutablePointer<Atomic<Int>>
  private let count: Int

  init(_ table: ParameterTable) {
    count = table.parameters.count
    turns = .allocate(capacity: max(count, 1))
    for index in 0..<count { (turns + index).initialize(to: Atomic(0)) }
  }

  deinit {
    turns.deinitialize(count: count)
    turns.deallocate()
  }

  /// Returns when all shards before `shard` are done with parameter `index`, and sees what they wrote.
  /// Shards are begun in order, so that the awaited ones are at work, and the first of them waits for nobody.
  func wait(_ index: Int, for shard: Int) {
    var looks = 0
    while turns[index].load(ordering: .acquiring) != shard {
      looks += 1
      // Often the one before is just about to finish; where it is far behind, its core is worth more than our haste.
      if looks > 1000 { usleep(20) } else if looks > 100 { sched_yield() }
    }
  }

  /// `shard` is done with parameter `index`; what it wrote is seen by the next.
  func release(_ index: Int, by shard: Int) { turns[index].store(shard + 1, ordering: .releasing) }
}

/// What one of several shards adds its gradients to.
final class Shard: GradientSink {
  private let number: Int
  private let total: Gradients
  private let turns: ShardOrder
  /// Writes so far, by parameter.
  private var writes: [Int]

  init(_ number: Int, of total: Gradients, _ turns: ShardOrder) {
    self.number = number
    self.total = total
    self.turns = turns
    writes = Array(repeating: 0, count: total.table.parameters.count)
  }

  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    guard let index = parameter.tableIndex?.index else { return }
    precondition(
      writes[index] < parameter.useCount, "\(parameter.name): more than \(parameter.useCount) writers in a pass")
    turns.wait(index, for: number)
    total.accumulate(parameter, body)
    writes[index] += 1
    if writes[index] == parameter.useCount { turns.release(index, by: number) }
  }

  /// Hands on what the pass wrote less often than it might have, or not at all.
  func finish() {
    for (index, parameter) in total.table.parameters.enumerated() where writes[index] < parameter.useCount {
      turns.wait(index, for: number)
      turns.release(index, by: number)
    }
  }
}
