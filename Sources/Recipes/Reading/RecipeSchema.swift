/// The JSON Schema of recipes, made from what `Recipe.state` states: for editors, and for whoever writes recipes by
/// program. Says what one file can be judged by; does not know other files, and no rule between sections.
public import Files

extension Recipe {
  /// A JSON Schema, draft 7. A file that extends another, or holds a sweep, need not be a whole recipe.
  public static var schema: JSON {
    let shape = Recipe.objectSchema
    let varying = varyingDefaults(shape)
    func root(isPart: Bool) -> JSON {
      var schema = SchemaWriter(isPart: isPart, varying: varying).schema(of: shape, at: "").object ?? [:]
      schema["properties"] = .object(
        (schema["properties"]?.object ?? [:]).merging([
          "$schema": ["type": "string"],
          "extends": described(Schema.text, "A recipe that this one changes; its path is relative to this file."),
          "sweep": ["$ref": "#/definitions/sweep"],
        ]) { own, _ in own })
      return .object(schema)
    }
    return [
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "A recipe of tune",
      "if": ["anyOf": [["required": ["extends"]], ["required": ["sweep"]]]],
      "then": ["$ref": "#/definitions/part"],
      "else": ["$ref": "#/definitions/whole"],
      "definitions": ["whole": root(isPart: false), "part": root(isPart: true), "sweep": sweep(shape)],
    ]
  }

  /// What a recipe may hold.
  static var objectSchema: ObjectSchema {
    var blank = Recipe()
    return Fields.write { blank.declare($0) }.shape
  }

  /// Keys whose default depends on a choice made elsewhere, as the learning rate's does on the method.
  private static func varyingDefaults(_ shape: ObjectSchema) -> Set<String> {
    func defaults(_ json: JSON) -> [String: JSON] {
      var recipe = Recipe()
      Fields.read(json, Diagnostics(checkFiles: false)) { recipe.declare($0) }
      return Dictionary(
        Fields.write { recipe.declare($0) }.shape.values().map { ($0.path, $0.standard ?? .null) }
      ) { first, _ in first }
    }
    let usual = defaults([:])
    var varying: Set<String> = []
    for (path, choice) in shape.allChoices() {
      for variant in choice.variants {
        let key = joinKeyPath(path, choice.key)
        let json = (try? Overrides.put(.string(variant.kind), at: key, in: ["distillation": [:]])) ?? [:]
        for (path, standard) in defaults(json) where path != key && usual[path] != nil && usual[path] != standard {
          varying.insert(path)
        }
      }
    }
    return varying
  }

  /// The lists that a sweep may have. Sections as wholes, elements of lists and members of free objects may be anything
  /// here: the program says what is wrong with those.
  private static func sweep(_ shape: ObjectSchema) -> JSON {
    let values = shape.values().filter { $0.path != "output" && $0.path != "about" }
    let axes = Dictionary(grouping: values, by: \.path).mapValues { values in
      described(Schema.list(of: Schema.either(values.map(\.schema)), least: 1), values[0].about)
    }
    let sections = shape.members.compactMap { if case .object = $0.content { $0.key } else { nil } }
    let inside = axes.keys.sorted().map { $0.replacing(".", with: "\\.") + "\\." }
    let others = "^(\(sections.joined(separator: "|")))$|^(\(inside.joined(separator: "|")))"
    return described(
      Schema.orNull([
        "type": "object", "minProperties": 1, "properties": .object(axes),
        "patternProperties": .object([others: Schema.list(of: [:], least: 1)]), "additionalProperties": false,
      ]), "A grid of runs: key paths, each with the list of its values.")
  }
}

private func described(_ schema: JSON, _ about: String) -> JSON {
  guard !about.isEmpty, let members = schema.object else { return schema }
  return .object(members.merging(["description": .string(about)]) { own, _ in own })
}

/// From an object's shape to its schema.
private struct SchemaWriter {
  /// Whether another file may say what this one does not.
  let isPart: Bool
  /// Keys whose default is not always the same.
  let varying: Set<String>

  func schema(of shape: ObjectSchema, at path: String) -> JSON {
    var (properties, rules) = body(of: shape, at: path)
    for name in shape.names where properties[name] == nil { properties[name] = true }
    var schema: [String: JSON] = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    if !rules.isEmpty { schema["allOf"] = .array(rules) }
    if isPart { schema["patternProperties"] = ["^~": ["enum": [true, nil]]] }
    schema["required"] = required(shape)
    return .object(schema)
  }

  private func required(_ shape: ObjectSchema) -> JSON? {
    let keys = shape.members.filter { member in
      guard case .object(let shape) = member.content else { return member.isRequired }
      return shape.isRequired && !member.isNullable
    }
    return isPart || keys.isEmpty ? Optional.none : .array(keys.map { .string($0.key) })
  }

  /// The keys that are always there, and the rules that say which others are.
  private func body(of shape: ObjectSchema, at path: String) -> (properties: [String: JSON], rules: [JSON]) {
    var properties: [String: JSON] = [:]
    for member in shape.members { properties[member.key] = schema(of: member, at: path) }
    let rules = shape.exclusives.map { Schema.notBoth($0.one, $0.other) }
    return (properties, rules + shape.choices.flatMap { self.rules(of: $0, at: path) })
  }

  private func rules(of choice: ObjectSchema.Choice, at path: String) -> [JSON] {
    var rules: [JSON] = []
    var known: [String: [JSON]] = [:]
    for variant in choice.variants {
      let (own, inner) = body(of: variant.shape, at: path)
      var properties = own
      for (key, schema) in properties { known[key, default: []].append(schema) }
      for key in choice.foreign(to: variant.kind) { properties[key] = ["type": "null"] }
      var then: [String: JSON] = ["properties": .object(properties)]
      if !inner.isEmpty { then["allOf"] = .array(inner) }
      then["required"] = required(variant.shape)
      var condition: [String: JSON] = ["properties": .object([choice.key: ["const": .string(variant.kind)]])]
      if isPart || choice.standard != variant.kind { condition["required"] = [.string(choice.key)] }
      rules.append(["if": .object(condition), "then": .object(then)])
    }
    if isPart {
      rules.append([
        "if": ["not": ["required": [.string(choice.key)]]],
        "then": ["properties": .object(known.mapValues(Schema.either))],
      ])
    }
    return rules
  }

  private func schema(of member: ObjectSchema.Member, at path: String) -> JSON {
    let here = joinKeyPath(path, member.key)
    var schema: JSON
    switch member.content {
    case .object(let shape): schema = self.schema(of: shape, at: here)
    case .value(let kind, let standard):
      var members = kind.object ?? [:]
      if let standard, standard != .null, !varying.contains(here) { members["default"] = standard }
      schema = .object(members)
    }
    if member.isNullable { schema = Schema.orNull(schema) }
    return described(schema, member.about)
  }
}
