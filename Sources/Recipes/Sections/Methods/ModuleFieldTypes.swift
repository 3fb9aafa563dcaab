/// How a recipe names modules and layers of a model.
import Adapters
import Files

extension FieldType<ModuleChoice.Targets> {
  static func modules(orAll: Bool, least: Int = 1) -> Self {
    let names = FieldType<[String]>.list(of: .text, least: least)
    let words = "a list of module names\(orAll ? "," : " or") a regular expression\(orAll ? " or \"all-linear\"" : "")"
    let text: JSON = orAll ? Schema.text : ["allOf": [Schema.text, ["not": ["const": "all-linear"]]]]
    return Self(
      words, schema: Schema.either(text, names.schema),
      read: { json, place in
        switch json {
        case .array: return names.read(json, place).map { .suffixes($0) }
        case "all-linear" where orAll: return .allLinear
        case "all-linear":
          place.wrong(json, expected: words)
          return nil
        default: return FieldType<String>.regex(or: words).read(json, place).map { .pattern($0) }
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
    let layer = FieldType<Int>.int(0..., most: 9999)
    let list = FieldType<[Int]>.list(of: layer, least: 1)
    let words = "a layer's number, counted from 0, or a list of such numbers that is not empty"
    return Self(
      words, schema: Schema.either(layer.schema, list.schema),
      read: { json, place in
        switch json {
        case .array(let layers) where !layers.isEmpty: return list.read(json, place)
        case .int, .double: return layer.read(json, place).map { [$0] }
        default:
          place.wrong(json, expected: words)
          return nil
        }
      }, write: list.write)
  }
}

extension FieldType<String> {
  /// A regular expression, where all that may stand is `words`.
  static func regex(or words: String) -> Self {
    Self(
      words, schema: Schema.text,
      read: { json, place in
        guard let pattern = json.string, !pattern.isEmpty else {
          place.wrong(json, expected: words)
          return nil
        }
        guard let why = whyNotRegex(pattern) else { return pattern }
        place.fault("found \(json.shown), no regular expression (\(printable(why)))", expected: words)
        return nil
      }, write: { .string($0) })
  }
}

/// nil where it is one.
private func whyNotRegex(_ pattern: String) -> String? {
  // The parser of regular expressions is recursive; a name's pattern is short.
  guard pattern.utf8.count <= 1000 else { return "longer than 1000 bytes" }
  do {
    _ = try Regex(pattern)
    return nil
  } catch {
    return "\(error)"
  }
}
