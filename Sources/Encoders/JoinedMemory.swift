/// Contiguous memory for several weights, so that one GEMM computes them all.
import Autograd

/// Allocated when the first weight is loaded.
final class JoinedMemory {
  private(set) lazy var storage = OwnedStorage(count: count)
  private let count: Int
  private var used = 0
  init(count: Int) { self.count = count }

  func next(_ count: Int) -> UnsafeMutablePointer<Float> {
    defer { used += count }
    return storage.pointer + used
  }
}
