/// One object of a recipe, walked key by key. Each key is stated once, with its kind, its default (the value it finds)
/// and its purpose; the same statement reads it, writes it, and makes it known, so that all others are unknown.
/// Does not know which keys a recipe has.
import Files

final class Fields {
  let diagnostics: Diagnostics
  let isReading: Bool
  private let path: String
  /// What the recipe gave (reading), or what has been written so far (writing).
  private var members: [String: JSON]
  private var declared: [String] = []
  /// Keys that would be known here under another choice, and which that is.
  private var keysOfOtherVariants: [String: String] = [:]
  /// What this object may hold; known when it is written.
  private(set) var schema = ObjectSchema()

  private init(_ path: String, _ members: [String: JSON], isReading: Bool, _ findings: Diagnostics) {
    (self.path, self.members, self.isReading, self.diagnostics) = (path, members, isReading, findings)
  }

  /// Reads the object `json`; faults go to `findings`.
  /// - Parameter known: keys of the outermost object that are somebody else's.
  static func read(_ json: JSON, known: [String] = [], _ findings: Diagnostics, _ walk: (Fields) -> Void) {
    guard case .object(let members) = json else {
      return FieldLocation(path: "", diagnostics: findings).wrong(json, expected: "an object")
    }
    let fields = Fields("", members, isReading: true, findings)
    fields.declared = known
    walk(fields)
    fields.reportUnknownKeys()
    findings.adviseOnUnknownKeys()
  }

  /// The object of what `walk` states, with the keys that it stated and what it may hold.
  static func write(at path: String = "", _ walk: (Fields) -> Void) -> (
    json: JSON, keys: [RecipeKey], shape: ObjectSchema
  ) {
    let fields = Fields(path, [:], isReading: false, Diagnostics(checkFiles: false))
    walk(fields)
    return (.object(fields.members), fields.diagnostics.keys, fields.schema)
  }

  /// A key with a default: what `value` holds on the way in. With `needs`, the key makes sense only beside that other
  /// one (a full path), and is neither read nor written without it; with `unless` it is not written beside that one.
  func field<Value>(
    _ key: String, _ value: inout Value, _ kind: FieldType<Value>, needs: String? = nil, unless other: String? = nil,
    _ about: String
  ) {
    declare(key, kind.expected, kind.schema, standard: kind.write(value), about)
    guard isReading else {
      if needs.map(diagnostics.isGiven) ?? true, !(other.map(isGiven) ?? false) { put(key, kind.write(value)) }
      return
    }
    if let json = members[key], let found = read(json, key, kind, needs: needs) { value = found }
  }

  /// A key that must be there.
  func required<Value>(_ key: String, _ value: inout Value, _ kind: FieldType<Value>, _ about: String) {
    declare(key, kind.expected, kind.schema, need: .always, about)
    guard isReading else { return put(key, kind.write(value)) }
    guard let json = members[key] else { return place(key).fault("missing", expected: kind.expected) }
    if let found = read(json, key, kind, needs: nil) { value = found }
  }

  /// A key that must be there unless the recipe says enough without it.
  func required<Value>(
    _ key: String, _ value: inout Value?, _ kind: FieldType<Value>, unless isEnough: Bool, _ about: String
  ) {
    declare(key, kind.expected, kind.schema, need: .mostly, about)
    guard isReading else {
      if let value { put(key, kind.write(value)) }
      return
    }
    if let json = members[key] {
      value = read(json, key, kind, needs: nil)
    } else if !isEnough {
      place(key).fault("missing", expected: kind.expected)
    }
  }

  /// A key that may be absent, or null, which is the same.
  func optional<Value>(
    _ key: String, _ value: inout Value?, _ kind: FieldType<Value>, needs: String? = nil, _ about: String
  ) {
    declare(key, kind.expected, Schema.orNull(kind.schema), standard: value.map(kind.write), about)
    guard isReading else {
      if let value { put(key, kind.write(value)) }
      return
    }
    if let json = members[key], json != .null, let found = read(json, key, kind, needs: needs) { value = found }
  }

  /// An object of its own.
  func object(_ key: String, _ walk: (Fields) -> Void) {
    declared.append(key)
    let json = members[key] ?? [:]
    guard case .object(let members) = json else { return place(key).wrong(json, expected: "an object") }
    let fields = Fields(full(key), members, isReading: isReading, diagnostics)
    walk(fields)
    if isReading { return fields.reportUnknownKeys() }
    self.members[key] = .object(fields.members)
    schema.members.append(.init(key, .object(fields.schema)))
  }

