/// adapter_config.json, read key by key. Collects what is wrong or not supported, so that one error lists it all.
import Files

public struct AdapterConfigReader {
  let json: JSON
  private(set) var problems: [String] = []

  init(_ json: JSON) { self.json = json }

  /// The value at a key; nil where it is absent or null, or something else, which is a problem.
  subscript<T>(_ key: String, _ kind: String, _ value: (JSON) -> T?) -> T? {
    mutating get {
      guard let found = json[key], found != .null else { return nil }
      if let value = value(found) { return value }
      problems.append("'\(key)' is \(found.text(pretty: false).prefix(60)); expected \(kind).")
      return nil
    }
  }

  mutating func flag(_ key: String) -> Bool { self[key, "true or false", { $0.bool }] ?? false }

  mutating func rank(_ key: String) -> Int? {
    self[key, "a whole number from 1 on", { $0.int.flatMap { (1...65536).contains($0) ? $0 : nil } }]
  }

  mutating func fraction(_ key: String) -> Double? {
    self[key, "a number from 0 to below 1", { $0.number.flatMap { (0..<1).contains($0) ? $0 : nil } }]
  }

  /// Options that change the result and that are not built here.
  mutating func refuse(_ keys: [String]) {
    for key in keys {
      switch json[key] {
      case nil, .null, .bool(false), .array([]), .object([:]), .string(""): break
      case let found?: problems.append("'\(key)' is \(found.text(pretty: false).prefix(60)), which is not supported.")
      }
    }
  }

  /// An option that has one value here.
  mutating func want(_ key: String, _ value: JSON) {
    if let found = json[key], found != value, found.number == nil || found.number != value.number {
      problems.append(
        "'\(key)' is \(found.text(pretty: false).prefix(60)); only \(value.text(pretty: false)) is supported.")
    }
  }

  mutating func problem(_ text: String) { problems.append(text) }
}

func list<T>(_ json: JSON, _ element: (JSON) -> T?) -> [T]? {
  guard let array = json.array else { return nil }
  let values = array.compactMap(element)
  return values.count == array.count ? values : nil
}

func map<T>(_ json: JSON, _ element: (JSON) -> T?) -> [String: T]? {
  guard let object = json.object else { return nil }
  let values = object.compactMapValues(element)
  return values.count == object.count ? values : nil
}

/// 16 for 16.0, as Python writes what was given as a whole number.
func jsonNumber(_ value: Double) -> JSON {
  value == value.rounded() && abs(value) < 1e15 ? .int(Int(value)) : .double(value)
}
