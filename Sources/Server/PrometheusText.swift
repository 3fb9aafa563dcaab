/// Writes metrics in Prometheus' text format, each series once and in a constant order.

struct PrometheusText {
  enum MetricType: String, Sendable { case counter, gauge, histogram }
  typealias Labels = [(name: String, value: String)]

  /// A metric that is not a histogram.
  struct Value: Sendable {
    let name, help: String
    let type: MetricType
    let values: [(labels: Labels, value: Double)]

    init(_ name: String, _ help: String, _ type: MetricType, _ values: [(labels: Labels, value: Double)]) {
      (self.name, self.help, self.type, self.values) = (name, help, type, values)
    }

    init(_ name: String, _ help: String, _ type: MetricType, _ value: Int) {
      self.init(name, help, type, [([], Double(value))])
    }
  }

  private(set) var text = ""

  mutating func add(
    _ name: String, _ help: String, _ type: MetricType, _ values: [(labels: Labels, value: Double)]
  ) {
    head(name, help, type)
    for (labels, value) in values.sorted(by: { Self.text($0.labels) < Self.text($1.labels) }) {
      line(name, labels, value)
    }
  }

  mutating func add(_ name: String, _ help: String, _ histograms: [(labels: Labels, value: Histogram)]) {
    head(name, help, .histogram)
    for (labels, histogram) in histograms.sorted(by: { Self.text($0.labels) < Self.text($1.labels) }) {
      var count = 0
      for (bound, number) in zip(histogram.bounds.map(\.description) + ["+Inf"], histogram.counts) {
        count += number
        line(name + "_bucket", labels + [("le", bound)], Double(count))
      }
      line(name + "_sum", labels, histogram.sum)
      line(name + "_count", labels, Double(count))
    }
  }

  private mutating func head(_ name: String, _ help: String, _ type: MetricType) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type.rawValue)\n"
  }

  private mutating func line(_ name: String, _ labels: Labels, _ value: Double) {
    text += "\(name)\(Self.text(labels)) \(value)\n"
  }

  private static func text(_ labels: Labels) -> String {
    if labels.isEmpty { return "" }
    let pairs = labels.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }
    return "{" + pairs.joined(separator: ",") + "}"
  }
}
