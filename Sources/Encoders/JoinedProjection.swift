/// Linear layers that one GEMM computes, with the adapters of the pass.
import Autograd
import Kernels

/// One or more projections of the same input, computed with one GEMM, their outputs side by side.
final class JoinedProjection: Sendable {
  let parts: [Projection]

  init(parts: [Projection]) { self.parts = parts }

  convenience init(_ part: Projection) { self.init(parts: [part]) }

  /// - Parameter precision: of the GEMM's operands.
  func callAsFunction(_ x: Tensor, precision: Precision = .fp32, _ adapters: RowAdapters, _ pass: Pass) -> Tensor {
    linear(
      x, parts.map(adapters.weights), precision: precision, adapters: adapters.isEmpty ? [] : parts.map(adapters.of),
      pass)
  }
}
