/// Declares the keys of one JSON object of a recipe. One declaration per key (type, default, description) serves
/// reading, writing, the schema and the list of known keys. Does not know which keys a recipe has.
import Files

final class Fields {
  let diagnostics: Diagnostics
  let isReading: Bool
  private let path: String
  /// The object's members: as given (when reading), or as written so far (when writing).
  private var members: [String: JSON]
  private var declared: [String] = []
  /// Keys that only another variant of a choice has, each with the advice for it.
  private var keysOfOtherVariants: [String: String] = [:]
  /// The object's schema; complete after writing.
  private(set) var schema = ObjectSchema()

  private init(_ path: String, _ members: [String: JSON], isReading: Bool, _ diagnostics: Diagnostics) {
    (self.path, self.members, self.isReading, self.diagnostics) = (path, members, isReading, diagnostics)
  }

  /// Reads the object `json` with the keys that `body` declares. Faults are added to `diagnostics`.
  /// - Parameter ignored: keys of the outermost object that are read elsewhere.
  static func read(_ json: JSON, ignoring ignored: [String] = [], _ diagnostics: Diagnostics, _ body: (Fields) -> Void)
  {
    guard case .object(let members) = json else {
      return FieldLocation(path: "", diagnostics: diagnostics).wrong(json, expected: "an object")
    }
    let fields = Fields("", members, isReading: true, diagnostics)
    fields.declared = ignored
    body(fields)
    fields.reportUnknownKeys()
    diagnostics.adviseOnUnknownKeys()
  }

  /// Reads an object that is a value, at `location`.
  static func read(_ json: JSON, at location: FieldLocation, _ body: (Fields) -> Void) {
    guard let members = json.object else { return location.wrong(json, expected: "an object") }
    let fields = Fields(location.path, members, isReading: true, location.diagnostics)
    body(fields)
    fields.reportUnknownKeys()
  }

  /// Writes the values that `body` declares as an object; also returns the declared keys and the object's schema.
  static func write(at path: String = "", _ body: (Fields) -> Void) -> (
    json: JSON, keys: [RecipeKey], schema: ObjectSchema
  ) {
    let fields = Fields(path, [:], isReading: false, Diagnostics(checkFiles: false))
    body(fields)
    return (.object(fields.members), fields.diagnostics.keys, fields.schema)
  }

  /// A key with a default, which is the initial content of `value`.
  /// - Parameters:
  ///   - needs: the full path of a key without which this one is an error when read, and not written.
  ///   - unless: a key of this object beside which this one is not written.
  func field<Value>(
    _ key: String, _ value: inout Value, _ type: FieldType<Value>, needs: String? = nil,
    unless excluding: String? = nil,
    _ about: String
  ) {
    declare(key, type.expected, type.schema, defaultValue: type.write(value), about)
    guard isReading else {
      if needs.map(diagnostics.isGiven) ?? true, !(excluding.map(isGiven) ?? false) { store(key, type.write(value)) }
      return
    }
    if let json = members[key], let found = read(json, key, type, needs: needs) { value = found }
  }

  /// A required key.
  func required<Value>(_ key: String, _ value: inout Value, _ type: FieldType<Value>, _ about: String) {
    declare(key, type.expected, type.schema, requirement: .always, about)
    guard isReading else { return store(key, type.write(value)) }
    guard let json = members[key] else { return location(of: key).fault("missing", expected: type.expected) }
    if let found = read(json, key, type, needs: nil) { value = found }
  }

  /// A key that is required unless `isOptional`.
  func required<Value>(
    _ key: String, _ value: inout Value?, _ type: FieldType<Value>, unless isOptional: Bool, _ about: String
  ) {
    declare(key, type.expected, type.schema, requirement: .conditional, about)
    guard isReading else {
      if let value { store(key, type.write(value)) }
      return
    }
    if let json = members[key] {
      value = read(json, key, type, needs: nil)
    } else if !isOptional {
      location(of: key).fault("missing", expected: type.expected)
    }
  }