  /// An object that may be absent: `walk` states what it holds, starting from `blank`.
  func section<Value>(_ key: String, _ value: inout Value?, initial: Value, _ walk: (inout Value, Fields) -> Void) {
    var found = value ?? initial
    defer { schema.allowNull(at: key) }
    if isReading ? members[key].map({ $0 != .null }) ?? false : value != nil {
      object(key) { walk(&found, $0) }
      value = found
    } else {
      declared.append(key)
      let written = Fields.write(at: full(key)) { walk(&found, $0) }
      written.keys.forEach(diagnostics.declare)
      schema.members.append(.init(key, .object(written.shape)))
    }
  }

  /// Two keys of which at most one may be given.
  func exclusive(_ one: String, _ other: String) {
    schema.exclusives.append(.init(one: one, other: other))
    guard isReading, isGiven(one), isGiven(other) else { return }
    place(other).fault(
      "found beside '\(one)'", expected: "one of the two",
      advice: "Remove one, or unset it with '\(full(one))=null'.")
  }

  /// A fault at the first of `keys` that is given, unless `holds`.
  func check(_ holds: Bool, _ keys: String..., expected: String) {
    guard isReading, !holds, let key = keys.first(where: { members[$0] != nil }), let json = members[key] else {
      return
    }
    place(key).wrong(json, expected: expected)
  }

  /// A fault at the full path `path`.
  func fault(_ path: String, _ found: String, expected: String, advice: String) {
    if isReading {
      FieldLocation(path: path, diagnostics: diagnostics).fault(found, expected: expected, advice: advice)
    }
  }

  /// Whether the key stands here.
  func isGiven(_ key: String) -> Bool { diagnostics.isGiven(full(key)) }

  /// A key that decides which others may be: `options` states those of one kind. When it is asked to write those of
  /// another kind than the recipe's, it is only to make them known.
  func choice<Kind: CaseIterable & RawRepresentable<String> & Equatable>(
    _ key: String, _ kind: inout Kind, isRequired: Bool = true, _ about: String, options: (Kind, Fields) -> Void
  ) {
    let faultsBefore = diagnostics.faults.count, standard = kind.rawValue
    if isRequired { required(key, &kind, .choice, about) } else { field(key, &kind, .choice, about) }
    // What is known depends on a key that is faulty itself: every further key is taken as it is.
    guard diagnostics.faults.count == faultsBefore else { return declared += members.keys }
    let common = schema
    options(kind, self)
    schema = common
    var variants: [ObjectSchema.Variant] = [], owners: [String: [String]] = [:]
    for one in Kind.allCases where one != kind || !isReading {
      let written = Fields.write(at: path) { options(one, $0) }
      variants.append(.init(kind: one.rawValue, shape: written.shape))
      for key in written.keys where one != kind && !declared.contains(last(key)) {
        if !isReading && owners[last(key)] == nil { diagnostics.declare(key) }
        owners[last(key), default: []].append("\"\(one.rawValue)\"")
      }
    }
    schema.choices.append(.init(key: key, standard: isRequired ? nil : standard, variants: variants))
    for (one, kinds) in owners {
      keysOfOtherVariants[one] =
        "It belongs to \(full(key)) \(oneOf(kinds)), and this one is \"\(kind.rawValue)\". "
        + "Remove it (on the command line: \(full(one))=null), or change \(full(key))."
    }
  }

  private func last(_ key: RecipeKey) -> String { String(key.path.dropFirst(path.isEmpty ? 0 : path.count + 1)) }

  private func read<Value>(_ json: JSON, _ key: String, _ kind: FieldType<Value>, needs: String?) -> Value? {
    diagnostics.markGiven(full(key))
    if let needs, !diagnostics.isGiven(needs) {
      place(key).wrong(json, expected: "'\(needs)' beside it", advice: "Add '\(needs)' or remove '\(full(key))'.")
    }
    return kind.read(json, place(key))
  }

  private func put(_ key: String, _ json: JSON) {
    members[key] = json
    diagnostics.markGiven(full(key))
  }

  /// Whether a key must be there; `mostly`: unless the recipe says enough without it.
  private enum Need { case never, mostly, always }

  private func declare(
    _ key: String, _ expected: String, _ schema: JSON, standard: JSON? = nil, need: Need = .never, _ about: String
  ) {
    declared.append(key)
    diagnostics.declare(
      RecipeKey(path: full(key), expected: expected, defaultValue: standard, isRequired: need != .never, about: about))
    self.schema.members.append(
      .init(key, .value(schema, standard: standard), isRequired: need == .always, about: about))
  }

  private func reportUnknownKeys() {
    for key in members.keys where !declared.contains(key) {
      if let belong = keysOfOtherVariants[key] {
        // Null is how the command line unsets a key.
        if members[key] != .null { place(key).fault("unknown key", expected: nil, advice: belong) }
      } else {
        diagnostics.reportUnknown(key, at: full(key), valid: declared)
      }
    }
  }

  private func full(_ key: String) -> String { joinKeyPath(path, key) }
  private func place(_ key: String) -> FieldLocation { FieldLocation(path: full(key), diagnostics: diagnostics) }
}
