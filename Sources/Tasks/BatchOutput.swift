/// What an evaluation keeps of each batch, and how its batches are computed. It is all that several ranks send each other.
package import Autograd

/// The outputs of one batch.
package struct BatchOutput: Sendable, Equatable {
  /// Numbers that are summed over the batches, such as the loss.
  package let sums: [Double]
  /// The logits that are kept of each sequence, without transitions.
  package let logits: [Logits]
  /// Of masked-language modeling the most probable token of each masked one.
  package let tokens: [Int]

  package init(sums: [Double] = [], logits: [Logits] = [], tokens: [Int] = []) {
    (self.sums, self.logits, self.tokens) = (sums, logits, tokens)
  }
}

/// Calls `body` once for each batch below `count`, possibly on several threads, each with its own workspace, and on several
/// ranks. Returns the outputs of all batches, in order.
package typealias ParallelMap = (_ count: Int, _ body: @Sendable (Int, Workspace) -> BatchOutput) throws ->
  [BatchOutput]
