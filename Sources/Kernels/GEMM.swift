/// General matrix multiplication: by the best kernel of CKernels that the CPU supports, else by OpenBLAS.
internal import CKernels
internal import COpenBLAS
import Glibc

/// The format of the numbers that large GEMMs read. Sums, and everything outside GEMMs, are Float32 in both cases.
package enum Precision: String, CaseIterable, Sendable {
  case fp32
  /// Frozen weights are stored in bfloat16, and the other operand is rounded to bfloat16 inside the GEMM.
  case bf16
}

/// The format of frozen weights in inference.
package enum InferencePrecision: String, CaseIterable, Sendable {
  case fp32, bf16
  /// The encoder's matrices are quantized to 8 bits, and their inputs too; everything else is as with bf16.
  case int8

  /// Of all products but those with int8 weights.
  package var products: Precision { self == .fp32 ? .fp32 : .bf16 }

  package init(_ precision: Precision) { self = precision == .fp32 ? .fp32 : .bf16 }
}

/// The implementation of `gemm`, in ascending order of what the CPU must support.
package enum GEMMBackend: String, CaseIterable, Comparable, Sendable {
  /// OpenBLAS; bfloat16 weights are converted to Float32 first.
  case blas
  /// `tune_gemm` over Float32 by AVX2 with FMA, or by NEON.
  case simd
  /// `tune_gemm` over Float32 by AVX-512.
  case avx512
  /// `tune_gemm` over Float32 or bfloat16 by AVX-512.
  case avx512bf16

  /// The kernel's number in CKernels; not of `blas`.
  fileprivate var kernel: Int32 {
    switch self {
    case .blas: -1
    case .simd: Int32(TUNE_GEMM_SIMD)
    case .avx512: Int32(TUNE_GEMM_AVX512)
    case .avx512bf16: Int32(TUNE_GEMM_AVX512BF16)
    }
  }

  package static func < (a: GEMMBackend, b: GEMMBackend) -> Bool {
    allCases.firstIndex(of: a) ?? 0 < allCases.firstIndex(of: b) ?? 0
  }

  /// The best backend that this CPU supports, or a lower one named by the environment variable `TUNE_GEMM`.
  package static let selected: GEMMBackend = {
    let best = allCases.last { $0 > .blas && tune_gemm_supported($0.kernel) != 0 } ?? .blas
    let requested = getenv("TUNE_GEMM").flatMap { GEMMBackend(rawValue: String(cString: $0)) }
    return min(requested ?? best, best)
  }()

  /// The precision that this backend uses where `requested` is asked for.
  package func precision(_ requested: Precision) -> Precision { self == .avx512bf16 ? requested : .fp32 }
}

/// c = alpha·a·b + beta·c + bias      a [m, k]   b [k, n]   c [m, n]   bias [n], added to each row
/// Runs on the calling thread. k may be 0: a·b is then 0.
package func gemm(
  _ a: Matrix, _ b: Matrix, into c: Matrix, alpha: Float = 1, beta: Float = 0, bias: UnsafePointer<Float>? = nil,
  precision: Precision = .fp32, backend: GEMMBackend = .selected
) {
  precondition(
    a.columns == b.rows && c.rows == a.rows && c.columns == b.columns && !c.isTransposed,
    "gemm: [\(a.rows), \(a.columns)]·[\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
  guard c.rows > 0 && c.columns > 0 else { return }
  guard a.columns > 0 else { return addBiasOnly(c, beta, bias) }
  guard backend > .blas else { return gemmByBLAS(a, b, c, alpha, beta, bias) }
  let kernel = min(backend, precision == .bf16 ? .avx512bf16 : .avx512).kernel
  withUnsafePointer(to: a.kernelMatrix) { left in
    withUnsafePointer(to: b.kernelMatrix) { right in
      tune_gemm(kernel, left, right, c.base, c.stride, c.rows, c.columns, a.columns, alpha, beta, bias)
    }
  }
}

extension Matrix {
  /// Calls `body` with this matrix as Float32; a bfloat16 matrix is copied.
  package func withFloat32<Result>(_ body: (Matrix) -> Result) -> Result {
    guard isBF16 else { return body(self) }
    let (memoryRows, memoryColumns) = isTransposed ? (columns, rows) : (rows, columns)
    let copy = UnsafeMutablePointer<Float>.allocate(capacity: memoryRows * memoryColumns)
    defer { copy.deallocate() }
    tune_bf16_to_fp32(memory.assumingMemoryBound(to: UInt16.self), copy, memoryRows * memoryColumns)
    let converted = Matrix(copy, rows: memoryRows, columns: memoryColumns)
    return body(isTransposed ? converted.transposed : converted)
  }
}

/// c = beta·c + bias, the result for k = 0, as where a batch has no token of interest.
private func addBiasOnly(_ c: Matrix, _ beta: Float, _ bias: UnsafePointer<Float>?) {
  for row in 0..<c.rows {
    let values = c.base + row * c.stride
    for column in 0..<c.columns {
      values[column] = (beta == 0 ? 0 : beta * values[column]) + (bias.map { $0[column] } ?? 0)
    }
  }
}

private func gemmByBLAS(
  _ a: Matrix, _ b: Matrix, _ c: Matrix, _ alpha: Float, _ beta: Float, _ bias: UnsafePointer<Float>?
) {
  var beta = beta
  if let bias {
    // OpenBLAS clears C in a separate pass before it adds; filling C with the bias instead costs nothing.
    precondition(beta == 0, "gemm: a bias requires beta = 0")
    if c.stride == c.columns {
      tune_fill_rows(bias, c.base, c.rows, c.columns)
    } else {
      for row in 0..<c.rows { (c.base + row * c.stride).update(from: bias, count: c.columns) }
    }
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
