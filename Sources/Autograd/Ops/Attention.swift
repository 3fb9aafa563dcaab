/// Self-attention over packed sequences, of all tokens or in a window.
internal import CKernels
internal import Kernels

/// context = dropout(softmax(q·kᵀ/√w))·v by sequence and head        w = d/heads
/// qkv [n, 3d] = q, k, v side by side, each head's w columns together   →   context [n, d]
/// With `window`, row i reads the rows j with |i - j| ≤ window only, in time and memory proportional to n·window.
/// `sequenceOffsets` are the first rows of the sequences, and n at the end.
/// Saved for backward: qkv, context, and one log-sum-exp per row and head.
/// source: Vaswani et al. 2017 eq. 1; Beltagy et al. 2020 §3.1 (the window)
public func attention(
  _ qkv: Tensor, sequenceOffsets: [Int], heads: Int, window: Int? = nil, dropout probability: Double, _ pass: Pass
) -> Tensor {
  let d = qkv.columns / 3
  precondition(d / heads * heads * 3 == qkv.columns, "attention: \(qkv.columns) columns for \(heads) heads")
  precondition(window.map { $0 >= 0 } ?? true, "attention: a window of \(window ?? 0)")
  let context = pass.make(qkv.rows, d, tracked: qkv.isTracked)
  let lse = pass.make(qkv.rows, heads)
  let sequences = zip(sequenceOffsets, sequenceOffsets.dropFirst()).map {
    AttentionSequence(rows: $0..<$1, heads: heads, headSize: d / heads, window: window)
  }
  let scratchCount = sequences.map(\.scratchCount).max() ?? 0
  let (dropout, workspace) = (pass.dropout(probability), pass.workspace)

  func forEachSequence(
    _ body: (AttentionSequence, _ scratch: UnsafeMutablePointer<Float>, UnsafePointer<tune_dropout>?) -> Void
  ) {
    let scratch = workspace.take(scratchCount)
    withPointer(dropout) { dropout in for sequence in sequences { body(sequence, scratch.pointer, dropout) } }
  }
  forEachSequence { sequence, scratch, dropout in
    sequence.forward(qkv.pointer, context.pointer, lse.pointer, scratch, dropout)
  }
  guard context.isTracked else { return context }
  pass.record(context) { [unowned pass] dcontext in
    // The slot may already hold the gradient of a loss that reads q, k, v; then this is added to it.
    let dqkv = pass.make(qkv.rows, qkv.columns)
    forEachSequence { sequence, scratch, dropout in
      sequence.backward(
        qkv.pointer, context.pointer, lse.pointer, dcontext.pointer, dqkv.pointer, scratch, dropout)
    }
    pass.addGradient(dqkv, to: qkv.slot)
  }
  return context
}

/// One sequence, and which of two kernels computes it. Pointers are to the first row of the batch.
private struct AttentionSequence {
  let rows: Range<Int>
  let heads, headSize: Int
  let window: Int?

  private var d: Int { heads * headSize }
  /// Whether scores are computed by tiles of queries and keys, rather than by whole rows, which is faster while rows of
  /// scores fit in the cache.
  private var isTiled: Bool { window != nil || rows.count > 1024 }
  /// The rows of one call of the tiled kernel. With a window, all heads of a part of a long sequence are computed before
  /// the next part, so that it is still in the cache.
  private var parts: [Range<Int>] {
    let size = window == nil ? rows.count : 1024
    return stride(from: 0, to: rows.count, by: max(size, 1)).map { $0..<min($0 + size, rows.count) }
  }

  var scratchCount: Int {
    guard isTiled else { return tune_attention_scratch(rows.count, headSize) }
    let keys = (parts.first?.count ?? 0) + 2 * (window ?? 0)
    return tune_attention_tiles_scratch(min(keys, rows.count), headSize)
  }

  private func tiles(_ dropout: UnsafePointer<tune_dropout>?) -> tune_sequence {
    tune_sequence(
      t: rows.count, heads: heads, head_size: headSize, window: window ?? -1, first_row: rows.lowerBound,
      dropout: dropout)
  }

  func forward(
    _ qkv: UnsafePointer<Float>, _ context: UnsafeMutablePointer<Float>, _ lse: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ dropout: UnsafePointer<tune_dropout>?
  ) {
    let row = rows.lowerBound
    let (qkv, context, lse) = (qkv + row * 3 * d, context + row * d, lse + row * heads)
    guard isTiled else {
      return tune_attention(qkv, context, lse, scratch, rows.count, heads, headSize, row, dropout)
    }
    var sequence = tiles(dropout)
    for part in parts {
      for head in 0..<heads {
        tune_attention_tiles(qkv, context, lse, scratch, &sequence, head, part.lowerBound, part.upperBound)
      }
    }
  }

  func backward(
    _ qkv: UnsafePointer<Float>, _ context: UnsafePointer<Float>, _ lse: UnsafePointer<Float>,
    _ dcontext: UnsafePointer<Float>, _ dqkv: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>,
    _ dropout: UnsafePointer<tune_dropout>?
  ) {
    let row = rows.lowerBound
    let (qkv, context, lse) = (qkv + row * 3 * d, context + row * d, lse + row * heads)
    let (dcontext, dqkv) = (dcontext + row * d, dqkv + row * 3 * d)
    guard isTiled else {
      return tune_attention_backward(
        qkv, context, lse, dcontext, dqkv, scratch, rows.count, heads, headSize, row, dropout)
    }
    var sequence = tiles(dropout)
    for part in parts {
      for head in 0..<heads {
        tune_attention_tiles_backward(
          qkv, context, lse, dcontext, dqkv, scratch, &sequence, head, part.lowerBound, part.upperBound)
      }
    }
  }
}
