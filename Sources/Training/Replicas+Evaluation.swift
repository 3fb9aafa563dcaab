/// Divides the batches of an evaluation among threads and ranks. Every rank gets the outputs of all, so that its scores are those
/// of one process.
package import Autograd
package import Tasks

extension Replicas {
  /// Computes the outputs of `count` batches. Rank r of n takes the batches r, r + n, …: they are sorted by length.
  /// - Parameter progress: called on the calling thread with the number of finished batches of this rank, and of all that
  ///   it takes.
  /// - Returns: the outputs in the order of the batches; the same on every rank.
  package func map(
    _ count: Int, progress: (_ finished: Int, _ of: Int) -> Void = { _, _ in },
    _ body: @Sendable (_ batch: Int, Workspace) -> BatchOutput
  ) -> [BatchOutput] {
    let own = Array(stride(from: communicator.rank, to: count, by: communicator.size))
    let outputs = Results<BatchOutput>(count: own.count)
    forEach(own.count, progress: { progress($0, own.count) }, { outputs.set($0, body(own[$0], $1)) })
    return communicator.gather(outputs.all)
  }
}

extension Communicator {
  /// The outputs of all batches, of which each rank has computed its own.
  fileprivate func gather(_ own: [BatchOutput]) -> [BatchOutput] {
    if size == 1 { return own }
    let sums = gatherLists(own.map(\.sums)), classes = gatherLists(own.map { $0.logits.map(\.classes) })
    let values = gatherLists(own.flatMap(\.logits).map(\.values)), starts = offsets(ofParts: classes.map(\.count))
    let tokens = gatherLists(own.map(\.tokens))
    let byRank = sums.indices.map { index in
      BatchOutput(
        sums: sums[index],
        logits: zip(classes[index], values[starts[index]...]).map { Logits(classes: $0, values: $1) },
        tokens: tokens[index])
    }
    let order = (0..<size).flatMap { stride(from: $0, to: byRank.count, by: size) }
    return zip(order, byRank).sorted { $0.0 < $1.0 }.map(\.1)
  }
}
