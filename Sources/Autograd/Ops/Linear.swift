/// The learned product. Several outputs of one input (q, k, v) may be joined to one product.
internal import CKernels
public import Kernels

/// One output of a joined product: its weight [out, in] and bias [out] are rows of the joined matrix.
public struct LinearPart {
  public let weight: Parameter
  public let bias: Parameter?

  public init(weight: Parameter, bias: Parameter?) {
    self.weight = weight
    self.bias = bias
  }
}

/// Adds something to a product's output, and says how its gradient flows.
public protocol ProjectionAdapter: AnyObject {
  /// y[:, columns] += f(x), its products reading numbers of `precision`; or, where it `rescales`, any change of them.
  /// - Returns: what backward does with dy [n, all columns], or nil when nothing is tracked. It adds to dx itself, and
  ///   comes before the product's own backward, for which it may rewrite its columns of dy where it `rescales`.
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
  ) -> ((_ dy: Tensor) -> Void)?
  /// Whether anything of it learns.
  var isTrainable: Bool { get }
  /// Whether it does more to y than to add to it.
  var rescales: Bool { get }
  /// Whether y's bias is left alone by all that; its gradient is then that of dy as it came.
  var keepsBias: Bool { get }
  /// What the product reads instead of x; only asked where the projection is a product of its own.
  func input(_ x: Tensor, _ pass: Pass) -> Tensor
}

extension ProjectionAdapter {
  public var rescales: Bool { false }
  public var keepsBias: Bool { false }
  public func input(_ x: Tensor, _ pass: Pass) -> Tensor { x }
}

/// y = x·Wᵀ + b       x [n, in]   W [out, in]   b [out]   →   y [n, out]
/// dx = dy·W          dW += dyᵀ·x    db += Σ rows of dy            source: Giles 2008 (NA-08/01) §2.2.2
/// The parts' weights must lie one after the other in memory, and so their biases (all have one, or none).
/// All three products read numbers of `precision`; sums are Float32.
public func linear(
  _ x: Tensor, _ parts: [LinearPart], precision: Precision = .fp32, adapters: [(any ProjectionAdapter)?] = [],
  _ pass: Pass
) -> Tensor {
  let x = parts.count == 1 ? adapters.first??.input(x, pass) ?? x : x
  let out = parts.reduce(0) { $0 + $1.weight.rows }
  let joined = parts[0].weight.matrix(rows: out)
  let learns = parts.contains { $0.weight.isTrainable || $0.bias?.isTrainable == true }
  let adapted = adapters.contains { $0?.isTrainable == true }
  let y = pass.make(x.rows, out, tracked: x.isTracked || learns || adapted)
  gemm(x.matrix, joined.transposed, into: y.matrix, bias: parts[0].bias?.pointer, precision: precision)

  var seams: [(Tensor) -> Void] = []
  var first = 0
  for (index, part) in parts.enumerated() {
    let columns = first..<first + part.weight.rows
    first = columns.upperBound
    if index < adapters.count,
      let back = adapters[index]?.apply(to: y, columns: columns, from: x, precision: precision, pass)
    {
      seams.append(back)
    }
  }
  let slot = x.slot
  let input = parts.contains { $0.weight.isTrainable } ? x : nil
  let rescales = adapters.contains { $0?.rescales == true }
  pass.record(y) { [unowned pass] dy in
    let kept = dy, dy = rescales ? copy(dy, pass) : dy
    for seam in seams { seam(dy) }
    var first = 0
    for (index, part) in parts.enumerated() {
      let columns = first..<first + part.weight.rows
      let slice = dy.matrix.columns(columns)
      first = columns.upperBound
      if let bias = part.bias {
        let keepsBias = index < adapters.count && adapters[index]?.keepsBias == true
        let slice = keepsBias ? kept.matrix.columns(columns) : slice
        pass.accumulate(bias) { tune_column_sums(slice.base, slice.stride, $0, slice.rows, slice.columns, $1) }
      }
      guard part.weight.isTrainable, let input else { continue }
      pass.accumulate(shared: part.weight, keeping: [dy, input]) { dw, beta in
        gemm(
          slice.transposed, input.matrix, into: Matrix(dw, rows: slice.columns, columns: input.columns), beta: beta,
          precision: precision)
      }
    }
    pass.accumulate(slot) { dx, beta in gemm(dy.matrix, joined, into: dx, beta: beta, precision: precision) }
  }
  return y
}

/// A gradient may be somebody else's too.
private func copy(_ dy: Tensor, _ pass: Pass) -> Tensor {
  let copy = pass.make(dy.rows, dy.columns)
  copy.pointer.update(from: dy.pointer, count: dy.count)
  return copy
}
