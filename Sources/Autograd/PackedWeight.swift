/// A weight that does not change, laid out once for its products. Does not follow later changes of the weight.
internal import CKernels

/// Sendable: written once, when it is made.
public final class PackedWeight: Sendable {
  /// For y = x·Wᵀ, and for dx = dy·W; nil where OpenBLAS serves better.
  let forward, backward: OwnedStorage?

  /// - Parameters:
  ///   - weight: [out, in] from its first element on; several may lie one after the other.
  ///   - training: whether gradients will flow through it.
  public init(_ weight: Parameter, out: Int, training: Bool) {
    func pack(_ k: Int, _ m: Int, transposed: Bool) -> OwnedStorage? {
      guard tune_can_pack(k, m) != 0 else { return nil }
      let storage = OwnedStorage(count: k * m)
      tune_pack(weight.pointer, transposed ? 1 : 0, storage.pointer, k, m)
      return storage
    }
    forward = pack(weight.columns, out, transposed: true)
    backward = training ? pack(out, weight.columns, transposed: false) : nil
  }
}
