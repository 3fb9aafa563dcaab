/// Building blocks of JSON Schema, draft 7, which editors support best. Does not know any key.
import Files

enum Schema {
  static let string: JSON = ["type": "string", "minLength": 1]
  static let null: JSON = ["type": "null"]

  static func names(_ names: [String]) -> JSON { ["enum": .array(names.map(JSON.string))] }

  static func list(of element: JSON, minCount: Int = 0, maxCount: Int? = nil) -> JSON {
    var schema: [String: JSON] = ["type": "array", "items": element]
    if minCount > 0 { schema["minItems"] = .int(minCount) }
    schema["maxItems"] = maxCount.map(JSON.int)
    return .object(schema)
  }

  /// Any of `schemas`, without duplicates and nested `anyOf`. If one of them allows any value, so does the result.
  static func either(_ schemas: JSON...) -> JSON { either(schemas) }

  static func either(_ schemas: [JSON]) -> JSON {
    func distinct(_ schemas: [JSON]) -> [JSON] {
      schemas.reduce(into: []) { result, schema in if !result.contains(schema) { result.append(schema) } }
    }
    let schemas = distinct(schemas)
    if schemas.count == 1 { return schemas[0] }
    if schemas.contains([:]) { return [:] }
    return ["anyOf": .array(distinct(schemas.flatMap { $0["anyOf"]?.array ?? [$0] }))]
  }

  static func orNull(_ schema: JSON) -> JSON {
    guard var members = schema.object, let type = members["type"]?.string else { return either(schema, null) }
    members["type"] = [.string(type), "null"]
    return .object(members)
  }

  /// Whether null is a value of a type that names its values.
  static func allowsNull(_ schema: JSON) -> Bool {
    schema == null || schema["type"]?.array?.contains("null") == true
      || schema["anyOf"]?.array?.contains(where: allowsNull) == true
  }

  /// At most one of two keys; null counts as absent.
  static func notBoth(_ first: String, _ second: String) -> JSON {
    let given: JSON = ["not": null]
    return [
      "not": ["required": [.string(first), .string(second)], "properties": .object([first: given, second: given])]
    ]
  }
}
