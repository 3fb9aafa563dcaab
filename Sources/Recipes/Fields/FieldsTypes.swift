/// What may stand at a key: how a value is recognised in JSON, written back, and named in a fault.
/// Does not know any key.
import Files

struct FieldType<Value> {
  /// In words, after "expected".
  let expected: String
  /// The same as JSON Schema; empty where nothing has been said.
  let schema: JSON
  /// The value of a JSON node; nil when it was faulty, and the fault has been reported at the place.
  let read: (JSON, FieldLocation) -> Value?
  let write: (Value) -> JSON

  init(
    _ expected: String, schema: JSON = [:], read: @escaping (JSON, FieldLocation) -> Value?,
    write: @escaping (Value) -> JSON
  ) {
    (self.expected, self.schema, self.read, self.write) = (expected, schema, read, write)
  }

  /// A kind whose only fault is to be something else.
  init(
    _ expected: String, schema: JSON = [:], write: @escaping (Value) -> JSON, _ value: @escaping (JSON) -> Value?
  ) {
    self.init(
      expected, schema: schema,
      read: { json, place in
        let found = value(json)
        if found == nil { place.wrong(json, expected: expected) }
        return found
      }, write: write)
  }
}

extension FieldType {
  /// The same kind, or null for nothing.
  static func orNull<Wrapped>(_ kind: FieldType<Wrapped>) -> Self where Value == Wrapped? {
    Self(
      "\(kind.expected), or null", schema: Schema.orNull(kind.schema),
      read: { json, place in
        if json == .null { return .some(nil) }
        return kind.read(json, place).map { .some($0) }
      },
      write: { $0.map(kind.write) ?? .null })
  }
}

extension FieldType<Bool> {
  static var bool: Self { Self("true or false", schema: ["type": "boolean"], write: { .bool($0) }) { $0.bool } }
}

extension FieldType<[String: JSON]> {
  /// An object whose members are somebody else's to judge.
  static var object: Self { Self("an object", schema: ["type": "object"], write: { .object($0) }) { $0.object } }
}

extension FieldType<String> {
  /// Any text but the empty one.
  static var text: Self {
    Self("a text", schema: Schema.text, write: { .string($0) }) { $0.string.flatMap { $0.isEmpty ? nil : $0 } }
  }
}

extension FieldType<Int> {
  /// A whole number within `range`. 2³¹−1 is the most for any count, so that sums of them stay far from overflow.
  static func int(_ range: PartialRangeFrom<Int>, most: Int = Int(Int32.max)) -> Self {
    let words = "a whole number of at least \(range.lowerBound)"
    return Self(
      words, schema: ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(most)],
      read: { json, place in
        guard let whole = json.whole, whole >= range.lowerBound, whole <= most else {
          let isHuge = (json.number ?? 0) > Double(most)
          place.wrong(json, expected: isHuge ? "a whole number from \(range.lowerBound) to \(most)" : words)
          return nil
        }
        return whole
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

  static func number(above least: Double) -> Self {
    number(
      "a number above \(plain(least))",
      ["exclusiveMinimum": .double(least), "maximum": .double(.largestFloat)]
    ) { $0 > least }
  }

  /// The arithmetic is in Float32: what it cannot hold would be infinite there.
  private static func number(
    _ words: String, _ limits: [String: JSON], _ isFine: @escaping (Double) -> Bool
  ) -> Self {
    Self(
      words, schema: .object(limits.merging(["type": "number"]) { own, _ in own }),
      read: { json, place in
        guard let number = json.number, number.isFinite, isFine(number), number <= .largestFloat else {
          let isHuge = (json.number ?? 0) > .largestFloat
          place.wrong(json, expected: isHuge ? "\(words), at most 3.4e38" : words)
          return nil
        }
        return number
      }, write: { .double($0) })
  }
}

extension FieldType where Value: CaseIterable & RawRepresentable<String> {
  /// One of an enum's names.
  static var choice: Self {
    let names = Value.allCases.map(\.rawValue)
    return Self(
      oneOf(names.map { "\"\($0)\"" }), schema: Schema.names(names),
      read: { json, place in
        if let value = json.string.flatMap(Value.init(rawValue:)) { return value }
        let near = json.string.flatMap { $0.utf8.count <= 64 ? nearest(to: $0, among: names) : nil }
        place.wrong(
          json, expected: oneOf(names.map { "\"\($0)\"" }), advice: near.map { "Did you mean '\($0)'?" })
        return nil
      }, write: { .string($0.rawValue) })
  }
}

extension FieldType {
  /// A list of one kind; every faulty element is reported.
  static func list<Element>(of kind: FieldType<Element>, least: Int = 0) -> Self where Value == [Element] {
    let words = least == 0 ? "a list" : "a list that is not empty"
    return Self(
      "\(words), each element \(kind.expected)", schema: Schema.list(of: kind.schema, least: least),
      read: { json, place in
        guard let elements = json.array, elements.count >= least else {
          place.wrong(json, expected: words)
          return nil
        }
        return complete(elements.enumerated().map { kind.read($1, place.below("\($0)")) })
      }, write: { .array($0.map(kind.write)) })
  }

  /// An object whose keys are free and whose values are of one kind.
  static func map<Element>(of kind: FieldType<Element>) -> Self where Value == [String: Element] {
    Self(
      "an object, each value \(kind.expected)",
      schema: ["type": "object", "additionalProperties": kind.schema],
      read: { json, place in
        guard let members = json.object else {
          place.wrong(json, expected: "an object, each value \(kind.expected)")
          return nil
        }
        let values = members.map { key, json in kind.read(json, place.below(key)).map { (key, $0) } }
        return complete(values).map { Dictionary(uniqueKeysWithValues: $0) }
      }, write: { .object($0.mapValues(kind.write)) })
  }
}

/// All or nothing.
private func complete<Element>(_ elements: [Element?]) -> [Element]? {
  elements.contains { $0 == nil } ? nil : elements.compactMap(\.self)
}

func oneOf(_ names: [String]) -> String {
  names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
}

private func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }

extension Double {
  static var largestFloat: Double { Double(Float.greatestFiniteMagnitude) }
}

extension JSON {
  /// A whole number, also one that is written `1e3` or `3.0`.
  var whole: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }
}
