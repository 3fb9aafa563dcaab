/// What training steps would send and take on several ranks. The bytes are those of `RankSum`; the time is an estimate.
import Autograd

/// Steps on several machines like this one, each with a rank that has the threads of this process.
package struct RankEstimate: Sendable, Equatable {
  package let ranks: Int
  /// Bytes of gradients that the busiest rank sends in a step, or receives if these are more.
  package let bytesPerStep: Int
  /// The part of a step's shards that the busiest rank computes.
  let share: Double
  /// Seconds of a step in this process: the shards, which the ranks divide, and the optimizer's update, which each of them makes.
  let shardSeconds, updateSeconds: Double

  /// How many times as fast as one process the ranks are, without the network's latency, and as if nothing were sent while
  /// shards are computed.
  /// - Parameter gigabits: the line rate of each machine's network in Gb/s, in either direction. 94 % of it are data, as
  ///   with TCP over Ethernet.
  package func speedup(gigabits: Double) -> Double {
    let network = Double(bytesPerStep) / (gigabits * 0.94 * 1e9 / 8)
    return (shardSeconds + updateSeconds) / (shardSeconds * share + updateSeconds + network)
  }
}

extension ShardGroups {
  /// Bytes of `count` gradients that the busiest rank sends in a step, or receives if these are more.
  /// - Parameter groups: the number of groups of each rank.
  static func traffic(groups: [Int], gradients count: Int, _ precision: ReducePrecision) -> Int {
    let size = groups.count, all = groups.reduce(0, +)
    let shares = (0..<size).map { RankSum.share(of: $0, of: size, count) }
    func most(_ numbers: (Int) -> Int) -> Int { (0..<size).map(numbers).max() ?? 0 }
    // The sums of the groups go to the ranks that add them, then each rank's slices go to the others.
    let gathered = most { max(groups[$0] * (count - shares[$0]), (all - groups[$0]) * shares[$0]) }
    let spread = most { max((size - 1) * shares[$0], count - shares[$0]) }
    return precision.bytes * (gathered + spread)
  }
}

extension Trainer {
  /// Estimates for 2, 4 and 8 ranks, as far as a step has work for them.
  /// - Parameters:
  ///   - steps: the examples of some steps.
  ///   - seconds: of a step with all its parts, and of the optimizer's update.
  func rankEstimates(_ steps: [[Int]], seconds: Double, updateSeconds: Double) -> [RankEstimate] {
    let shards = steps.map { parts(of: $0).count }, limit = ShardGroups.limit(table)
    return [2, 4, 8].filter { $0 <= min(limit, shards.max() ?? 0) }.map { ranks in
      var bytes = 0, busiest = 0
      for count in shards {
        let all = (0..<ranks).map { ShardGroups(of: count, limit: limit, rank: $0, of: ranks) }
        bytes += ShardGroups.traffic(groups: all.map(\.own.count), gradients: gradients.count, settings.reducePrecision)
        busiest += all.map(\.ownShards.count).max() ?? 0
      }
      return RankEstimate(
        ranks: ranks, bytesPerStep: bytes / shards.count, share: Double(busiest) / Double(shards.reduce(0, +)),
        shardSeconds: max(0, seconds - updateSeconds), updateSeconds: updateSeconds)
    }
  }
}
