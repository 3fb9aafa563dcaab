/// The timed kernels, at the shapes of a small and of a base-size encoder.
import CKernels
import Kernels

extension Bench {
  /// The three GEMMs of a linear layer.
  func gemms(n: Int, d: Int, intermediateSize: Int) {
    for (input, output) in [(d, d), (d, 3 * d), (d, intermediateSize), (intermediateSize, d), (d, 8), (8, d)] {
      let x = Matrix(numbers(n * input), rows: n, columns: input)
      let w = Matrix(numbers(output * input), rows: output, columns: input)
      let y = Matrix(numbers(n * output), rows: n, columns: output)
      let shape = "[\(n), \(input)]x[\(output), \(input)]", work = Work.operations(2 * n * input * output)
      for (name, backend, precision) in [
        ("blas", GEMMBackend.blas, Precision.fp32), ("fp32", .selected, .fp32), ("bf16", .selected, .bf16),
      ] {
        func multiply(_ a: Matrix, _ b: Matrix, _ c: Matrix) {
          gemm(a, b, into: c, precision: precision, backend: backend)
        }
        time("product.\(name).forward", shape, work) { multiply(x, w.transposed, y) }
        time("product.\(name).dx", shape, work) { multiply(y, w, x) }
        time("product.\(name).dw", shape, work) { multiply(y.transposed, x, w) }
      }
    }
  }

  func norms(n: Int, d: Int) {
    let x = numbers(n * d), residual = numbers(n * d), z = numbers(n * d), y = numbers(n * d)
    let gain = numbers(d), bias = numbers(d), mean = numbers(n), rstd = numbers(n)
    let dgain = numbers(d), dbias = numbers(d), shape = "[\(n), \(d)]"
    time("add_norm", shape, .floats(4 * n * d)) {
      tune_add_norm(x, residual, gain, bias, z, y, mean, rstd, n, d, 1e-12, nil)
    }
    time("add_norm.inference", shape, .floats(3 * n * d)) {
      tune_add_norm(x, residual, gain, bias, nil, y, mean, rstd, n, d, 1e-12, nil)
    }
    withUnsafePointer(to: dropout) { dropout in
      time("add_norm.dropout", shape, .floats(4 * n * d)) {
        tune_add_norm(x, residual, gain, bias, z, y, mean, rstd, n, d, 1e-12, dropout)
      }
    }
    tune_add_norm(x, residual, gain, bias, z, y, mean, rstd, n, d, 1e-12, nil)
    time("norm_backward", shape, .floats(3 * n * d)) {
      tune_norm_backward(y, z, mean, rstd, gain, x, dgain, dbias, n, d)
    }
    time("norm_backward.frozen", shape, .floats(3 * n * d)) {
      tune_norm_backward(y, z, mean, rstd, gain, x, nil, nil, n, d)
    }
  }

  func elementwise(n: Int, d: Int, intermediateSize: Int) {
    let count = n * intermediateSize, bias = numbers(intermediateSize)
    let x = numbers(count, scale: 3), y = numbers(count), dx = numbers(count), input = numbers(count, scale: 3)
    let intermediateShape = "[\(n), \(intermediateSize)]", hiddenShape = "[\(n), \(d)]"
    for (name, code) in [("gelu", TUNE_GELU), ("gelu_tanh", TUNE_GELU_TANH), ("relu", TUNE_RELU)] {
      let code = Int32(code.rawValue)
      time("\(name).training", intermediateShape, .floats(3 * count)) { tune_activate(input, y, x, count, code) }
      time("\(name).in_place", intermediateShape, .floats(3 * count)) { tune_activate(x, y, x, count, code) }
      time(name, intermediateShape, .floats(2 * count)) { tune_activate(input, y, nil, count, code) }
    }
    time("multiply", intermediateShape, .floats(3 * count)) { tune_multiply(x, y, dx, count, 0) }
    time("fill_rows", intermediateShape, .floats(count)) { tune_fill_rows(bias, y, n, intermediateSize) }
    time("column_sums", intermediateShape, .floats(count)) {
      tune_column_sums(x, intermediateSize, bias, n, intermediateSize, 0)
    }
    time("add", hiddenShape, .floats(3 * n * d)) { tune_add(x, y, n * d) }
    time("tanh", hiddenShape, .floats(2 * n * d)) { tune_tanh(x, y, n * d) }
    time("exp", hiddenShape, .floats(2 * n * d)) { tune_exp(x, y, n * d) }
    withUnsafePointer(to: dropout) { dropout in
      time("dropout", hiddenShape, .floats(2 * n * d)) { tune_apply_dropout(x, y, n, d, dropout) }
    }
    let ids = (0..<n).map { Int32($0 * 7919 % 30000) }, table = numbers(30000 * d)
    withUnsafePointer(to: Matrix(table, rows: 30000, columns: d).kernelMatrix) { wordEmbeddings in
      time("embed", hiddenShape, .floats(4 * n * d)) {
        tune_embed(wordEmbeddings, 0, table, table, ids, ids, ids, y, n, d)
      }
    }
    time("scatter_add", hiddenShape, .floats(3 * n * d)) { tune_scatter_add(x, ids, table, n, d) }
  }

