/// How a loss leaves its gradient: in the slot of what it reads, for `backward()` to find.
internal import Kernels

extension Pass {
  /// As `accumulate`, but `body` runs in any case: without a place for the gradient where nobody asks for one.
  func seed(_ x: GradientSlot, _ body: (_ dx: Matrix?, _ beta: Float) -> Void) {
    guard x.node != nil else { return body(nil, 0) }
    accumulate(x) { dx, beta in body(dx, beta) }
  }
}
