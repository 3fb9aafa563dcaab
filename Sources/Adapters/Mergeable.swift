/// What can become part of the weight that it changes.

/// A seam that a changed weight and bias can stand for.
protocol Mergeable {
  /// Changes the base's numbers, Float32, so that they alone give what they gave with the seam, dropout aside.
  /// - Parameters:
  ///   - weight: [out, in], the base's own.
  ///   - bias: [out]; nil where the projection has none.
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?)
}
