/// The part of JSON Schema, draft 7, that the recipes' schema uses. A word that it does not know stops the test.
import Files

struct SchemaValidator {
  let root: JSON

  /// Where `json` is not what `schema` wants; empty where it is.
  func faults(_ json: JSON, _ schema: JSON? = nil, at path: String = "") -> [String] {
    let schema = schema ?? root
    if let isAllowed = schema.bool { return isAllowed ? [] : ["\(path) may not be there"] }
    guard let words = schema.object else { return ["\(path) has a schema that is none"] }
    return words.sorted { $0.key < $1.key }.flatMap { word, value in
      self.faults(json, word, value, words, at: path)
    }
  }

  func accepts(_ json: JSON, _ schema: JSON? = nil) -> Bool { faults(json, schema).isEmpty }

  private func faults(
    _ json: JSON, _ word: String, _ value: JSON, _ words: [String: JSON], at path: String
  ) -> [String] {
    func when(_ isWrong: Bool) -> [String] { isWrong ? ["\(path): \(word) \(value.text(pretty: false))"] : [] }
    let members = json.object ?? [:]
    switch word {
    case "$schema", "title", "description", "default", "definitions", "then", "else": return []
    case "$ref": return faults(json, root["definitions"]?[String(value.string?.dropFirst(14) ?? "")], at: path)
    case "type":
      let types = value.array ?? [value]
      return when(!types.contains { isOf($0.string ?? "", json) })
    case "enum": return when(!(value.array ?? []).contains(json))
    case "const": return when(value != json)
    case "minLength": return when((json.string?.unicodeScalars.count ?? .max) < value.int ?? 0)
    case "minimum": return when((json.number ?? .infinity) < value.number ?? .nan)
    case "maximum": return when((json.number ?? -.infinity) > value.number ?? .nan)
    case "exclusiveMinimum": return when((json.number ?? .infinity) <= value.number ?? .nan)
    case "exclusiveMaximum": return when((json.number ?? -.infinity) >= value.number ?? .nan)
    case "minItems": return when((json.array?.count ?? .max) < value.int ?? 0)
    case "maxItems": return when((json.array?.count ?? 0) > value.int ?? 0)
    case "minProperties": return when((json.object?.count ?? .max) < value.int ?? 0)
    case "uniqueItems":
      let items = json.array ?? []
      return when(items.indices.contains { items[..<$0].contains(items[$0]) })
    case "items":
      return (json.array ?? []).enumerated().flatMap { faults($1, value, at: "\(path)/\($0)") }
    case "required": return when(json.object != nil && (value.array ?? []).contains { members[$0.string ?? ""] == nil })
    case "properties":
      return members.flatMap { key, json in value[key].map { faults(json, $0, at: "\(path)/\(key)") } ?? [] }
    case "patternProperties":
      return members.flatMap { key, json in
        (value.object ?? [:]).filter { matches(key, $0.key) }.flatMap { faults(json, $0.value, at: "\(path)/\(key)") }
      }
    case "additionalProperties":
      let patterns = (words["patternProperties"]?.object ?? [:]).keys
      let rest = members.filter { key, _ in
        words["properties"]?[key] == nil && !patterns.contains { matches(key, $0) }
      }
      return rest.flatMap { faults($1, value, at: "\(path)/\($0)") }
    case "allOf": return (value.array ?? []).flatMap { faults(json, $0, at: path) }
    case "anyOf": return when(!(value.array ?? []).contains { accepts(json, $0) })
    case "not": return when(accepts(json, value))
    case "if":
      return (accepts(json, value) ? words["then"] : words["else"]).map { faults(json, $0, at: path) } ?? []
    default: return ["\(path): the unknown word \(word)"]
    }
  }

  private func matches(_ key: String, _ pattern: String) -> Bool {
    guard let regex = try? Regex(pattern) else { return false }
    return key.firstMatch(of: regex) != nil
  }

  private func isOf(_ type: String, _ json: JSON) -> Bool {
    switch (type, json) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null): true
    case ("number", .int), ("number", .double), ("integer", .int): true
    case ("integer", .double(let value)): value == value.rounded()
    default: false
    }
  }
}
