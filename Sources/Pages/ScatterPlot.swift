/// Named points over a logarithmic and a linear axis, with intervals and a line through some of them, as SVG with a text
/// alternative.
import Files
import Glibc

/// ```swift
/// ScatterPlot("pareto", title: "Parameters against F1", x: "trainable parameters", y: "f1", [.init("lora", x: 3e5, y: 0.8)])
/// ```
package struct ScatterPlot: Figure {
  package struct Point: Sendable {
    package let name: String
    /// x is above 0, or else the point is at the left edge.
    package let x, y: Double
    /// Of y.
    package let interval: ClosedRange<Double>?
    /// Whether the line goes through it.
    package let isOnLine: Bool

    package init(_ name: String, x: Double, y: Double, interval: ClosedRange<Double>? = nil, isOnLine: Bool = false) {
      (self.name, self.x, self.y, self.interval, self.isOnLine) = (name, x, y, interval, isOnLine)
    }
  }

  package let name: String
  package let title, xLabel, yLabel: String
  package let points: [Point]
  /// Powers of ten.
  private let x: ClosedRange<Double>
  private let y: ClosedRange<Double>

  package init(_ name: String, title: String, x: String, y: String, _ points: [Point]) {
    (self.name, self.title, xLabel, yLabel, self.points) = (name, title, x, y, points.filter { $0.y.isFinite })
    let powers = points.filter { $0.x > 0 }.map { log10($0.x) }
    let low = (powers.min() ?? 0).rounded(.down), high = (powers.max() ?? 0).rounded(.up)
    self.x = low...max(high, low + 1)
    let values = self.points.flatMap { [$0.y, $0.interval?.lowerBound, $0.interval?.upperBound].compactMap(\.self) }
    let bottom = values.min() ?? 0, top = values.max() ?? 1, margin = max((top - bottom) * 0.05, 1e-3)
    self.y = bottom - margin...top + margin
  }

  package var size: (width: Int, height: Int) { (760, 460) }
  private var frame: PlotFrame {
    PlotFrame(size, margins: (left: 64, right: 24, top: 40, bottom: 52), y: y)
  }

  private func px(_ value: Double) -> Double {
    let power = value > 0 ? log10(value) : x.lowerBound
    return frame.px((power - x.lowerBound) / (x.upperBound - x.lowerBound))
  }

  private func py(_ value: Double) -> Double { frame.py(value) }

  package func svg(_ attributes: String, style: String) -> String {
    """
    <svg\(attributes) viewBox="0 0 \(size.width) \(size.height)" role="img" class="plot large">
    <title>\(escaped(title))</title><desc>\(escaped(description))</desc>\(style)
    \(axes)
    \(line)
    \(marks)
    </svg>
    """
  }

  package var csv: String {
    commaSeparated(
      [["name", xLabel, yLabel, "low", "high", "on the line"]]
        + points.map { point in
          [
            point.name, shortest(point.x), "\(point.y)", point.interval.map { "\($0.lowerBound)" } ?? "",
            point.interval.map { "\($0.upperBound)" } ?? "", point.isOnLine ? "yes" : "no",
          ]
        })
  }

  private var description: String {
    "\(yLabel) by \(xLabel). "
      + points.map { point in
        let interval = point.interval.map { " (\(fixed($0.lowerBound, 3)) to \(fixed($0.upperBound, 3)))" } ?? ""
        return
          "\(point.name): \(fixed(point.y, 3))\(interval) at \(shortest(point.x))\(point.isOnLine ? ", on the line" : "")."
      }.joined(separator: " ")
  }

  private var axes: String {
    let frame = frame
    return frame.axes(
      title: title, x: xLabel, y: yLabel,
      columns: (Int(x.lowerBound)...Int(x.upperBound)).map { power in
        let at = coordinate(px(pow(10, Double(power))))
        return """
          <path class="grid" d="M\(at) \(coordinate(frame.top))V\(coordinate(frame.bottom))"/>\
          <text class="tick" x="\(at)" y="\(coordinate(frame.bottom + 20))" text-anchor="middle">\(power.ofTen)</text>
          """
      })
  }

  /// Steps through the points on it.
  private var line: String {
    let corners = points.filter(\.isOnLine).sorted { $0.x < $1.x }
    guard let first = corners.first else { return "" }
    let steps = corners.dropFirst().map { "H\(coordinate(px($0.x)))V\(coordinate(py($0.y)))" }.joined()
    return "<g class=\"series-1\"><path class=\"line dashed\" d=\"M\(point(px(first.x), py(first.y)))\(steps)"
      + "H\(coordinate(frame.right))\"/></g>"
  }

  private var marks: String {
    let names = labels
    return points.enumerated().map { index, point in
      let (x, y) = (px(point.x), py(point.y))
      let interval = point.interval.map {
        "<path class=\"interval\" d=\"M\(coordinate(x)) \(coordinate(py($0.lowerBound)))V\(coordinate(py($0.upperBound)))\"/>"
      }
      let label = names[index].map {
        "<text class=\"label\" x=\"\(coordinate($0.x))\" y=\"\(coordinate($0.y))\" text-anchor=\"\($0.alignment)\">\(escaped(point.name))</text>"
      }
      return "<g class=\"series-\(point.isOnLine ? 1 : 0)\"><title>\(escaped(point.name))</title>\(interval ?? "")"
        + circle((x, y), 4) + "\(label ?? "")</g>"
    }.joined(separator: "\n")
  }

  /// Where the names are without covering each other or a point; nil: there is no room, and a name is in the table only.
  /// Points on the line are the first to have theirs.
  private var labels: [(x: Double, y: Double, alignment: String)?] {
    struct Box {
      let left, right, top, bottom: Double
      func meets(_ other: Box) -> Bool {
        left < other.right && other.left < right && top < other.bottom && other.top < bottom
      }
    }
    let centers = points.map { (px($0.x), py($0.y)) }
    var taken = centers.map { Box(left: $0.0 - 5, right: $0.0 + 5, top: $0.1 - 5, bottom: $0.1 + 5) }
    var found = [(x: Double, y: Double, alignment: String)?](repeating: nil, count: points.count)
    for index in points.indices.sorted(by: { (points[$0].isOnLine ? 0 : 1, $0) < (points[$1].isOnLine ? 0 : 1, $1) }) {
      let (x, y) = centers[index], width = 7 * Double(points[index].name.count)
      let places = [(8.0, -8.0), (-8, -8), (8, 17), (-8, 17), (8, 4), (-8, 4)]
      for (dx, dy) in places where found[index] == nil {
        let left = dx > 0 ? x + dx : x + dx - width
        let box = Box(left: left, right: left + width, top: y + dy - 11, bottom: y + dy + 3)
        let isInside =
          box.left > frame.left && box.right < frame.width - 4 && box.top > frame.top - 14
          && box.bottom < frame.bottom
        guard isInside, !taken.contains(where: box.meets) else { continue }
        taken.append(box)
        found[index] = (x + dx, y + dy, dx > 0 ? "start" : "end")
      }
    }
    return found
  }
}

extension Int {
  /// 10 to the power of this number, as "1,000" or "10⁶".
  fileprivate var ofTen: String {
    if (0...3).contains(self) { return ["1", "10", "100", "1,000"][self] }
    return "10" + String(self).map { $0 == "-" ? "⁻" : String(Array("⁰¹²³⁴⁵⁶⁷⁸⁹")[$0.wholeNumberValue ?? 0]) }.joined()
  }
}
