/// Adapter slots outside the projections: after a block's sublayers, and virtual tokens before every sequence.
/// Does not know any adapter. A pass without adapters computes the same bits as a model without slots.
package import Autograd
package import Kernels

/// An adapter slot of a block, after the output of one of its sublayers.
package struct BlockSlot: Hashable, Sendable {
  package enum Sublayer: Sendable {
    case attentionOutput
    /// The feed-forward's output.
    case output
  }

  /// Index of the block, from 0.
  package let block: Int
  package let sublayer: Sublayer

  package init(block: Int, _ sublayer: Sublayer) { (self.block, self.sublayer) = (block, sublayer) }
}

/// Replaces norm(h + x) at the end of a sublayer.
package protocol ResidualAdapter: AnyObject, Sendable {
  /// - Parameters:
  ///   - h: the sublayer's output after dropout, [n, d]. It must not be overwritten.
  ///   - x: the sublayer's input, [n, d].
  ///   - norm: the block's LayerNorm of a sum.
  func callAsFunction(
    _ h: Tensor, residual x: Tensor, precision: Precision, norm: (_ h: Tensor, _ x: Tensor) -> Tensor, _ pass: Pass
  ) -> Tensor
}

/// Prompt learning: virtual tokens before every sequence. They take the first `count` position ids.
package protocol VirtualTokens: AnyObject, Sendable {
  var count: Int { get }
  /// Embeddings of the virtual tokens, [count, d] (prompt tuning, p-tuning); nil: none.
  func embeddings(_ pass: Pass) -> Tensor?
  /// Past keys and values of all blocks side by side, [count, 2·d·blocks] (prefix tuning); nil: none.
  func keysAndValues(_ pass: Pass) -> Tensor?
}