  /// A key that may be absent or null; both mean the same.
  func optional<Value>(
    _ key: String, _ value: inout Value?, _ type: FieldType<Value>, needs: String? = nil, _ about: String
  ) {
    declare(key, type.expected, Schema.orNull(type.schema), defaultValue: value.map(type.write), about)
    guard isReading else {
      if let value { store(key, type.write(value)) }
      return
    }
    if let json = members[key], json != .null, let found = read(json, key, type, needs: needs) { value = found }
  }

  /// A nested object with the keys that `body` declares.
  func object(_ key: String, _ body: (Fields) -> Void) {
    declared.append(key)
    let json = members[key] ?? [:]
    guard case .object(let members) = json else { return location(of: key).wrong(json, expected: "an object") }
    let fields = Fields(fullPath(key), members, isReading: isReading, diagnostics)
    body(fields)
    if isReading { return fields.reportUnknownKeys() }
    self.members[key] = .object(fields.members)
    schema.members.append(.init(key, .object(fields.schema)))
  }

  /// A nested object that may be absent. If it is given, `body` reads into a copy of `initial`.
  func section<Value>(_ key: String, _ value: inout Value?, initial: Value, _ body: (inout Value, Fields) -> Void) {
    var found = value ?? initial
    defer { schema.allowNull(at: key) }
    if isReading ? members[key].map({ $0 != .null }) ?? false : value != nil {
      object(key) { body(&found, $0) }
      value = found
    } else {
      declared.append(key)
      let written = Fields.write(at: fullPath(key)) { body(&found, $0) }
      written.keys.forEach(diagnostics.declare)
      schema.members.append(.init(key, .object(written.schema)))
    }
  }

  /// An optional object in place of `replaced`, which are required without it. It also excludes the section `other`.
  func alternative(_ key: String, to replaced: [String], excluding other: String) {
    schema.alternatives.append(.init(key: key, replaced: replaced))
    schema.exclusives.append(.init(first: key, second: other))
    guard isReading, members[key] ?? .null != .null else { return }
    declared += replaced
    let found = replaced.filter { members[$0] != nil } + (members[other] ?? .null != .null ? [other] : [])
    for excluded in found {
      location(of: excluded).fault(
        "found together with '\(key)'", expected: "only one of the two",
        advice: excluded == other ? "Remove one." : "Each task of '\(key)' has its own.")
    }
  }

  /// Two keys that exclude each other.
  func exclusive(_ first: String, _ second: String) {
    schema.exclusives.append(.init(first: first, second: second))
    guard isReading, isGiven(first), isGiven(second) else { return }
    location(of: second).fault(
      "found together with '\(first)'", expected: "only one of the two",
      advice: "Remove one, or unset it with '\(fullPath(first))=null'.")
  }

  /// Adds a rule between keys of this object to its schema. It is checked elsewhere when reading.
  func rule(_ rule: JSON) { schema.rules.append(rule) }

  /// Reports a fault at the first given key of `keys`, unless `condition` holds.
  func check(_ condition: Bool, _ keys: String..., expected: String) {
    guard isReading, !condition, let key = keys.first(where: { members[$0] != nil }), let json = members[key] else {
      return
    }
    location(of: key).wrong(json, expected: expected)
  }

  /// Reports a fault at the full path `path`.
  func fault(_ path: String, _ found: String, expected: String, advice: String) {
    if isReading {
      FieldLocation(path: path, diagnostics: diagnostics).fault(found, expected: expected, advice: advice)
    }
  }

  /// Whether this object has the key.
  func isGiven(_ key: String) -> Bool { diagnostics.isGiven(fullPath(key)) }

  /// Makes a key of this object count as given, or not, for the keys that need it.
  /// - Parameter reason: why it does not count, for faults.
  func setGiven(_ key: String, _ isGiven: Bool, because reason: String? = nil) {
    diagnostics.mark(fullPath(key), given: isGiven, because: reason)
  }

