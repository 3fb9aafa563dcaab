/// Reads the values of a config.json, and collects the problems.
import Autograd
import Files

struct ConfigReader {
  let json: JSON
  var problems: [String] = []

  init(json: JSON) {
    self.json = json
    if json.object == nil { problems.append("expected an object, found \(json.typeName).") }
  }

  mutating func size(_ key: String, _ defaultValue: Int, from minimum: Int = 1, maximum: Int) -> Int {
    guard let value = json[key] else { return defaultValue }
    if let size = value.int, size >= minimum, size <= maximum { return size }
    problems.append("'\(key)' is \(value.text(pretty: false)); expected a whole number from \(minimum) to \(maximum).")
    return defaultValue
  }

  /// A dropout probability; nil if it is missing or null.
  mutating func dropout(_ key: String?) -> Double? {
    guard let key, let value = json[key], value != .null else { return nil }
    return number(key, 0, in: 0...0.999)
  }

  mutating func number(_ key: String, _ defaultValue: Double, in range: ClosedRange<Double>) -> Double {
    guard let value = json[key] else { return defaultValue }
    if let number = value.number, range.contains(number) { return number }
    problems.append(
      "'\(key)' is \(value.text(pretty: false)); expected a number from \(range.lowerBound) to \(range.upperBound).")
    return defaultValue
  }

  mutating func flag(_ key: String, _ defaultValue: Bool) -> Bool {
    guard let value = json[key], value != .null else { return defaultValue }
    if let flag = value.bool { return flag }
    refuse(key, supported: "true, false")
    return defaultValue
  }

  /// Default: gelu.
  mutating func activation(_ key: String) -> Activation {
    if let activation = (json[key] ?? "gelu").string.flatMap({ Self.activations[$0] }) { return activation }
    refuse(key, supported: Self.activations.keys.sorted().joined(separator: ", "))
    return .gelu
  }

  private static let activations: [String: Activation] = [
    "gelu": .gelu, "gelu_python": .gelu, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh,
    "gelu_python_tanh": .geluTanh, "gelu_fast": .geluTanh, "gelu_accurate": .geluTanh, "relu": .relu,
  ]

  mutating func refuse(_ key: String, supported: String) {
    problems.append("'\(key)' is \(json.value(at: key)?.text(pretty: false) ?? "missing"); supported: \(supported).")
  }
}
