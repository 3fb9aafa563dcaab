/// Self-attention over packed sequences.
internal import CKernels
internal import Kernels

/// context = dropout(softmax(q·kᵀ/√w))·v by sequence and head        w = d/heads
/// qkv [n, 3d] = q, k, v side by side, each head's w columns together   →   context [n, d]
/// `sequenceOffsets` are the first rows of the sequences, and n at the end.
/// Saved for backward: qkv, context, and one log-sum-exp per row and head.        source: Vaswani et al. 2017 eq. 1
public func attention(
  _ qkv: Tensor, sequenceOffsets: [Int], heads: Int, window: Int? = nil, dropout probability: Double, _ pass: Pass
) -> Tensor {
  let d = qkv.columns / 3, headSize = d / heads
  precondition(headSize * heads * 3 == qkv.columns, "attention: \(qkv.columns) columns for \(heads) heads")
  let context = pass.make(qkv.rows, d, tracked: qkv.isTracked)
  let lse = pass.make(qkv.rows, heads)
  let longest = zip(sequenceOffsets.dropFirst(), sequenceOffsets).map(-).max() ?? 0
  let scratchCount = tune_attention_scratch(longest, headSize)
  let (dropout, workspace) = (pass.dropout(probability), pass.workspace)

  func forEachSequence(
    _ body: (_ row: Int, _ t: Int, _ scratch: UnsafeMutablePointer<Float>, UnsafePointer<tune_dropout>?) -> Void
  ) {
    let scratch = workspace.take(scratchCount)
    withPointer(dropout) { dropout in
      for (row, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
        body(row, end - row, scratch.pointer, dropout)
      }
    }
  }
  forEachSequence { row, t, scratch, dropout in
    tune_attention(
      qkv.pointer + row * 3 * d, context.pointer + row * d, lse.pointer + row * heads, scratch, t, heads, headSize, row,
      dropout)
  }
  guard context.isTracked else { return context }
  pass.record(context) { [unowned pass] dcontext in
    // The slot may already hold the gradient of a loss that reads q, k, v; then this is added to it.
    let dqkv = pass.make(qkv.rows, qkv.columns)
    forEachSequence { row, t, scratch, dropout in
      tune_attention_backward(
        qkv.pointer + row * 3 * d, context.pointer + row * d, lse.pointer + row * heads, dcontext.pointer + row * d,
        dqkv.pointer + row * 3 * d, scratch, t, heads, headSize, row, dropout)
    }
    pass.addGradient(dqkv, to: qkv.slot)
  }
  return context
}
