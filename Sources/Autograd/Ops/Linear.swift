/// The learned product. Several outputs of one input (q, k, v) may be joined to one product.
internal import CKernels
internal import Kernels

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
  /// y[:, columns] += f(x).
  /// - Returns: what backward does with dy [n, all columns], or nil when nothing is tracked. It adds to dx itself.
  func apply(to y: Tensor, columns: Range<Int>, from x: Tensor, _ pass: Pass) -> ((_ dy: Tensor) -> Void)?
  /// Whether anything of it learns.
  var isTrainable: Bool { get }
}

/// y = x·Wᵀ + b       x [n, in]   W [out, in]   b [out]   →   y [n, out]
/// dx = dy·W          dW += dyᵀ·x    db += Σ rows of dy            source: Giles 2008 (NA-08/01) §2.2.2
/// `packed` holds the same weights, which then must be frozen, for a product that copies nothing.
/// The parts' weights must lie one after the other in memory, and so their biases (all have one, or none).
public func linear(
  _ x: Tensor, _ parts: [LinearPart], packed: PackedWeight? = nil, adapters: [(any ProjectionAdapter)?] = [],
  _ pass: Pass
) -> Tensor {
  let out = parts.reduce(0) { $0 + $1.weight.rows }
  let joined = Matrix(parts[0].weight.pointer, rows: out, columns: x.columns)
  let learns = parts.contains { $0.weight.isTrainable || $0.bias?.isTrainable == true }
  let adapted = adapters.contains { $0?.isTrainable == true }
  let y = pass.make(x.rows, out, tracked: x.isTracked || learns || adapted)
  if let packed = packed?.forward {
    tune_packed_product(x.pointer, packed.pointer, parts[0].bias?.pointer, y.pointer, y.rows, y.columns, x.columns, 0)
  } else {
    // OpenBLAS clears C in a sweep of its own before it adds; filling it with the bias instead is free.
    if let bias = parts[0].bias { tune_fill_rows(bias.pointer, y.pointer, y.rows, y.columns) }
    gemm(x.matrix, joined.transposed, into: y.matrix, beta: parts[0].bias == nil ? 0 : 1)
  }

  var seams: [(Tensor) -> Void] = []
  var first = 0
  for (index, part) in parts.enumerated() {
    let columns = first..<first + part.weight.rows
    first = columns.upperBound
    if index < adapters.count, let back = adapters[index]?.apply(to: y, columns: columns, from: x, pass) {
      seams.append(back)
    }
  }
  let slot = x.slot
  let input = parts.contains { $0.weight.isTrainable } ? x : nil
  pass.record(y) { [unowned pass] dy in
    var first = 0
    for part in parts {
      let slice = dy.matrix.columns(first..<first + part.weight.rows)
      first += part.weight.rows
      if let bias = part.bias {
        pass.accumulate(bias) { tune_column_sums(slice.base, slice.stride, $0, slice.rows, slice.columns, $1) }
      }
      guard part.weight.isTrainable, let input else { continue }
      pass.accumulate(part.weight) { dw, beta in
        gemm(slice.transposed, input.matrix, into: Matrix(dw, rows: slice.columns, columns: input.columns), beta: beta)
      }
    }
    pass.accumulate(slot) { dx, beta in
      guard let packed = packed?.backward else { return gemm(dy.matrix, joined, into: dx, beta: beta) }
      tune_packed_product(
        dy.pointer, packed.pointer, nil, dx.base, dy.rows, dx.columns, dy.columns, beta == 0 ? 0 : 1)
    }
    for seam in seams { seam(dy) }
  }
  return y
}
