/// The JSON Schema of recipes, generated from the declarations of `Recipe.declare`: for editors, and for programs that
/// write recipes. Covers what a single file can be checked for, and of the rules between sections only the base of an
/// adapter.
package import Files

extension Recipe {
  /// A JSON Schema, draft 7. A file with `extends`, `sweep` or `bench` may be a part of a recipe: nothing is required in it.
  package static var schema: JSON {
    let objectSchema = Recipe.objectSchema
    let varying = keysWithVaryingDefault(objectSchema)
    func root(isPart: Bool) -> JSON {
      var schema = SchemaWriter(isPart: isPart, varying: varying).schema(of: objectSchema, at: "").object ?? [:]
      schema["properties"] = .object(
        (schema["properties"]?.object ?? [:]).merging([
          "$schema": ["type": "string"],
          "extends": described(Schema.string, "Path of the recipe that this one extends, relative to this file."),
          "sweep": ["$ref": "#/definitions/sweep"], "bench": bench,
        ]) { declared, _ in declared })
      return .object(schema)
    }
    return [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "A recipe of tune",
      "if": ["anyOf": .array(["extends", "sweep", "bench"].map { ["required": [$0]] })],
      "then": ["$ref": "#/definitions/part"],
      "else": ["$ref": "#/definitions/whole"],
      "definitions": ["whole": root(isPart: false), "part": root(isPart: true), "sweep": sweep(objectSchema)],
    ]
  }

  /// Every key that a recipe may have, with its type.
  static var objectSchema: ObjectSchema {
    var recipe = Recipe()
    return Fields.write { recipe.declare($0) }.schema
  }

  /// Keys whose default depends on a choice, as that of the learning rate depends on the method.
  private static func keysWithVaryingDefault(_ objectSchema: ObjectSchema) -> Set<String> {
    func defaults(_ json: JSON) -> [String: JSON] {
      var recipe = Recipe()
      Fields.read(json, Diagnostics(checkFiles: false)) { recipe.declare($0) }
      return Dictionary(
        Fields.write { recipe.declare($0) }.schema.values().map { ($0.path, $0.defaultValue ?? .null) }
      ) { first, _ in first }
    }
    let base = defaults([:])
    var varying: Set<String> = []
    for (path, choice) in objectSchema.allChoices() {
      for variant in choice.variants {
        let key = joinKeyPath(path, choice.key)
        let json = (try? Overrides.set(.string(variant.name), at: key, in: ["distillation": [:]])) ?? [:]
        for (path, value) in defaults(json) where path != key && base[path] != nil && base[path] != value {
          varying.insert(path)
        }
      }
    }
    return varying
  }

  /// The named parts of a benchmark.
  private static var bench: JSON {
    let part: JSON = ["anyOf": [["$ref": "#/definitions/part"], ["type": "string"], ["type": "null"]]]
    func parts(_ about: String) -> JSON {
      described(["type": "object", "minProperties": 1, "additionalProperties": part], about)
    }
    return described(
      Schema.orNull([
        "type": "object", "additionalProperties": false,
        "properties": [
          "bases": parts("Parts of recipes by name, each with a base model."),
          "tasks": parts("Parts of recipes by name, each with a task and its data."),
          "methods": parts("Parts of recipes by name, each with a method."),
          "cross_evaluation": described(
            ["type": "boolean", "default": false], "Also score what was trained on a task on the others' test data."),
        ],
      ]), "A benchmark: every base with every task and every method.")
  }

  /// The lists of values that a sweep may have. The schema does not check values that are whole sections, list elements
  /// or members of maps.
  private static func sweep(_ objectSchema: ObjectSchema) -> JSON {
    let values = objectSchema.values().filter { $0.path != "output" && $0.path != "about" }
    let axes = Dictionary(grouping: values, by: \.path).mapValues { values in
      described(Schema.list(of: Schema.either(values.map(\.schema)), minCount: 1), values[0].about)
    }
    let sections = objectSchema.members.compactMap { if case .object = $0.content { $0.key } else { nil } }
    let prefixes = axes.keys.sorted().map { $0.replacing(".", with: "\\.") + "\\." }
    let unchecked = "^(\(sections.joined(separator: "|")))$|^(\(prefixes.joined(separator: "|")))"
    return described(
      Schema.orNull([
        "type": "object", "minProperties": 1, "properties": .object(axes),
        "patternProperties": .object([unchecked: Schema.list(of: [:], minCount: 1)]), "additionalProperties": false,
      ]), "A grid of runs: key paths, each with a list of values.")
  }
}

