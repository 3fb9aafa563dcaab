/// Self-attention over packed sequences, of all tokens or in a window.
internal import CKernels
package import Kernels

/// context = dropout(softmax(q·kᵀ/√w))·v by sequence and head        w = d/heads
/// qkv [n, 3d] = q, k, v side by side, each head's w columns together   →   context [n, d]
/// With `window`, row i reads the rows j with |i - j| ≤ window only, in time and memory proportional to n·window.
/// `sequenceOffsets` are the first rows of the sequences, and n at the end.
/// Saved for backward: qkv, context, and one log-sum-exp per row and head.
/// With bf16, the operands of all products are rounded to bfloat16; qkv is saved so if a sequence has more than 1,024 rows.
/// source: Vaswani et al. 2017 eq. 1; Beltagy et al. 2020 §3.1 (the window)
package func attention(
  _ qkv: Tensor, sequenceOffsets: [Int], heads: Int, window: Int? = nil, dropout probability: Double,
  precision: Precision = .fp32, _ pass: Pass
) -> Tensor {
  let d = qkv.columns / 3
  precondition(d / heads * heads * 3 == qkv.columns, "attention: \(qkv.columns) columns for \(heads) heads")
  precondition(window.map { $0 >= 0 } ?? true, "attention: a window of \(window ?? 0)")
  let context = pass.make(qkv.rows, d, tracked: qkv.isTracked)
  let lse = pass.make(qkv.rows, heads)
  let dropout = pass.dropout(probability)
  let sequences = zip(sequenceOffsets, sequenceOffsets.dropFirst()).map {
    AttentionSequence(rows: $0..<$1, heads: heads, headSize: d / heads, window: window, precision, dropout)
  }
  for sequence in sequences { sequence.forward(qkv.pointer, context.pointer, lse.pointer, pass) }
  guard context.isTracked else { return context }
  // Saving qkv as bfloat16 costs about 3 % of a step, which only long sequences are worth.
  let isRounded = sequences.allSatisfy(\.roundsOperands) && sequences.contains { $0.rows.count > 1024 }
  let (saved, slot) = (saved(qkv, as: isRounded ? .bf16 : .fp32, pass), qkv.slot)
  pass.record(context) { [unowned pass] dcontext in
    // The slot may already hold the gradient of a loss that reads q, k, v; then this is added to it.
    let qkv = saved(), dqkv = pass.make(qkv.rows, qkv.columns)
    for sequence in sequences {
      sequence.backward(qkv.pointer, context.pointer, lse.pointer, dcontext.pointer, dqkv.pointer, pass)
    }
    pass.addGradient(dqkv, to: slot)
  }
  return context
}

/// A function that returns x again, once. Until then x takes half the memory if it is rounded to bfloat16.
private func saved(_ x: Tensor, as precision: Precision, _ pass: Pass) -> () -> Tensor {
  guard precision == .bf16 else { return { x } }
  let (n, d) = (x.rows, x.columns), rounded = pass.workspace.take((x.count + 1) / 2)
  pass.divideRows(x) { rows in
    let first = rows.lowerBound * d
    tune_fp32_to_bf16(x.pointer + first, rounded.bf16 + first, rows.count * d)
  }
  return { [unowned pass] in
    let x = pass.make(n, d)
    pass.divideRows(x) { rows in
      let first = rows.lowerBound * d
      tune_bf16_to_fp32(rounded.bf16 + first, x.pointer + first, rows.count * d)
    }
    return x
  }
}

/// One sequence, and which of three kernels computes it. Pointers are to the first row of the batch.
private struct AttentionSequence {
  let rows: Range<Int>
  let heads, headSize: Int
  let window: Int?
  let dropout: tune_dropout?
  private let kernel: Kernel

  private enum Kernel {
    /// Whole rows of scores, the fastest while they fit in the cache.
    case rows
    /// Tiles of queries and keys.
    case tiles
    case bf16
  }

  init(
    rows: Range<Int>, heads: Int, headSize: Int, window: Int?, _ precision: Precision, _ dropout: tune_dropout?
  ) {
    (self.rows, self.heads, self.headSize, self.window, self.dropout) = (rows, heads, headSize, window, dropout)
    if GEMMBackend.selected.precision(precision) == .bf16 && headSize % 16 == 0 {
      kernel = .bf16
    } else {
      kernel = window != nil || rows.count > 1024 ? .tiles : .rows
    }
  }

