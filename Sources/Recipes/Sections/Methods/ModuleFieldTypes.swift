/// Types of keys that name modules or layers of a model.
import Adapters
import Files

extension FieldType<ModuleChoice.Targets> {
  static func modules(orAll: Bool, minCount: Int = 1) -> Self {
    let names = FieldType<[String]>.list(of: .string, minCount: minCount)
    let expected =
      "a list of module names\(orAll ? "," : " or") a regular expression\(orAll ? " or \"all-linear\"" : "")"
    let text: JSON = orAll ? Schema.string : ["allOf": [Schema.string, ["not": ["const": "all-linear"]]]]
    return Self(
      expected, schema: Schema.either(text, names.schema),
      read: { json, location in
        switch json {
        case .array: return names.read(json, location).map { .suffixes($0) }
        case "all-linear" where orAll: return .allLinear
        case "all-linear":
          location.wrong(json, expected: expected)
          return nil
        default: return FieldType<String>.regex(or: expected).read(json, location).map { .pattern($0) }
        }
      },
      write: { modules in
        switch modules {
        case .suffixes(let list): names.write(list)
        case .pattern(let pattern): .string(pattern)
        case .allLinear: "all-linear"
        }
      })
  }
}

extension FieldType<[Int]> {
  /// One layer, or a list of layers.
  static var layers: Self {
    let layer = FieldType<Int>.int(0..., maximum: 9999)
    let list = FieldType<[Int]>.list(of: layer, minCount: 1)
    let expected = "a layer index, counted from 0, or a non-empty list of layer indices"
    return Self(
      expected, schema: Schema.either(layer.schema, list.schema),
      read: { json, location in
        switch json {
        case .array(let layers) where !layers.isEmpty: return list.read(json, location)
        case .int, .double: return layer.read(json, location).map { [$0] }
        default:
          location.wrong(json, expected: expected)
          return nil
        }
      }, write: list.write)
  }
}

extension FieldType<String> {
  /// A regular expression.
  /// - Parameter expected: all values that the key allows, for faults.
  static func regex(or expected: String) -> Self {
    Self(
      expected, schema: Schema.string,
      read: { json, location in
        guard let pattern = json.string, !pattern.isEmpty else {
          location.wrong(json, expected: expected)
          return nil
        }
        guard let reason = regexError(pattern) else { return pattern }
        location.fault("found \(json.shown), not a regular expression (\(printable(reason)))", expected: expected)
        return nil
      }, write: { .string($0) })
  }
}

extension FieldType {
  /// Values by patterns for the end of module names, as PEFT's `rank_pattern`.
  static func byNamePattern<Element>(of type: FieldType<Element>) -> Self where Value == [String: Element] {
    let map = Self.map(of: type)
    return Self(
      map.expected, schema: map.schema,
      read: { json, location in
        guard let values = map.read(json, location) else { return nil }
        for pattern in values.keys.sorted() {
          guard let reason = regexError(pattern, atEndOfName: true) else { continue }
          location.fault(
            "found the key \"\(printable(pattern))\", not a regular expression (\(printable(reason)))",
            expected: "name ends or regular expressions as keys")
          return nil
        }
        return values
      }, write: map.write)
  }
}

/// Why `pattern` is not a regular expression; nil if it is one.
private func regexError(_ pattern: String, atEndOfName isEnd: Bool = false) -> String? {
  do {
    _ = try isEnd ? Pattern(atEndOfName: pattern) : Pattern(pattern)
    return nil
  } catch {
    return "\(error)"
  }
}
