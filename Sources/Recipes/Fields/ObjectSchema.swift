/// The schema of an object of a recipe, as its `Fields` declare it: keys, types, variants. Does not contain values.
import Files

struct ObjectSchema: Sendable {
  enum Content: Sendable {
    case value(_ schema: JSON, defaultValue: JSON?)
    indirect case object(ObjectSchema)
  }

  struct Member: Sendable {
    let key: String
    let content: Content
    let isRequired: Bool
    let about: String
    var isNullable = false

    init(_ key: String, _ content: Content, isRequired: Bool = false, about: String = "") {
      (self.key, self.content, self.isRequired, self.about) = (key, content, isRequired, about)
    }
  }

  /// A key whose value, the name of a variant, decides which other keys the object may have.
  struct Choice: Sendable {
    let key: String
    /// The variant if the key is absent; nil: the key is required.
    let defaultVariant: String?
    let variants: [Variant]

    /// Keys that other variants have and `name` does not; empty for an unknown variant.
    func keysOnlyInOtherVariants(than name: String) -> Set<String> {
      guard let variant = variants.first(where: { $0.name == name }) else { return [] }
      return Set(variants.flatMap(\.schema.keys)).subtracting(variant.schema.keys)
    }
  }

  struct Variant: Sendable {
    let name: String
    let schema: ObjectSchema
  }

  /// Two keys that exclude each other.
  struct Exclusive: Sendable { let first, second: String }

  /// An object that may stand in place of others, which are required without it.
  struct Alternative: Sendable {
    let key: String
    let replaced: [String]

    func rules(isPart: Bool) -> [JSON] {
      let given: JSON = ["required": [.string(key)], "properties": .object([key: ["not": Schema.null]])]
      let present = replaced.map { JSON.object(["required": [.string($0)]]) }
      var rule: [String: JSON] = ["if": given, "then": ["not": ["anyOf": .array(present)]]]
      if !isPart { rule["else"] = ["required": .array(replaced.map(JSON.string))] }
      return [.object(rule)]
    }
  }

  var members: [Member] = []
  var exclusives: [Exclusive] = []
  var alternatives: [Alternative] = []
  /// Other rules between keys, as JSON Schema.
  var rules: [JSON] = []
  var choices: [Choice] = []

  mutating func allowNull(at key: String) {
    for index in members.indices where members[index].key == key { members[index].isNullable = true }
  }

  /// Every key that the object may have, in any variant.
  var keys: [String] { members.map(\.key) + choices.flatMap { $0.variants.flatMap(\.schema.keys) } }

  /// Whether the object has a required key, and so is required itself.
  var isRequired: Bool {
    members.contains { member in
      guard case .object(let schema) = member.content else { return member.isRequired }
      return schema.isRequired && !member.isNullable
    }
  }

  /// The choices of this object and of nested ones, each with its object's key path.
  func allChoices(at path: String = "") -> [(path: String, choice: Choice)] {
    var found = choices.map { (path, $0) }
    for choice in choices { found += choice.variants.flatMap { $0.schema.allChoices(at: path) } }
    for member in members {
      if case .object(let schema) = member.content {
        found += schema.allChoices(at: joinKeyPath(path, member.key))
      }
    }
    return found
  }

  /// Every value's key path and schema. A key that several variants declare is listed several times.
  func values(at path: String = "") -> [(path: String, schema: JSON, defaultValue: JSON?, about: String)] {
    var found: [(path: String, schema: JSON, defaultValue: JSON?, about: String)] = []
    for member in members {
      let memberPath = joinKeyPath(path, member.key)
      switch member.content {
      case .value(let schema, let defaultValue): found.append((memberPath, schema, defaultValue, member.about))
      case .object(let schema): found += schema.values(at: memberPath)
      }
    }
    return found + choices.flatMap { $0.variants.flatMap { $0.schema.values(at: path) } }
  }
}
