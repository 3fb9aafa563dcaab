/// The frame of a plot over two axes: where values are in pixels, the lines and numbers of the vertical axis, and the names.
import Files
import Glibc

struct PlotFrame {
  let width, height: Double
  /// The edges of the field that has the points.
  let left, right, top, bottom: Double
  /// The values at the bottom and at the top.
  let y: ClosedRange<Double>

  /// - Parameter margins: around the field.
  init(
    _ size: (width: Int, height: Int), margins: (left: Double, right: Double, top: Double, bottom: Double),
    y: ClosedRange<Double>
  ) {
    (width, height, self.y) = (Double(size.width), Double(size.height), y)
    (left, right, top, bottom) = (margins.left, width - margins.right, margins.top, height - margins.bottom)
  }

  /// - Parameter share: from 0 at the left to 1 at the right.
  func px(_ share: Double) -> Double { left + share * (right - left) }

  func py(_ value: Double) -> Double {
    bottom - (value - y.lowerBound) / (y.upperBound - y.lowerBound) * (bottom - top)
  }

  /// The axes with their names.
  /// - Parameter columns: the marks of the horizontal axis.
  func axes(title: String, x xLabel: String, y yLabel: String, columns: [String]) -> String {
    let rows = ticks(y).map { value in
      """
      <path class="grid" d="M\(point(left, py(value)))H\(coordinate(right))"/>\
      <text class="tick" x="\(coordinate(left - 8))" y="\(coordinate(py(value) + 4))" text-anchor="end">\
      \(fixed(value, tickDigits(y)))</text>
      """
    }
    return """
      <text class="title" x="\(coordinate(left))" y="16">\(escaped(title))</text>
      \((rows + columns).joined(separator: "\n"))
      <path class="axis" d="M\(point(left, bottom))H\(coordinate(right))"/>
      <text class="label" x="\(coordinate((left + right) / 2))" y="\(fixed(height - 8, 0))" text-anchor="middle">\
      \(escaped(xLabel))</text>
      <text class="label" transform="translate(14 \(coordinate((top + bottom) / 2))) rotate(-90)" text-anchor="middle">\
      \(escaped(yLabel))</text>
      """
  }
}

func circle(_ point: (Double, Double), _ radius: Int) -> String {
  "<circle cx=\"\(coordinate(point.0))\" cy=\"\(coordinate(point.1))\" r=\"\(radius)\"/>"
}

func point(_ x: Double, _ y: Double) -> String { coordinate(x) + " " + coordinate(y) }

/// In pixels.
func coordinate(_ value: Double) -> String { fixed(value, 1) }

/// 2.0 as "2", 0.125 as "0.125".
func shortest(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? fixed(value, 3) }

/// The distance of ticks: 1, 2 or 5 times a power of ten, of which about five are in the range.
func tickStep(_ range: ClosedRange<Double>) -> Double {
  let rough = (range.upperBound - range.lowerBound) / 5, power = pow(10, floor(log10(rough)))
  return power * ([1, 2, 5].first { $0 * power >= rough } ?? 10)
}

func tickDigits(_ range: ClosedRange<Double>) -> Int { max(0, -Int(floor(log10(tickStep(range)) + 1e-9))) }

func ticks(_ range: ClosedRange<Double>) -> [Double] {
  let step = tickStep(range), slack = step * 1e-9
  let first = Int(((range.lowerBound - slack) / step).rounded(.up)),
    last = Int(((range.upperBound + slack) / step).rounded(.down))
  return first <= last ? (first...last).map { Double($0) * step } : []
}
