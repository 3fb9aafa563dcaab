/// The type of a key's value: how it is read from JSON, written, and described in faults and in the schema.
/// Does not know any key.
import Files

struct FieldType<Value> {
  /// The allowed values in words, for faults: "expected …".
  let expected: String
  /// The allowed values as JSON Schema; empty: any value.
  let schema: JSON
  /// Reads a JSON value. Returns nil after reporting a fault at the location.
  let read: (JSON, FieldLocation) -> Value?
  let write: (Value) -> JSON

  init(
    _ expected: String, schema: JSON = [:], read: @escaping (JSON, FieldLocation) -> Value?,
    write: @escaping (Value) -> JSON
  ) {
    (self.expected, self.schema, self.read, self.write) = (expected, schema, read, write)
  }

  /// A type whose only possible fault is "expected `expected`", reported where `value` returns nil.
  init(
    _ expected: String, schema: JSON = [:], write: @escaping (Value) -> JSON, _ value: @escaping (JSON) -> Value?
  ) {
    self.init(
      expected, schema: schema,
      read: { json, location in
        let found = value(json)
        if found == nil { location.wrong(json, expected: expected) }
        return found
      }, write: write)
  }
}

extension FieldType {
  /// `type`, or null for nil.
  static func orNull<Wrapped>(_ type: FieldType<Wrapped>) -> Self where Value == Wrapped? {
    Self(
      "\(type.expected), or null", schema: Schema.orNull(type.schema),
      read: { json, location in
        if json == .null { return .some(nil) }
        return type.read(json, location).map { .some($0) }
      },
      write: { $0.map(type.write) ?? .null })
  }
}

extension FieldType<Bool> {
  static var bool: Self { Self("true or false", schema: ["type": "boolean"], write: { .bool($0) }) { $0.bool } }
}

extension FieldType<[String: JSON]> {
  /// An object with any members; they are checked elsewhere.
  static var object: Self { Self("an object", schema: ["type": "object"], write: { .object($0) }) { $0.object } }
}

extension FieldType<String> {
  /// A string that is not empty.
  static var string: Self {
    Self("a non-empty string", schema: Schema.string, write: { .string($0) }) {
      $0.string.flatMap { $0.isEmpty ? nil : $0 }
    }
  }
}

extension FieldType<Int> {
  /// A whole number within `range`. The default `maximum`, 2³¹−1, keeps sums of counts far from overflow.
  static func int(_ range: PartialRangeFrom<Int>, maximum: Int = Int(Int32.max)) -> Self {
    let expected = "a whole number of at least \(range.lowerBound)"
    return Self(
      expected, schema: ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(maximum)],
      read: { json, location in
        guard let value = json.int, value >= range.lowerBound, value <= maximum else {
          let isTooLarge = (json.number ?? 0) > Double(maximum)
          location.wrong(
            json, expected: isTooLarge ? "a whole number from \(range.lowerBound) to \(maximum)" : expected)
          return nil
        }
        return value
      }, write: { .int($0) })
  }
}

extension FieldType<Double> {
  static func number(_ range: Range<Double>) -> Self {
    number(
      "a number from \(plain(range.lowerBound)) to below \(plain(range.upperBound))",
      ["minimum": .double(range.lowerBound), "exclusiveMaximum": .double(range.upperBound)], range.contains)
  }

  static func number(_ range: ClosedRange<Double>) -> Self {
    number(
      "a number from \(plain(range.lowerBound)) to \(plain(range.upperBound))",
      ["minimum": .double(range.lowerBound), "maximum": .double(range.upperBound)], range.contains)
  }

  static func number(_ range: PartialRangeFrom<Double>) -> Self {
    number(
      "a number of at least \(plain(range.lowerBound))",
      ["minimum": .double(range.lowerBound), "maximum": .double(.largestFloat)], range.contains)
  }

  static func number(above bound: Double) -> Self {
    number(
      "a number above \(plain(bound))",
      ["exclusiveMinimum": .double(bound), "maximum": .double(.largestFloat)]
    ) { $0 > bound }
  }

  /// Numbers that would be infinite in Float32, in which tune computes, are refused.
  private static func number(
    _ expected: String, _ limits: [String: JSON], _ isInRange: @escaping (Double) -> Bool
  ) -> Self {
    Self(
      expected, schema: .object(limits.merging(["type": "number"]) { limit, _ in limit }),
      read: { json, location in
        guard let number = json.number, number.isFinite, isInRange(number), number <= .largestFloat else {
          let isTooLarge = (json.number ?? 0) > .largestFloat
          location.wrong(json, expected: isTooLarge ? "\(expected), at most 3.4e38" : expected)
          return nil
        }
        return number
      }, write: { .double($0) })
  }
}

extension FieldType where Value: CaseIterable & RawRepresentable<String> {
  /// One of an enum's raw values.
  static var choice: Self { named(Value.allCases.map { ($0.rawValue, $0) }, write: \.rawValue) }
}

extension FieldType {
  /// One of an enum's raw values, or `none`, which stands for nil.
  static func choice<Case: CaseIterable & RawRepresentable<String>>(or none: String) -> Self where Value == Case? {
    named([(none, nil)] + Case.allCases.map { ($0.rawValue, $0) }) { $0?.rawValue ?? none }
  }

  /// One of several values, each with a name.
  static func named(_ values: [(name: String, value: Value)], write: @escaping (Value) -> String) -> Self {
    let names = values.map(\.name)
    let expected = oneOf(names.map { "\"\($0)\"" })
    return Self(
      expected, schema: Schema.names(names),
      read: { json, location in
        if let found = values.first(where: { $0.name == json.string }) { return found.value }
        let near = json.string.flatMap { likelyName(for: $0, among: names) }
        location.wrong(json, expected: expected, advice: near.map { "Did you mean '\($0)'?" })
        return nil
      }, write: { .string(write($0)) })
  }
}

extension FieldType {
  /// A list with elements of one type; every faulty element is reported.
  static func list<Element>(of type: FieldType<Element>, minCount: Int = 0) -> Self where Value == [Element] {
    let expected = minCount == 0 ? "a list" : "a non-empty list"
    return Self(
      "\(expected), each element \(type.expected)", schema: Schema.list(of: type.schema, minCount: minCount),
      read: { json, location in
        guard let elements = json.array, elements.count >= minCount else {
          location.wrong(json, expected: expected)
          return nil
        }
        return allOrNil(elements.enumerated().map { type.read($1, location.below("\($0)")) })
      }, write: { .array($0.map(type.write)) })
  }

  /// An object with any keys, and values of one type.
  static func map<Element>(of type: FieldType<Element>) -> Self where Value == [String: Element] {
    Self(
      "an object, each value \(type.expected)",
      schema: ["type": "object", "additionalProperties": type.schema],
      read: { json, location in
        guard let members = json.object else {
          location.wrong(json, expected: "an object, each value \(type.expected)")
          return nil
        }
        let values = members.map { key, json in type.read(json, location.below(key)).map { (key, $0) } }
        return allOrNil(values).map { Dictionary(uniqueKeysWithValues: $0) }
      }, write: { .object($0.mapValues(type.write)) })
  }
}

private func allOrNil<Element>(_ elements: [Element?]) -> [Element]? {
  elements.contains { $0 == nil } ? nil : elements.compactMap(\.self)
}

/// "a, b or c".
package func oneOf(_ names: [String]) -> String {
  names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
}

/// The number without ".0".
func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }

extension Double {
  static var largestFloat: Double { Double(Float.greatestFiniteMagnitude) }
}
