/// Words of JSON Schema (draft 7, which editors know best). Does not know any key.
import Files

enum Schema {
  static let text: JSON = ["type": "string", "minLength": 1]
  static let null: JSON = ["type": "null"]

  static func names(_ names: [String]) -> JSON { ["enum": .array(names.map(JSON.string))] }

  static func list(of element: JSON, least: Int = 0, most: Int? = nil) -> JSON {
    var schema: [String: JSON] = ["type": "array", "items": element]
    if least > 0 { schema["minItems"] = .int(least) }
    schema["maxItems"] = most.map(JSON.int)
    return .object(schema)
  }

  /// Any of several; of one that is said twice, once. What may be anything stays so.
  static func either(_ schemas: JSON...) -> JSON { either(schemas) }

  static func either(_ schemas: [JSON]) -> JSON {
    func different(_ schemas: [JSON]) -> [JSON] {
      schemas.reduce(into: []) { kept, schema in if !kept.contains(schema) { kept.append(schema) } }
    }
    let schemas = different(schemas)
    if schemas.count == 1 { return schemas[0] }
    if schemas.contains([:]) { return [:] }
    return ["anyOf": .array(different(schemas.flatMap { $0["anyOf"]?.array ?? [$0] }))]
  }

  static func orNull(_ schema: JSON) -> JSON {
    guard var members = schema.object, let type = members["type"]?.string else { return either(schema, null) }
    members["type"] = [.string(type), "null"]
    return .object(members)
  }

  /// Not both of two keys, as far as they are more than null.
  static func notBoth(_ one: String, _ other: String) -> JSON {
    let given: JSON = ["not": null]
    return [
      "not": ["required": [.string(one), .string(other)], "properties": .object([one: given, other: given])]
    ]
  }
}