  /// A key whose value decides which other keys are allowed. `options` declares the keys of one variant. Those of the
  /// other variants are declared only for the schema, and for the advice at a misplaced key.
  func choice<Variant: CaseIterable & RawRepresentable<String> & Equatable>(
    _ key: String, _ variant: inout Variant, isRequired: Bool = true, _ about: String,
    options: (Variant, Fields) -> Void
  ) {
    let faultsBefore = diagnostics.faults.count, defaultVariant = variant.rawValue
    if isRequired { required(key, &variant, .choice, about) } else { field(key, &variant, .choice, about) }
    // The allowed keys are unknown if the choice itself is faulty: all other keys are accepted.
    guard diagnostics.faults.count == faultsBefore else { return declared += members.keys }
    let common = schema
    options(variant, self)
    schema = common
    var variants: [ObjectSchema.Variant] = [], variantsOfKey: [String: [String]] = [:]
    for candidate in Variant.allCases where candidate != variant || !isReading {
      let written = Fields.write(at: path) { options(candidate, $0) }
      variants.append(.init(name: candidate.rawValue, schema: written.schema))
      for key in written.keys where candidate != variant && !declared.contains(relativePath(key)) {
        if !isReading && variantsOfKey[relativePath(key)] == nil { diagnostics.declare(key) }
        variantsOfKey[relativePath(key), default: []].append("\"\(candidate.rawValue)\"")
      }
    }
    schema.choices.append(.init(key: key, defaultVariant: isRequired ? nil : defaultVariant, variants: variants))
    for (other, names) in variantsOfKey {
      keysOfOtherVariants[other] =
        "It belongs to \(fullPath(key)) \(oneOf(names)), but \(fullPath(key)) is \"\(variant.rawValue)\". "
        + "Remove it (on the command line: \(fullPath(other))=null), or change \(fullPath(key))."
    }
  }

  private func relativePath(_ key: RecipeKey) -> String {
    String(key.path.dropFirst(path.isEmpty ? 0 : path.count + 1))
  }

  private func read<Value>(_ json: JSON, _ key: String, _ type: FieldType<Value>, needs: String?) -> Value? {
    diagnostics.markGiven(fullPath(key))
    if let needs, !diagnostics.isGiven(needs) {
      if let reason = diagnostics.reason(needs) {
        location(of: key).wrong(json, expected: "no value: \(reason)")
      } else {
        location(of: key).wrong(
          json, expected: "'\(needs)' to be set as well", advice: "Add '\(needs)' or remove '\(fullPath(key))'.")
      }
    }
    return type.read(json, location(of: key))
  }

  private func store(_ key: String, _ json: JSON) {
    members[key] = json
    diagnostics.markGiven(fullPath(key))
  }

  /// When a key is required; `conditional`: depending on other keys.
  private enum Requirement { case never, conditional, always }

  private func declare(
    _ key: String, _ expected: String, _ schema: JSON, defaultValue: JSON? = nil, requirement: Requirement = .never,
    _ about: String
  ) {
    declared.append(key)
    diagnostics.declare(
      RecipeKey(
        path: fullPath(key), expected: expected, defaultValue: defaultValue, isRequired: requirement != .never,
        about: about))
    self.schema.members.append(
      .init(key, .value(schema, defaultValue: defaultValue), isRequired: requirement == .always, about: about))
  }

  private func reportUnknownKeys() {
    for key in members.keys where !declared.contains(key) {
      if let advice = keysOfOtherVariants[key] {
        // On the command line null unsets a key.
        if members[key] != .null { location(of: key).fault("unknown key", expected: nil, advice: advice) }
      } else {
        diagnostics.reportUnknown(key, at: fullPath(key), valid: declared)
      }
    }
  }

  func fullPath(_ key: String) -> String { joinKeyPath(path, key) }
  private func location(of key: String) -> FieldLocation {
    FieldLocation(path: fullPath(key), diagnostics: diagnostics)
  }
}