  /// Counts the operations of the GEMMs only: two in forward, five in backward.
  func attention(sequences: Int, t: Int, heads: Int, headSize: Int) {
    let n = sequences * t, d = heads * headSize
    let qkv = numbers(n * 3 * d), context = numbers(n * d), lse = numbers(n * heads)
    let dcontext = numbers(n * d), dqkv = numbers(n * 3 * d), scratch = numbers(tune_attention_scratch(t, headSize))
    let shape = "\(sequences)x\(t)x\(heads)x\(headSize)", work = 2 * sequences * t * t * d
    withUnsafePointer(to: dropout) { dropout in
      for (name, dropout) in [("attention", nil), ("attention.dropout", dropout)] {
        time(name + ".forward", shape, .operations(2 * work)) {
          for row in stride(from: 0, to: n, by: t) {
            tune_attention(
              qkv + row * 3 * d, context + row * d, lse + row * heads, scratch, t, heads, headSize, row, dropout,
              0, heads)
          }
        }
        time(name + ".backward", shape, .operations(5 * work)) {
          for row in stride(from: 0, to: n, by: t) {
            tune_attention_backward(
              qkv + row * 3 * d, context + row * d, lse + row * heads, dcontext + row * d, dqkv + row * 3 * d, scratch,
              t, heads, headSize, row, dropout, 0, heads)
          }
        }
      }
    }
  }

  /// Attention by tiles, all heads of one sequence; with a window, by parts of 1,024 rows as the op does. Counts the
  /// operations of the GEMMs on scores that are used.
  func tiledAttention(t: Int, window: Int?, heads: Int, headSize: Int) {
    let d = heads * headSize, part = window == nil ? t : min(t, 1024)
    let qkv = numbers(t * 3 * d), context = numbers(t * d), lse = numbers(t * heads)
    let dcontext = numbers(t * d), dqkv = numbers(t * 3 * d),
      scratch = numbers(max(tune_attention_tiles_scratch(t, headSize), tune_attention_bf16_scratch(t, headSize)))
    let shape = "1x\(t)x\(heads)x\(headSize)" + (window.map { ", window \($0)" } ?? "")
    let work = 2 * t * min(t, window.map { 2 * $0 + 1 } ?? t) * d
    var sequence = tune_sequence(
      t: t, heads: heads, head_size: headSize, window: window ?? -1, first_row: 0, dropout: nil)
    func forEachPart(_ body: (_ head: Int, _ from: Int, _ to: Int) -> Void) {
      for from in stride(from: 0, to: t, by: part) {
        for head in 0..<heads { body(head, from, min(from + part, t)) }
      }
    }
    var kernels = [("fp32", tune_attention_tiles, tune_attention_tiles_backward)]
    if GEMMBackend.selected == .avx512bf16 {
      kernels.append(("bf16", tune_attention_bf16, tune_attention_bf16_backward))
    }
    for (precision, forward, backward) in kernels {
      let name = (window == nil ? "attention.global." : "attention.local.") + precision
      time(name + ".forward", shape, .operations(2 * work)) {
        forEachPart { forward(qkv, context, lse, scratch, &sequence, $0, $1, $2) }
      }
      time(name + ".backward", shape, .operations(5 * work)) {
        forEachPart { backward(qkv, context, lse, dcontext, dqkv, scratch, &sequence, $0, $1, $2) }
      }
    }
  }

  /// The elementwise kernels of pre-norm encoders with rotary positions and gated activations.
  func preNorm(n: Int, d: Int, intermediateSize: Int) {
    let qkv = numbers(n * 3 * d), table = numbers(n * 64), positions = (0..<n).map { Int32($0) }
    time("rotate", "[\(n), \(3 * d)]", .floats(4 * n * d)) { tune_rotate(qkv, table, positions, qkv, n, d, 64, 1, 0) }
    let x = numbers(2 * n * intermediateSize, scale: 3), y = numbers(n * intermediateSize)
    let saved = numbers(2 * n * intermediateSize), shape = "[\(n), \(2 * intermediateSize)]"
    let gelu = Int32(TUNE_GELU.rawValue)
    time("geglu.training", shape, .floats(5 * n * intermediateSize)) {
      tune_activate_gated(x, y, saved, n, intermediateSize, gelu)
    }
    time("geglu_backward", shape, .floats(5 * n * intermediateSize)) {
      tune_gated_backward(y, saved, x, n, intermediateSize, 0)
    }
  }

  func losses() {
    for (n, classes) in [(512, 7), (64, 30522)] {
      let logits = numbers(n * classes), targets = (0..<n).map { Int32($0 % classes) }
      time("cross_entropy", "[\(n), \(classes)]", .floats(2 * n * classes)) {
        _ = tune_cross_entropy(logits, targets, nil, n, classes, 0.1, Float(n))
      }
    }
  }

  func optimizer() {
    let count = 1 << 20
    let p = numbers(count), g = numbers(count), m = numbers(count), v = numbers(count)
    for i in 0..<count { v[i] = abs(v[i]) }
    time("adamw", "\(count)", .floats(7 * count)) {
      tune_adamw(p, g, m, v, count, 1, 1e-9, 1, 0.9, 0.999, 1e-8, 1)
    }
    time("sum_squares", "\(count)", .floats(count)) { _ = tune_sum_squares(g, count) }
  }
}
