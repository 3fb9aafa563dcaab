/// Linear layers. Several layers over one input (q, k, v) can be computed with one GEMM.
internal import CKernels
public import Kernels

/// The weight [out, in] and bias [out] of one linear layer.
public struct LinearWeights {
  public let weight: Parameter
  public let bias: Parameter?

  public init(weight: Parameter, bias: Parameter?) {
    self.weight = weight
    self.bias = bias
  }
}

/// Changes the output of one linear layer, as LoRA does.
public protocol ProjectionAdapter: AnyObject {
  /// y[:, columns] += f(x), with GEMMs that read numbers of `precision`. If `rescales`, any other change of these
  /// columns.
  /// - Returns: the adapter's backward function, which gets dy [n, all columns] and adds to the gradient of x; nil
  ///   where nothing is tracked. It runs before the linear layer's backward. If `rescales`, it may overwrite its
  ///   columns of dy with the gradient of the linear layer's output.
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
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
  public var rescales: Bool { false }
  public var keepsBias: Bool { false }
  public func input(_ x: Tensor, _ pass: Pass) -> Tensor { x }
}

/// y = x·Wᵀ + b       x [n, in]   W [out, in]   b [out]   →   y [n, out]
/// dx = dy·W          dW += dyᵀ·x    db += Σ rows of dy            source: Giles 2008 (NA-08/01) §2.2.2
/// Computes several linear layers over one input with one GEMM; y holds their outputs side by side. The layers' weights
/// must be contiguous in memory, and so must their biases (all have a bias, or none has).
/// All three GEMMs read numbers of `precision`; sums are Float32.
public func linear(
  _ x: Tensor, _ parts: [LinearWeights], precision: Precision = .fp32, adapters: [(any ProjectionAdapter)?] = [],
  _ pass: Pass
) -> Tensor {
  let x = parts.count == 1 ? adapters.first??.input(x, pass) ?? x : x
  let out = parts.reduce(0) { $0 + $1.weight.rows }
  let joined = parts[0].weight.matrix(rows: out)
  let isTrainable = parts.contains { $0.weight.isTrainable || $0.bias?.isTrainable == true }
  let hasTrainableAdapter = adapters.contains { $0?.isTrainable == true }
  let y = pass.make(x.rows, out, tracked: x.isTracked || isTrainable || hasTrainableAdapter)
  gemm(x.matrix, joined.transposed, into: y.matrix, bias: parts[0].bias?.pointer, precision: precision)

  var adapterBackwards: [(Tensor) -> Void] = []
  var first = 0
  for (index, part) in parts.enumerated() {
    let columns = first..<first + part.weight.rows
    first = columns.upperBound
    if index < adapters.count,
      let backward = adapters[index]?.apply(to: y, columns: columns, from: x, precision: precision, pass)
    {
      adapterBackwards.append(backward)
    }
  }
  let slot = x.slot
  let input = parts.contains { $0.weight.isTrainable } ? x : nil
  let rescales = adapters.contains { $0?.rescales == true }
  pass.record(y) { [unowned pass] dy in
    let unscaled = dy, dy = rescales ? copy(dy, pass) : dy
    for backward in adapterBackwards { backward(dy) }
    var first = 0
    for (index, part) in parts.enumerated() {
      let columns = first..<first + part.weight.rows
      let slice = dy.matrix.columns(columns)
      first = columns.upperBound
      if let bias = part.bias {
        let keepsBias = index < adapters.count && adapters[index]?.keepsBias == true
        let slice = keepsBias ? unscaled.matrix.columns(columns) : slice
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

/// A copy that adapters may overwrite; the buffer of dy may be shared with another tensor's gradient.
private func copy(_ dy: Tensor, _ pass: Pass) -> Tensor {
  let copy = pass.make(dy.rows, dy.columns)
  copy.pointer.update(from: dy.pointer, count: dy.count)
  return copy
}
