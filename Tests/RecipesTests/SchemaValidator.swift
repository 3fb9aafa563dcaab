/// Validates JSON against the part of JSON Schema, draft 7, that the recipes' schema uses. Other keywords are faults.
import Files

struct SchemaValidator {
  let root: JSON

  /// The violations of `schema`; empty if `json` is valid.
  func faults(_ json: JSON, _ schema: JSON? = nil, at path: String = "") -> [String] {
    let schema = schema ?? root
    if let isAllowed = schema.bool { return isAllowed ? [] : ["\(path) is not allowed"] }
    guard let keywords = schema.object else { return ["\(path) has an invalid schema"] }
    return keywords.sorted { $0.key < $1.key }.flatMap { keyword, value in
      self.faults(json, keyword, value, keywords, at: path)
    }
  }

  func accepts(_ json: JSON, _ schema: JSON? = nil) -> Bool { faults(json, schema).isEmpty }

  private func faults(
    _ json: JSON, _ keyword: String, _ value: JSON, _ keywords: [String: JSON], at path: String
  ) -> [String] {
    func when(_ isWrong: Bool) -> [String] { isWrong ? ["\(path): \(keyword) \(value.text(pretty: false))"] : [] }
    let members = json.object ?? [:]
    switch keyword {
    case "$schema", "title", "description", "default", "definitions", "then", "else": return []
    case "$ref": return faults(json, root["definitions"]?[String(value.string?.dropFirst(14) ?? "")], at: path)
    case "type":
      let types = value.array ?? [value]
      return when(!types.contains { hasType($0.string ?? "", json) })
    case "enum": return when(!(value.array ?? []).contains(json))
    case "const": return when(value != json)
    case "minLength": return when((json.string?.unicodeScalars.count ?? .max) < value.int ?? 0)
    case "pattern": return when(json.string.map { !matches($0, value.string ?? "") } ?? false)
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
      let patterns = (keywords["patternProperties"]?.object ?? [:]).keys
      let rest = members.filter { key, _ in
        keywords["properties"]?[key] == nil && !patterns.contains { matches(key, $0) }
      }
      return rest.flatMap { faults($1, value, at: "\(path)/\($0)") }
    case "allOf": return (value.array ?? []).flatMap { faults(json, $0, at: path) }
    case "anyOf": return when(!(value.array ?? []).contains { accepts(json, $0) })
    case "not": return when(accepts(json, value))
    case "if":
      return (accepts(json, value) ? keywords["then"] : keywords["else"]).map { faults(json, $0, at: path) } ?? []
    default: return ["\(path): unknown keyword \(keyword)"]
    }
  }

  private func matches(_ key: String, _ pattern: String) -> Bool {
    guard let regex = try? Regex(pattern) else { return false }
    return key.firstMatch(of: regex) != nil
  }

  private func hasType(_ type: String, _ json: JSON) -> Bool {
    switch (type, json) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null): true
    case ("number", .int), ("number", .double), ("integer", .int): true
    case ("integer", .double(let value)): value == value.rounded()
    default: false
    }
  }
}
