/// Reads adapter_config.json key by key, and collects all problems so that one error can list them.
import Files

package struct AdapterConfigReader {
  let json: JSON
  private(set) var problems: [String] = []
  /// Keys that the method has read, refused or ignored.
  private var knownKeys: Set<String> = []

  /// The order of the patterns by module name.
  let patternOrder: PatternOrder

  /// - Parameter keyOrder: of the objects in `json`, as `JSON.keyOrder`; those that it lacks are in the order of their keys.
  init(_ json: JSON, keyOrder: [String: [String]] = [:]) {
    (self.json, patternOrder) = (json, .listed(keyOrder))
  }

  /// The value at a key, converted. nil if it is absent, null, or of another type, which is a problem.
  /// - Parameters:
  ///   - expected: what the problem says was expected.
  ///   - convert: nil for a value of another type.
  subscript<T>(_ key: String, _ expected: String, _ convert: (JSON) -> T?) -> T? {
    mutating get {
      knownKeys.insert(key)
      guard let found = json[key], found != .null else { return nil }
      if let value = convert(found) { return value }
      problems.append("'\(key)' is \(found.text(pretty: false).prefix(60)); expected \(expected).")
      return nil
    }
  }

  mutating func flag(_ key: String) -> Bool { self[key, "true or false", { $0.bool }] ?? false }

  mutating func positiveInt(_ key: String) -> Int? {
    self[key, "a whole number from 1 to 65536", { $0.int.flatMap { (1...65536).contains($0) ? $0 : nil } }]
  }

  mutating func fraction(_ key: String) -> Double? {
    self[key, "a number from 0 to below 1", { $0.number.flatMap { (0..<1).contains($0) ? $0 : nil } }]
  }

  /// Options that change the result and are not supported: they must be absent or off.
  mutating func refuse(_ keys: [String]) {
    knownKeys.formUnion(keys)
    for key in keys {
      if let found = json[key], !isOff(found) {
        problems.append("'\(key)' is \(found.text(pretty: false).prefix(60)), which is not supported.")
      }
    }
  }

  /// Options that do not change what a trained adapter computes.
  mutating func ignore(_ keys: some Sequence<String>) { knownKeys.formUnion(keys) }

  /// Refuses all other keys that are on: they may belong to a newer version of the library, and change the result.
  mutating func refuseUnknown() {
    for (key, value) in (json.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      if knownKeys.contains(key) || isOff(value) { continue }
      problems.append("'\(key)' is \(value.text(pretty: false).prefix(60)); this setting is unknown.")
    }
  }

  /// An option of which only one value is supported; it may be absent.
  mutating func require(_ key: String, _ value: JSON) {
    knownKeys.insert(key)
    if let found = json[key], found != value, found.number == nil || found.number != value.number {
      problems.append(
        "'\(key)' is \(found.text(pretty: false).prefix(60)); only \(value.text(pretty: false)) is supported.")
    }
  }

  mutating func problem(_ text: String) { problems.append(text) }
}

/// Whether the value is null, false, 0, empty, or an object of such values.
private func isOff(_ json: JSON) -> Bool {
  switch json {
  case .null, .bool(false), .array([]), .string(""), .int(0), .double(0): true
  case .object(let members): members.values.allSatisfy(isOff)
  default: false
  }
}

/// nil if `json` is not a list, or if an element cannot be converted.
func list<T>(_ json: JSON, _ element: (JSON) -> T?) -> [T]? {
  guard let array = json.array else { return nil }
  let values = array.compactMap(element)
  return values.count == array.count ? values : nil
}

/// nil if `json` is not an object, or if a value cannot be converted.
func map<T>(_ json: JSON, _ element: (JSON) -> T?) -> [String: T]? {
  guard let object = json.object else { return nil }
  let values = object.compactMapValues(element)
  return values.count == object.count ? values : nil
}

/// A whole number as an integer (16, not 16.0), as Python writes it.
func jsonNumber(_ value: Double) -> JSON {
  value == value.rounded() && abs(value) < 1e15 ? .int(Int(value)) : .double(value)
}
