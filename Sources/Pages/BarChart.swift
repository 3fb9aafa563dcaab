/// Horizontal bars with names and values, as SVG with a text alternative.
import Files

/// ```swift
/// BarChart("time", title: "Training time", unit: "s", [("lora", 25.1), ("full", 90)])
/// ```
package struct BarChart: Figure {
  package let name: String
  package let title, unit: String
  private let bars: [(name: String, value: Double)]

  /// Values that are not finite are left out, and none is below 0.
  package init(_ name: String, title: String, unit: String, _ bars: [(name: String, value: Double)]) {
    (self.name, self.title, self.unit) = (name, title, unit)
    self.bars = bars.filter { $0.value.isFinite && $0.value >= 0 }
  }

  package var size: (width: Int, height: Int) { (480, 36 + 22 * bars.count) }

  package var csv: String { commaSeparated([["name", unit]] + bars.map { [$0.name, "\($0.value)"] }) }

  package func svg(_ attributes: String, style: String) -> String {
    let left = min(220, 12 + 7 * Double(bars.map(\.name.count).max() ?? 0)), width = 480.0, row = 22.0
    let longest = max(bars.map(\.value).max() ?? 0, 1e-12)
    let rows = bars.enumerated().map { index, bar in
      let y = 30 + row * Double(index), length = bar.value / longest * (width - left - 80)
      return """
        <text class="label" x="\(fixed(left - 6, 1))" y="\(fixed(y + 15, 1))" text-anchor="end">\(label(bar.name))</text>\
        <g class="series-0"><rect x="\(fixed(left, 1))" y="\(fixed(y + 3, 1))" width="\(fixed(length, 1))" height="16"/></g>\
        <text class="tick" x="\(fixed(left + length + 5, 1))" y="\(fixed(y + 15, 1))">\(shown(bar.value))</text>
        """
    }
    let description = bars.map { "\($0.name): \(shown($0.value)) \(unit)." }.joined(separator: " ")
    return """
      <svg\(attributes) viewBox="0 0 480 \(size.height)" role="img" class="plot">
      <title>\(escaped(title))</title><desc>\(escaped(description))</desc>\(style)
      <text class="title" x="0" y="16">\(escaped(title)), \(escaped(unit))</text>
      \(rows.joined(separator: "\n"))
      </svg>
      """
  }

  /// A name that fits beside its bar; one that was cut is shown whole under the mouse.
  private func label(_ name: String) -> String {
    name.count <= 30 ? escaped(name) : "<title>\(escaped(name))</title>\(escaped(name.prefix(29) + "…"))"
  }

  private func shown(_ value: Double) -> String { fixed(value, value >= 100 ? 0 : value >= 1 ? 1 : 3) }
}
