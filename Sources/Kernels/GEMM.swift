/// The product of two matrices: by a kernel of ours where the CPU has AVX-512, else by OpenBLAS.
internal import CKernels
internal import COpenBLAS
import Glibc

/// The numbers that large products read. Sums, and everything that is no product, are Float32 in either.
public enum Precision: String, CaseIterable, Sendable {
  case fp32
  /// Frozen weights are kept in bfloat16, and what meets a weight is rounded to it on the way into the product.
  case bf16
}

/// Who multiplies, from the least to the most that a CPU can do.
public enum GEMMBackend: String, CaseIterable, Comparable, Sendable {
  /// OpenBLAS; bfloat16 weights are widened first.
  case blas
  /// Our kernel over Float32.
  case avx512
  /// Our kernel, also over bfloat16.
  case avx512bf16

  public static func < (a: GEMMBackend, b: GEMMBackend) -> Bool {
    allCases.firstIndex(of: a) ?? 0 < allCases.firstIndex(of: b) ?? 0
  }

  /// The best that this CPU has; `TUNE_GEMM` may name a lesser one.
  public static let selected: GEMMBackend = {
    let best: GEMMBackend =
      tune_gemm_supported(1) != 0 ? .avx512bf16 : tune_gemm_supported(0) != 0 ? .avx512 : .blas
    let wish = getenv("TUNE_GEMM").flatMap { GEMMBackend(rawValue: String(cString: $0)) }
    return min(wish ?? best, best)
  }()

  /// The numbers that products of this precision really read here.
  public func precision(_ wanted: Precision) -> Precision { self == .avx512bf16 ? wanted : .fp32 }
}

/// c = alpha·a·b + beta·c + bias      a [m, k]   b [k, n]   c [m, n]   bias [n], added to each row; on the calling thread
/// k may be 0: a·b is then 0.
public func gemm(
  _ a: Matrix, _ b: Matrix, into c: Matrix, alpha: Float = 1, beta: Float = 0, bias: UnsafePointer<Float>? = nil,
  precision: Precision = .fp32, backend multiplier: GEMMBackend = .selected
) {
  precondition(
    a.columns == b.rows && c.rows == a.rows && c.columns == b.columns && !c.isTransposed,
    "gemm: [\(a.rows), \(a.columns)]·[\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
  guard c.rows > 0 && c.columns > 0 else { return }
  guard a.columns > 0 else { return multiplyNothing(c, beta, bias) }
  guard multiplier > .blas else { return multiplyByBLAS(a, b, c, alpha, beta, bias) }
  withUnsafePointer(to: a.kernelMatrix) { left in
    withUnsafePointer(to: b.kernelMatrix) { right in
      tune_gemm(
        left, right, c.base, c.stride, c.rows, c.columns, a.columns, alpha, beta, bias,
        multiplier.precision(precision) == .bf16 ? 1 : 0)
    }
  }
}

extension Matrix {
  /// Calls `body` with these numbers as Float32: bfloat16 ones as a copy.
  public func withFloat32<Result>(_ body: (Matrix) -> Result) -> Result {
    guard isBF16 else { return body(self) }
    let (lines, width) = isTransposed ? (columns, rows) : (rows, columns)
    let copy = UnsafeMutablePointer<Float>.allocate(capacity: lines * width)
    defer { copy.deallocate() }
    tune_bf16_to_fp32(memory.assumingMemoryBound(to: UInt16.self), copy, lines * width)
    let wide = Matrix(copy, rows: lines, columns: width)
    return body(isTransposed ? wide.transposed : wide)
  }
}

/// c = beta·c + bias: the sum of no products, as where none of a batch's tokens is asked for.
private func multiplyNothing(_ c: Matrix, _ beta: Float, _ bias: UnsafePointer<Float>?) {
  for row in 0..<c.rows {
    let values = c.base + row * c.stride
    for column in 0..<c.columns {
      values[column] = (beta == 0 ? 0 : beta * values[column]) + (bias.map { $0[column] } ?? 0)
    }
  }
}

private func multiplyByBLAS(
  _ a: Matrix, _ b: Matrix, _ c: Matrix, _ alpha: Float, _ beta: Float, _ bias: UnsafePointer<Float>?
) {
  var beta = beta
  if let bias {
    // OpenBLAS clears C in a sweep of its own before it adds; filling it with the bias instead is free.
    precondition(beta == 0 && c.stride == c.columns, "gemm: a bias goes into a new, dense matrix")
    tune_fill_rows(bias, c.base, c.rows, c.columns)
    beta = 1
  }
  a.withFloat32 { a in
    b.withFloat32 { b in
      tune_sgemm(
        a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(c.rows), Int32(c.columns), Int32(a.columns), alpha,
        a.base, Int32(a.stride), b.base, Int32(b.stride), beta, c.base, Int32(c.stride))
    }
  }
}
