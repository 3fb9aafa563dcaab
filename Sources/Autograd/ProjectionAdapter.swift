/// What an adapter does to the output of a linear layer, as LoRA does, and to which rows of a batch.
package import Kernels

/// Changes the output of one linear layer. It belongs to no pass: several threads may apply it at once.
package protocol ProjectionAdapter: AnyObject, Sendable {
  /// y[:, columns] += f(x), with GEMMs that read numbers of `precision`. If `rescales`, any other change of these
  /// columns.
  /// - Parameters:
  ///   - y: [n, all columns], of the rows that the adapter applies to.
  ///   - x: the layer's input, [n, in].
  ///   - weights: the layer's weight and bias in this pass.
  /// - Returns: the adapter's backward function, which gets dy [n, all columns] and adds to the gradient of x; nil
  ///   where nothing is tracked. It runs before the linear layer's backward. If `rescales`, it may overwrite its
  ///   columns of dy with the gradient of the linear layer's output.
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((_ dy: Tensor) -> Void)?
  /// Whether it has trainable parameters.
  var isTrainable: Bool { get }
  /// Whether it changes y in another way than by adding to it.
  var rescales: Bool { get }
  /// Whether the rescaling leaves the bias as it is; the bias's gradient is then computed from the unchanged dy.
  var keepsBias: Bool { get }
  /// The input of the linear layer in place of x. Called only for a layer that is computed by its own GEMM.
  func input(_ x: Tensor, _ pass: Pass) -> Tensor
}

extension ProjectionAdapter {
  package var rescales: Bool { false }
  package var keepsBias: Bool { false }
  package func input(_ x: Tensor, _ pass: Pass) -> Tensor { x }
}

/// An adapter of a linear layer, and the rows that it applies to.
package struct AdaptedRows: Sendable {
  package let adapter: any ProjectionAdapter
  /// nil: all rows. An adapter of some rows works only in a pass without gradients.
  package let rows: Range<Int>?

  package init(_ adapter: any ProjectionAdapter, rows: Range<Int>? = nil) {
    (self.adapter, self.rows) = (adapter, rows)
  }

  /// `ProjectionAdapter.apply` for these rows of x and y.
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((_ dy: Tensor) -> Void)? {
    let rows = rows ?? 0..<x.rows
    return adapter.apply(
      to: slice(y, rows: rows, pass), columns: columns, from: slice(x, rows: rows, pass), of: weights,
      precision: precision, pass)
  }
}

/// x, with the rows of each adapter replaced by its input.
func input(_ x: Tensor, of adapters: some Sequence<AdaptedRows>, _ pass: Pass) -> Tensor {
  var y = x
  for adapted in adapters {
    let rows = adapted.rows ?? 0..<x.rows, old = slice(y, rows: rows, pass), new = adapted.adapter.input(old, pass)
    if new.buffer === old.buffer { continue }
    guard rows.count < x.rows else {
      y = new
      continue
    }
    if y.buffer === x.buffer {
      y = pass.make(x.rows, x.columns)
      y.pointer.update(from: x.pointer, count: x.count)
    }
    (y.pointer + rows.lowerBound * x.columns).update(from: new.pointer, count: new.count)
  }
  return y
}
