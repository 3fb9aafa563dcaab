/// Random valid recipes, drawn from what the sections declare: keys, types, bounds and variants.
import Files
import Hashing
import TestSupport
import Testing

@testable import Recipes

/// Several hundred. A new key is among them without being named here.
let randomRecipes: [JSON] = {
  let schema = Recipe.objectSchema
  return (0..<400).map { seed in
    var generator = RecipeGenerator(rng: SplitMix64(seed: UInt64(seed)))
    while true {
      if let json = generator.valid(generator.object(schema)) { return json }
    }
  }
}()

/// The types of keys by their paths. The same key has several in several variants.
private let expectations: [String: Set<String>] = Dictionary(
  Recipe.keys.map { ($0.path, [$0.expected]) }
) { $0.union($1) }

struct RecipeGenerator {
  var rng: SplitMix64

  /// An object with its required members, some of the others, and one variant of each choice.
  mutating func object(_ schema: ObjectSchema) -> JSON {
    var found: [String: JSON] = [:]
    // Several tasks in place of one.
    let alternative = schema.alternatives.first, isReplaced = alternative != nil && rng.next() % 8 == 0
    let left = alternative.map { isReplaced ? $0.replaced : [$0.key] } ?? []
    for member in schema.members where !left.contains(member.key) {
      switch member.content {
      case .object where member.key == alternative?.key:
        let tasks = ["a", "b"].map { name -> (String, JSON) in
          let part = ObjectSchema(members: schema.members.filter { left.contains($0.key) })
          return (name, object(part))
        }
        found[member.key] = [
          "tasks": .object(Dictionary(uniqueKeysWithValues: tasks)),
          "sampling_alpha": .double(.random(in: 0...1, using: &rng)),
        ]
      case .object(let inner):
        if inner.isRequired && !member.isNullable || rng.next() % 2 == 0 { found[member.key] = object(inner) }
      case .value(let schema, _):
        if member.isRequired || rng.next() % 2 == 0 { found[member.key] = value(schema) }
      }
    }
    for choice in schema.choices where !left.contains(choice.key) {
      let variant = rng.pick(choice.variants)
      found[choice.key] = .string(variant.name)
      found.merge(object(variant.schema).object ?? [:]) { first, _ in first }
    }
    return .object(found)
  }

  /// A value that the schema of a type allows.
  mutating func value(_ schema: JSON) -> JSON {
    if let values = schema["enum"]?.array { return rng.pick(values) }
    if let schemas = schema["anyOf"]?.array { return value(rng.pick(schemas)) }
    if let first = schema["allOf"]?.array?.first { return value(first) }
    switch rng.pick((schema["type"]?.array ?? [schema["type"] ?? .null]).map { $0.string ?? "null" }) {
    case "boolean": return .bool(rng.next() % 2 == 0)
    case "integer":
      let low = schema["minimum"]?.int ?? 0, high = min(schema["maximum"]?.int ?? .max, low + 100)
      return rng.next() % 4 == 0 ? .int(low) : .int(.random(in: low...high, using: &rng))
    case "number":
      // Often the bound: a weight of 0 allows what others exclude.
      if rng.next() % 4 == 0, let low = schema["minimum"]?.number { return .double(low) }
      let low = schema["minimum"]?.number ?? schema["exclusiveMinimum"]?.number.map { $0 + 1e-3 } ?? 0
      let bound = schema["maximum"]?.number ?? schema["exclusiveMaximum"]?.number.map { $0 - 1e-3 } ?? .infinity
      return .double(.random(in: low...max(low, min(bound, low + 10)), using: &rng))
    case "string":
      // The one pattern is that of a multiple of the rank.
      if schema["pattern"] != nil { return rng.pick(["rank", "2*rank", "0.5*rank"]) }
      return .string(rng.pick(["x", "a/b", "query", "α \u{1F9EC} 3"]) + "\(rng.next() % 100)")
    case "array":
      let count = (schema["minItems"]?.int ?? 0) + Int(rng.next() % 3)
      return .array((0..<min(count, schema["maxItems"]?.int ?? count)).map { _ in value(schema["items"] ?? [:]) })
    case "object": return members(schema)
    default: return .null
    }
  }

  private mutating func members(_ schema: JSON) -> JSON {
    var found: [String: JSON] = [:]
    for (key, value) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      let isRequired = schema["required"]?.array?.contains(.string(key)) == true
      if isRequired || rng.next() % 2 == 0 { found[key] = self.value(value) }
    }
    if let value = schema["additionalProperties"], value.bool == nil {
      for index in 0..<(schema["minProperties"]?.int ?? 0) + Int(rng.next() % 2) {
        found["x\(index)"] = self.value(value)
      }
    }
    return .object(found)
  }

  /// Without the keys that break a rule between keys; nil if it then lacks a required one.
  mutating func valid(_ json: JSON) -> JSON? {
    var json = json
    for round in 0..<30 {
      let faults: [RecipeFault]
      do {
        _ = try Recipe(json: json, checkFiles: false)
        return json
      } catch { faults = (error as? RecipeFaults)?.faults ?? [] }
      for fault in faults {
        if fault.found == "missing" { return nil }
        // A value of the declared type is not refused for its type; that a string is a regular expression is not declared.
        if round == 0, let expected = fault.expected, expectations[fault.path]?.contains(expected) == true,
          !fault.found.contains("not a regular expression")
        {
          Issue.record("\(fault.path): \(fault.found); expected \(expected)")
        }
        json = json.without(fault.path)
      }
    }
    return nil
  }
}

extension JSON {
  /// This tree without the key, or the list without the element, at `path`.
  fileprivate func without(_ path: String) -> JSON {
    let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
    switch self {
    case .object(var members):
      // A key may have a dot.
      guard parts.count > 1, let inner = members[parts[0]] else {
        members[path] = nil
        return .object(members)
      }
      members[parts[0]] = inner.without(parts[1])
      return .object(members)
    case .array(var elements):
      guard let index = Int(parts[0]), elements.indices.contains(index) else { return self }
      if parts.count > 1 { elements[index] = elements[index].without(parts[1]) } else { elements.remove(at: index) }
      return .array(elements)
    default: return self
    }
  }
}

@Test func `the random recipes have every key of every section`() {
  func paths(_ json: JSON, at path: String = "") -> Set<String> {
    (json.object ?? [:]).reduce(into: [path]) { $0.formUnion(paths($1.value, at: joinKeyPath(path, $1.key))) }
  }
  let found = randomRecipes.reduce(into: Set<String>()) { $0.formUnion(paths($1)) }
  #expect(Recipe.keys.map(\.path).filter { !found.contains($0) } == [])
}
