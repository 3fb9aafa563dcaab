/// A plot of points over two linear axes, as SVG with a text alternative.
import Files
import Glibc

/// ```swift
/// Plot("loss", title: "Loss", x: "step", y: "loss", [Series("train", [(1, 2.1), (10, 1.4)])])
/// ```
package struct Plot: Figure {
  package struct Series: Sendable {
    package enum Style: String, Sendable { case line, points, bars, dashed }

    package let name: String
    package let style: Style
    package let points: [(x: Double, y: Double)]

    /// Points that are not finite are left out.
    package init(_ name: String, _ points: [(x: Double, y: Double)], _ style: Style = .line) {
      (self.name, self.style) = (name, style)
      self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
    }
  }

  /// The name of its files, without extension.
  package let name: String
  package let title, xLabel, yLabel: String
  package let series: [Series]
  private let x, y: ClosedRange<Double>

  /// - Parameters:
  ///   - xRange: the smallest and the largest x; nil: those of the points. So is `yRange`, in which 0 is where bars begin.
  package init(
    _ name: String, title: String, x: String, y: String, xRange: ClosedRange<Double>? = nil,
    yRange: ClosedRange<Double>? = nil, _ series: [Series]
  ) {
    (self.name, self.title, xLabel, yLabel, self.series) = (name, title, x, y, series)
    let points = series.flatMap(\.points), baseline = series.contains { $0.style == .bars } ? [0.0] : []
    self.x = xRange ?? range(points.map(\.x))
    self.y = yRange ?? range(points.map(\.y) + baseline)
  }

  package var size: (width: Int, height: Int) { (480, 280) }
  private var frame: PlotFrame {
    PlotFrame(size, margins: (left: 60, right: 16, top: 40, bottom: 48), y: y)
  }

  private func px(_ value: Double) -> Double {
    frame.px((value - x.lowerBound) / (x.upperBound - x.lowerBound))
  }

  package func svg(_ attributes: String, style: String) -> String {
    """
    <svg\(attributes) viewBox="0 0 \(size.width) \(size.height)" role="img" class="plot">
    <title>\(escaped(title))</title><desc>\(escaped(description))</desc>\(style)
    \(axes)
    \(series.enumerated().map { marks($1, number: $0) }.joined(separator: "\n"))
    \(legend)
    </svg>
    """
  }

  package var csv: String {
    commaSeparated(
      [["series", xLabel, yLabel]]
        + series.flatMap { series in series.points.map { [series.name, "\($0.x)", "\($0.y)"] } })
  }

  /// The text alternative: the axes, and of each series its first, last, smallest and largest values.
  private var description: String {
    let parts = series.compactMap { series -> String? in
      guard let first = series.points.first, let last = series.points.last else { return nil }
      let values = series.points.map(\.y), digits = tickDigits(y)
      return "\(series.name): \(fixed(first.y, digits)) at \(shortest(first.x)), \(fixed(last.y, digits)) at "
        + "\(shortest(last.x)), from \(fixed(values.min() ?? 0, digits)) to \(fixed(values.max() ?? 0, digits))."
    }
    return "\(yLabel) by \(xLabel). " + parts.joined(separator: " ")
  }

  private var axes: String {
    let frame = frame
    return frame.axes(
      title: title, x: xLabel, y: yLabel,
      columns: ticks(x).map { value in
        """
        <text class="tick" x="\(coordinate(px(value)))" y="\(coordinate(frame.bottom + 18))" text-anchor="middle">\
        \(fixed(value, tickDigits(x)))</text>
        """
      })
  }

  private func marks(_ series: Series, number: Int) -> String {
    let frame = frame
    let points = series.points.map { (px($0.x), frame.py($0.y)) }, kind = "series-\(number % 2)"
    switch series.style {
    case .line, .dashed:
      let isDashed = series.style == .dashed || number > 1
      let line = points.enumerated().map { ($0 == 0 ? "M" : "L") + point($1.0, $1.1) }.joined()
      let dots = points.count > 30 || isDashed && points.count > 1 ? "" : points.map { circle($0, 3) }.joined()
      return "<g class=\"\(kind)\"><path class=\"line\(isDashed ? " dashed" : "")\" d=\"\(line)\"/>\(dots)</g>"
    case .points:
      return "<g class=\"\(kind) scatter\">\(points.map { circle($0, 3) }.joined())</g>"
    case .bars:
      let gaps = zip(series.points, series.points.dropFirst()).map { $1.x - $0.x }
      let width = max(2, min(40, (px(x.lowerBound + (gaps.min() ?? 1)) - frame.left) * 0.8))
      let zero = frame.py(max(0, y.lowerBound))
      let bars = points.map {
        "<rect x=\"\(coordinate($0.0 - width / 2))\" y=\"\(coordinate(min($0.1, zero)))\" width=\"\(coordinate(width))\" "
          + "height=\"\(coordinate(abs(zero - $0.1)))\"/>"
      }
      return "<g class=\"\(kind)\">\(bars.joined())</g>"
    }
  }

  /// The names of the series, at the top on the right.
  private var legend: String {
    guard series.count > 1 else { return "" }
    var end = frame.right
    return series.enumerated().reversed().map { number, series in
      let width = 7.0 * Double(series.name.count), isDashed = series.style == .dashed || number > 1
      defer { end -= width + 36 }
      let isDots = series.style == .points || series.points.count == 1
      let sample =
        isDots
        ? circle((end - width - 13, 12), 3)
        : "<path class=\"line\(isDashed ? " dashed" : "")\" d=\"M\(point(end - width - 22, 12))h18\"/>"
      return """
        <g class="series-\(number % 2)">\(sample)\
        <text class="label" x="\(coordinate(end))" y="16" text-anchor="end">\(escaped(series.name))</text></g>
        """
    }.joined()
  }
}

/// Styles of plots, with the light colours where there is no page around them.
let plotStyle = """
  .plot { width: 100%; max-width: 560px; height: auto; font-family: system-ui, sans-serif; color: rgb(var(--ink, 26 26 26)); }
  .plot.large { max-width: 860px; min-width: 600px; } .plot .interval { stroke: currentColor; stroke-width: 1.5; stroke-opacity: .6; }
  .plot text { font-size: 13px; fill: currentColor; } .plot .title { font-weight: 600; }
  .plot .grid { stroke: currentColor; stroke-opacity: .15; } .plot .axis { stroke: currentColor; fill: none; }
  .plot .series-0 { color: rgb(var(--blue, 0 114 178)); } .plot .series-1 { color: rgb(var(--orange, 213 94 0)); }
  .plot .line { stroke: currentColor; stroke-width: 2; fill: none; } .plot .dashed { stroke-dasharray: 5 4; }
  .plot circle, .plot rect { fill: currentColor; } .plot .scatter { fill-opacity: .4; }
  .plot g text { fill: rgb(var(--ink, 26 26 26)); }

  """

let darkFileStyle = """
  @media (prefers-color-scheme: dark) { .plot { --blue: 86 180 233; --orange: 230 159 0; --ink: 232 232 232; } }

  """

/// The values' smallest and largest, extended where they are equal.
private func range(_ values: [Double]) -> ClosedRange<Double> {
  guard let low = values.min(), let high = values.max() else { return 0...1 }
  return low < high ? low...high : low - 0.5...high + 0.5
}