private func described(_ schema: JSON, _ about: String) -> JSON {
  guard !about.isEmpty, let members = schema.object else { return schema }
  return .object(members.merging(["description": .string(about)]) { existing, _ in existing })
}

/// Converts an `ObjectSchema` to JSON Schema.
struct SchemaWriter {
  /// Whether another file may supply the rest of the recipe.
  let isPart: Bool
  /// Keys whose default depends on a choice. They get no default in the schema.
  let varying: Set<String>

  func schema(of object: ObjectSchema, at path: String) -> JSON {
    var (properties, rules) = body(of: object, at: path)
    for key in object.keys where properties[key] == nil { properties[key] = true }
    var schema: [String: JSON] = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    if !rules.isEmpty { schema["allOf"] = .array(rules) }
    if isPart { schema["patternProperties"] = ["^~": ["enum": [true, nil]]] }
    schema["required"] = required(object)
    return .object(schema)
  }

  private func required(_ object: ObjectSchema) -> JSON? {
    let replaceable = object.alternatives.flatMap(\.replaced)
    let keys = object.members.filter { member in
      if replaceable.contains(member.key) { return false }
      guard case .object(let schema) = member.content else { return member.isRequired }
      return schema.isRequired && !member.isNullable
    }
    return isPart || keys.isEmpty ? Optional.none : .array(keys.map { .string($0.key) })
  }

  /// The keys that every variant has, and the rules for all others.
  private func body(of object: ObjectSchema, at path: String) -> (properties: [String: JSON], rules: [JSON]) {
    var properties: [String: JSON] = [:]
    for member in object.members { properties[member.key] = schema(of: member, at: path) }
    let rules =
      object.exclusives.map { Schema.notBoth($0.first, $0.second) } + object.rules
      + object.alternatives.flatMap { $0.rules(isPart: isPart) }
    return (properties, rules + object.choices.flatMap { self.rules(of: $0, at: path) })
  }

  private func rules(of choice: ObjectSchema.Choice, at path: String) -> [JSON] {
    var rules: [JSON] = []
    var schemasOfKey: [String: [JSON]] = [:]
    for variant in choice.variants {
      var (properties, innerRules) = body(of: variant.schema, at: path)
      for (key, schema) in properties { schemasOfKey[key, default: []].append(schema) }
      for key in choice.keysOnlyInOtherVariants(than: variant.name) { properties[key] = ["type": "null"] }
      var then: [String: JSON] = ["properties": .object(properties)]
      if !innerRules.isEmpty { then["allOf"] = .array(innerRules) }
      then["required"] = required(variant.schema)
      var condition: [String: JSON] = ["properties": .object([choice.key: ["const": .string(variant.name)]])]
      if isPart || choice.defaultVariant != variant.name { condition["required"] = [.string(choice.key)] }
      rules.append(["if": .object(condition), "then": .object(then)])
    }
    if isPart {
      rules.append([
        "if": ["not": ["required": [.string(choice.key)]]],
        "then": ["properties": .object(schemasOfKey.mapValues(Schema.either))],
      ])
    }
    return rules
  }

  private func schema(of member: ObjectSchema.Member, at path: String) -> JSON {
    let keyPath = joinKeyPath(path, member.key)
    var schema: JSON
    switch member.content {
    case .object(let object): schema = self.schema(of: object, at: keyPath)
    case .value(let valueSchema, let defaultValue):
      var members = valueSchema.object ?? [:]
      if let defaultValue, defaultValue != .null, !varying.contains(keyPath) { members["default"] = defaultValue }
      schema = .object(members)
    }
    if member.isNullable { schema = Schema.orNull(schema) }
    return described(schema, member.about)
  }
}
