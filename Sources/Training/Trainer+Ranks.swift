/// What training on several ranks requires.

import Autograd

extension Trainer {
  /// Bytes of the gradients. What several ranks send of them: `RankEstimate`.
  package var gradientBytes: Int { 4 * table.parameters.reduce(0) { $0 + $1.count } }

  /// - Throws: `TrainingFault` if some rank never has a group of shards in the first epoch.
  func checkRanks() throws(TrainingFault) {
    let ranks = replicas.communicator.size
    if ranks == 1 { return }
    var most = 0
    for examples in plan.epoch(0) {
      most = max(most, replicas.groups(ofShards: parts(of: examples).count, table).count)
      if most >= ranks { return }
    }
    throw .tooManyRanks(ranks, groups: most, shardSize: shardSize)
  }
}
