/// The processes ("ranks") that train one model together, each on its own shards of every batch. Here is only the
/// single process; an implementation for several, such as MPI, conforms to `Communicator`.
public import Autograd

/// Every rank has the same model, data and settings, and takes the same steps: weights stay equal because every rank
/// applies the same optimizer update to the same sum of gradients.
///
/// The order of sums is part of the contract, because float addition is not associative. Shards are split into one
/// contiguous group per rank (`shards(of:)`), a function of the number of shards only. A rank adds its group in shard
/// order, on any number of threads; `sum` then adds the groups in rank order. So a run has the same bits whenever it has
/// the same number of ranks.
public protocol Communicator: Sendable {
  /// This process's number, from 0, and the number of processes.
  var rank: Int { get }
  var size: Int { get }
  /// Replaces `gradients` on every rank by the sum over all ranks, added in rank order. Called once per step, when this
  /// rank's gradients are complete.
  /// - Parameter losses: this rank's, one per term; empty if it had no shard.
  /// - Returns: the sums of the losses, added in rank order; the same on every rank.
  func sum(_ gradients: Gradients, losses: [Double]) -> [Double]
  /// The value of rank 0, on every rank. The trainer calls it before every step with whether to stop, so that all ranks
  /// stop at the same step.
  func broadcast(_ value: Bool) -> Bool
}

extension Communicator {
  /// This rank's group of the shards 0..<count. The sizes of two groups differ by at most one.
  func shards(of count: Int) -> Range<Int> { count * rank / size..<count * (rank + 1) / size }
}

/// A run in one process.
public struct SingleProcess: Communicator {
  public init() {}

  public var rank: Int { 0 }
  public var size: Int { 1 }

  public func sum(_ gradients: Gradients, losses: [Double]) -> [Double] { losses }

  public func broadcast(_ value: Bool) -> Bool { value }
}
