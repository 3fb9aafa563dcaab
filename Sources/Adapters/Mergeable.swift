/// Merging of an adapter into the weight and the bias of its projection.

/// A projection's adapter whose update can be expressed as a change of weight and bias.
protocol Mergeable {
  /// Changes the base's values so that the projection alone gives the output that it had with the adapter, without
  /// dropout.
  /// - Parameters:
  ///   - weight: [out, in], the base's, Float32.
  ///   - bias: [out]; nil if the projection has none.
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?)
}
