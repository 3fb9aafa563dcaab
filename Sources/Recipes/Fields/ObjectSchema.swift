/// What an object of a recipe may hold, as its `Fields` state it: keys, kinds, variants. Does not hold any recipe.
import Files

struct ObjectSchema: Sendable {
  enum Content: Sendable {
    case value(_ schema: JSON, standard: JSON?)
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

  /// A key whose value decides which others may stand beside it.
  struct Choice: Sendable {
    let key: String
    /// What it is where the key is absent; nil: it must be there.
    let standard: String?
    let variants: [Variant]

    /// Keys that some kind knows and `kind` does not; empty for a kind that does not exist.
    func foreign(to kind: String) -> Set<String> {
      guard let own = variants.first(where: { $0.kind == kind }) else { return [] }
      return Set(variants.flatMap(\.shape.names)).subtracting(own.shape.names)
    }
  }

  struct Variant: Sendable {
    let kind: String
    let shape: ObjectSchema
  }

  struct Exclusive: Sendable { let one, other: String }

  var members: [Member] = []
  var exclusives: [Exclusive] = []
  var choices: [Choice] = []

  mutating func allowNull(at key: String) {
    for index in members.indices where members[index].key == key { members[index].isNullable = true }
  }

  /// Every key that the object may have, under whatever choice.
  var names: [String] { members.map(\.key) + choices.flatMap { $0.variants.flatMap(\.shape.names) } }

  /// Whether the object cannot be left out.
  var isRequired: Bool {
    members.contains { member in
      guard case .object(let shape) = member.content else { return member.isRequired }
      return shape.isRequired && !member.isNullable
    }
  }

  /// The choices of this object and of those in it, by the path of the object that they stand in.
  func allChoices(at path: String = "") -> [(path: String, choice: Choice)] {
    var found = choices.map { (path, $0) }
    for choice in choices { found += choice.variants.flatMap { $0.shape.allChoices(at: path) } }
    for member in members {
      if case .object(let shape) = member.content {
        found += shape.allChoices(at: joinKeyPath(path, member.key))
      }
    }
    return found
  }

  /// Every value's key path with what may stand there; a key that several variants state comes several times.
  func values(at path: String = "") -> [(path: String, schema: JSON, standard: JSON?, about: String)] {
    var found: [(path: String, schema: JSON, standard: JSON?, about: String)] = []
    for member in members {
      let here = joinKeyPath(path, member.key)
      switch member.content {
      case .value(let schema, let standard): found.append((here, schema, standard, member.about))
      case .object(let shape): found += shape.values(at: here)
      }
    }
    return found + choices.flatMap { $0.variants.flatMap { $0.shape.values(at: path) } }
  }
}
