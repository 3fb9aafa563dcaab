/// Divides the shards of a step into groups, and the groups among the ranks.
///
/// Float addition is not associative, so the order of sums is fixed: each group adds its shards in order, then the groups are
/// added in order. Neither depends on the number of threads or ranks. A rank computes whole groups.

import Autograd

struct ShardGroups: Equatable {
  /// Shards and groups of the step.
  let shards, count: Int
  private let rank, size: Int

  /// A rank keeps the sums of its groups apart until all ranks' are added. Of large gradients there are fewer groups: with 4,
  /// no rank of several keeps more than two sums.
  static func limit(_ table: ParameterTable) -> Int { table.count < 1 << 24 ? 8 : 4 }

  init(of shards: Int, limit: Int, rank: Int = 0, of size: Int = 1) {
    self.shards = shards
    count = min(shards, limit)
    (self.rank, self.size) = (rank, size)
  }

  /// The groups of this rank; none if there are fewer groups than ranks. Rank 0 has the first.
  var own: Range<Int> { firstGroup(of: rank)..<firstGroup(of: rank + 1) }

  /// The shards of this rank.
  var ownShards: Range<Int> { firstShard(of: own.lowerBound)..<firstShard(of: own.upperBound) }

  func group(of shard: Int) -> Int { (0..<count).last { firstShard(of: $0) <= shard } ?? 0 }

  /// Whether the shard is the last of its group.
  func isLast(_ shard: Int) -> Bool { shard + 1 == firstShard(of: group(of: shard) + 1) }

  private func firstGroup(of rank: Int) -> Int { (count * rank + size - 1) / size }
  private func firstShard(of group: Int) -> Int { count == 0 ? 0 : shards * group / count }
}
