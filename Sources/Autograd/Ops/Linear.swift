/// Linear layers. Several layers over one input (q, k, v) can be computed with one GEMM.
internal import CKernels
package import Kernels

/// y = x·Wᵀ + b       x [n, in]   W [out, in]   b [out]   →   y [n, out]
/// dx = dy·W          dW += dyᵀ·x    db += Σ rows of dy            source: Giles 2008 (NA-08/01) §2.2.2
/// Computes several linear layers over one input; y holds their outputs side by side. One GEMM computes them all if their
/// weights are contiguous in memory, and their biases too (all have a bias, or none has); backward requires that.
/// All GEMMs read numbers of `precision`, except those of packed weights, through which no gradient goes; sums are Float32.
/// - Parameter adapters: of each layer; empty: none.
package func linear(
  _ x: Tensor, _ parts: [LinearWeights], precision: Precision = .fp32, adapters: [[AdaptedRows]] = [], _ pass: Pass
) -> Tensor {
  let x = parts.count == 1 ? input(x, of: adapters.joined(), pass) : x
  let out = parts.reduce(0) { $0 + $1.weight.rows }
  let isTrainable = parts.contains { $0.weight.isTrainable || $0.bias?.isTrainable == true }
  let hasTrainableAdapter = adapters.joined().contains(where: \.adapter.isTrainable)
  let y = pass.make(x.rows, out, tracked: x.isTracked || isTrainable || hasTrainableAdapter)
  let columns = outputColumns(of: parts)
  let joined = areContiguous(parts) ? parts[0].weight.matrix(rows: out) : nil
  if let joined {
    gemm(x.matrix, joined.transposed, into: y.matrix, bias: parts[0].bias?.pointer, precision: precision, pass)
  } else {
    multiply(x, parts, into: y, columns, precision, pass)
  }
  let adapterBackwards = apply(adapters, to: y, columns: columns, from: x, of: parts, precision: precision, pass)
  let slot = x.slot
  let saved = parts.contains { $0.weight.isTrainable } ? x : nil
  let rescales = adapters.joined().contains(where: \.adapter.rescales)
  pass.record(y) { [unowned pass] dy in
    guard let joined else { preconditionFailure("linear: \(parts[0].weight.name) is not joined, but trained") }
    let unscaled = dy, dy = rescales ? copy(dy, pass) : dy
    for backward in adapterBackwards { backward(dy) }
    for (index, part) in parts.enumerated() {
      let slice = dy.matrix.columns(columns[index])
      if let bias = part.bias {
        let keepsBias = index < adapters.count && adapters[index].contains(where: \.adapter.keepsBias)
        let slice = keepsBias ? unscaled.matrix.columns(columns[index]) : slice
        pass.accumulate(bias) { tune_column_sums(slice.base, slice.stride, $0, slice.rows, slice.columns, $1) }
      }
      guard part.weight.isTrainable, let saved else { continue }
      pass.accumulate(shared: part.weight, keeping: [dy, saved]) { dw, beta in
        gemm(
          slice.transposed, saved.matrix, into: Matrix(dw, rows: slice.columns, columns: saved.columns), beta: beta,
          precision: precision, pass)
      }
    }
    pass.accumulate(slot) { dx, beta in gemm(dy.matrix, joined, into: dx, beta: beta, precision: precision, pass) }
  }
  return y
}

/// One product for each layer; those of packed weights are divided among threads together.
private func multiply(
  _ x: Tensor, _ parts: [LinearWeights], into y: Tensor, _ columns: [Range<Int>], _ precision: Precision, _ pass: Pass
) {
  var products: [PackedProduct] = []
  for (part, columns) in zip(parts, columns) {
    let y = y.matrix.columns(columns), bias = part.bias?.pointer
    if let weights = part.weight.packed {
      products.append(PackedProduct(weights: weights, bias: bias, result: y))
    } else {
      gemm(x.matrix, part.weight.matrix.transposed, into: y, bias: bias, precision: precision, pass)
    }
  }
  multiply(x, products, pass)
}

/// Lets each layer's adapters change its columns of y.
/// - Returns: the adapters' backward functions.
private func apply(
  _ adapters: [[AdaptedRows]], to y: Tensor, columns: [Range<Int>], from x: Tensor, of parts: [LinearWeights],
  precision: Precision, _ pass: Pass
) -> [(_ dy: Tensor) -> Void] {
  zip(parts.indices, adapters).flatMap { index, adapters in
    adapters.compactMap {
      $0.apply(to: y, columns: columns[index], from: x, of: parts[index], precision: precision, pass)
    }
  }
}

/// Whether each layer's weight follows that of the layer before it in memory, and its bias too.
private func areContiguous(_ parts: [LinearWeights]) -> Bool {
  parts[0].weight.packed == nil
    && zip(parts, parts.dropFirst()).allSatisfy { part, next in
      part.weight.isFollowed(by: next.weight)
        && (part.bias.map { bias in next.bias.map(bias.isFollowed) ?? false } ?? true)
    }
}

/// The columns of each layer in the joined output.
private func outputColumns(of parts: [LinearWeights]) -> [Range<Int>] {
  var next = 0
  return parts.map { part in
    defer { next += part.weight.rows }
    return next..<next + part.weight.rows
  }
}

/// A copy that adapters may overwrite; the buffer of dy may be shared with another tensor's gradient.
private func copy(_ dy: Tensor, _ pass: Pass) -> Tensor {
  let copy = pass.make(dy.rows, dy.columns)
  copy.pointer.update(from: dy.pointer, count: dy.count)
  return copy
}
