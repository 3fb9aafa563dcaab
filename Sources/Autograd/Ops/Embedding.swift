/// Embedding lookup and row gathering.
internal import CKernels
package import Kernels

/// y[i] = wordEmbeddings[ids[i]] (+ positionEmbeddings[positionIDs[i]]) (+ tokenTypeEmbeddings[tokenTypeIDs[i]])
/// y [n, d]. A negative id adds no word embedding. `tokenRows` has rows that stand in place of word
/// embeddings where its index is not negative. With bf16, Float32 word embeddings are rounded as they are read.
/// Backward adds dy's rows to the gradients of the trainable tables.        source: Devlin et al. 2019 §3
package func embed(
  wordEmbeddings: Parameter, ids: [Int32], positionEmbeddings: Parameter?, positionIDs: [Int32],
  tokenTypeEmbeddings: Parameter?, tokenTypeIDs: [Int32], tokenRows: (table: Parameter, indices: [Int32])? = nil,
  precision: Precision = .fp32, _ pass: Pass
) -> Tensor {
  var ids = ids
  if let tokenRows { for (row, index) in tokenRows.indices.enumerated() where index >= 0 { ids[row] = rowIsSet } }
  let tables =
    [(wordEmbeddings, ids)] + (positionEmbeddings.map { [($0, positionIDs)] } ?? [])
    + (tokenTypeEmbeddings.map { [($0, tokenTypeIDs)] } ?? []) + (tokenRows.map { [($0.table, $0.indices)] } ?? [])
  let y = pass.make(ids.count, wordEmbeddings.columns, tracked: tables.contains { $0.0.isTrainable })
  if let tokenRows { setTokenRows(tokenRows.table, tokenRows.indices, of: y, precision) }
  withUnsafePointer(to: wordEmbeddings.matrix.kernelMatrix) {
    tune_embed(
      $0, precision == .bf16 ? 1 : 0, positionEmbeddings?.pointer, tokenTypeEmbeddings?.pointer, ids, positionIDs,
      tokenTypeIDs, y.pointer, y.rows, y.columns)
  }
  pass.record(y) { [unowned pass] dy in
    for (table, indices) in tables { pass.accumulate(shared: table, rows: indices, of: dy) }
  }
  return y
}

/// y[i] = x[indices[i]]        x [n, d]   →   y [indices.count, d]
package func gather(_ x: Tensor, rows indices: [Int32], _ pass: Pass) -> Tensor {
  let y = pass.make(indices.count, x.columns, tracked: x.isTracked)
  for (row, index) in indices.enumerated() {
    (y.pointer + row * x.columns).update(from: x.pointer + Int(index) * x.columns, count: x.columns)
  }
  let slot = x.slot
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in
      if beta == 0 { dx.base.update(repeating: 0, count: dx.rows * dx.columns) }
      tune_scatter_add(dy.pointer, indices, dx.base, dy.rows, dy.columns)
    }
  }
  return y
}
