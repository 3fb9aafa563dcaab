/// Texts of which positions count code points.

extension String {
  init(_ scalars: ArraySlice<Unicode.Scalar>) {
    var text = UnicodeScalarView()
    text.append(contentsOf: scalars)
    self.init(text)
  }
}
