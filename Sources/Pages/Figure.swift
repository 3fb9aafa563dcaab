/// A picture of a page, with its data.
package protocol Figure: Sendable {
  /// The name of its files, without extension.
  var name: String { get }
  var csv: String { get }
  /// In pixels; the picture scales.
  var size: (width: Int, height: Int) { get }
  /// An `svg` element, whose colours are those of the page.
  /// - Parameters:
  ///   - attributes: more attributes of the element.
  ///   - style: a `style` element, or nothing.
  func svg(_ attributes: String, style: String) -> String
}

extension Figure {
  package func svg() -> String { svg("", style: "") }

  /// A file of its own, which also follows the reader's light or dark setting.
  var file: String {
    svg(
      " xmlns=\"http://www.w3.org/2000/svg\" width=\"\(size.width)\" height=\"\(size.height)\"",
      style: "<style>\(plotStyle)\(darkFileStyle)</style>") + "\n"
  }
}
