/// How a loss leaves its gradient in the slot of the tensor it reads, where `backward()` starts from.
internal import Kernels

extension Pass {
  /// As `accumulate`, but `body` always runs; `dx` is nil where x is not tracked.
  func accumulateLossGradient(_ x: GradientSlot, _ body: (_ dx: Matrix?, _ beta: Float) -> Void) {
    guard x.node != nil else { return body(nil, 0) }
    accumulate(x) { dx, beta in body(dx, beta) }
  }
}