  private var d: Int { heads * headSize }
  var roundsOperands: Bool { kernel == .bf16 }

  /// The rows of one call of a kernel that works by tiles. With a window, all heads of a part of a long sequence are
  /// computed before the next part, so that it is still in the cache.
  private var parts: [Range<Int>] {
    let size = window == nil ? rows.count : 1024
    return stride(from: 0, to: rows.count, by: max(size, 1)).map { $0..<min($0 + size, rows.count) }
  }

  private var scratchCount: Int {
    let keys = min((parts.first?.count ?? 0) + 2 * (window ?? 0), rows.count)
    return switch kernel {
    case .rows: tune_attention_scratch(rows.count, headSize)
    case .tiles: tune_attention_tiles_scratch(keys, headSize)
    case .bf16: tune_attention_bf16_scratch(keys, headSize)
    }
  }

  /// Calls `body` for ranges of heads, on all idle threads.
  private func divideHeads(
    _ pass: Pass,
    _ body: @escaping (Range<Int>, _ scratch: UnsafeMutablePointer<Float>, UnsafePointer<tune_dropout>?) -> Void
  ) {
    let reach = min(2 * (window ?? rows.count) + 1, rows.count)
    pass.divide(heads, cost: rows.count * reach * d / 4) { heads, workspace in
      let scratch = workspace.take(scratchCount)
      withPointer(dropout) { body(heads, scratch.pointer, $0) }
    }
  }

  /// The same for each part of the sequence, in order.
  private func divideParts(
    _ pass: Pass,
    _ body:
      @escaping (UnsafePointer<tune_sequence>, _ head: Int, Range<Int>, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    for part in parts {
      divideHeads(pass) { heads, scratch, dropout in
        var sequence = tune_sequence(
          t: rows.count, heads: self.heads, head_size: headSize, window: window ?? -1, first_row: rows.lowerBound,
          dropout: dropout)
        for head in heads { body(&sequence, head, part, scratch) }
      }
    }
  }

  func forward(
    _ qkv: UnsafePointer<Float>, _ context: UnsafeMutablePointer<Float>, _ lse: UnsafeMutablePointer<Float>,
    _ pass: Pass
  ) {
    let row = rows.lowerBound
    let (qkv, context, lse) = (qkv + row * 3 * d, context + row * d, lse + row * heads)
    guard kernel != .rows else {
      return divideHeads(pass) { range, scratch, dropout in
        tune_attention(
          qkv, context, lse, scratch, rows.count, heads, headSize, row, dropout, range.lowerBound, range.upperBound)
      }
    }
    let kernel = kernel == .bf16 ? tune_attention_bf16 : tune_attention_tiles
    divideParts(pass) { sequence, head, part, scratch in
      kernel(qkv, context, lse, scratch, sequence, head, part.lowerBound, part.upperBound)
    }
  }

  func backward(
    _ qkv: UnsafePointer<Float>, _ context: UnsafePointer<Float>, _ lse: UnsafePointer<Float>,
    _ dcontext: UnsafePointer<Float>, _ dqkv: UnsafeMutablePointer<Float>, _ pass: Pass
  ) {
    let row = rows.lowerBound
    let (qkv, context, lse) = (qkv + row * 3 * d, context + row * d, lse + row * heads)
    let (dcontext, dqkv) = (dcontext + row * d, dqkv + row * 3 * d)
    guard kernel != .rows else {
      return divideHeads(pass) { range, scratch, dropout in
        tune_attention_backward(
          qkv, context, lse, dcontext, dqkv, scratch, rows.count, heads, headSize, row, dropout, range.lowerBound,
          range.upperBound)
      }
    }
    let kernel = kernel == .bf16 ? tune_attention_bf16_backward : tune_attention_tiles_backward
    divideParts(pass) { sequence, head, part, scratch in
      kernel(qkv, context, lse, dcontext, dqkv, scratch, sequence, head, part.lowerBound, part.upperBound)
    }
  }
}
