/// One object of a recipe, walked key by key. Each key is stated once, with its kind, its default (the value it finds)
/// and its purpose; the same statement reads it, writes it, and makes it known, so that all others are unknown.
/// Does not know which keys a recipe has.
import Files

final class Fields {
  let findings: Findings
  let isReading: Bool
  private let path: String
  /// What the recipe gave (reading), or what has been written so far (writing).
  private var members: [String: JSON]
  private var stated: [String] = []
  /// Keys that would be known here under another choice, and which that is.
  private var foreign: [String: String] = [:]
  /// What this object may hold; known when it is written.
  private(set) var shape = Shape()

  private init(_ path: String, _ members: [String: JSON], isReading: Bool, _ findings: Findings) {
    (self.path, self.members, self.isReading, self.findings) = (path, members, isReading, findings)
  }

  /// Reads the object `json`; faults go to `findings`.
  /// - Parameter known: keys of the outermost object that are somebody else's.
  static func read(_ json: JSON, known: [String] = [], _ findings: Findings, _ walk: (Fields) -> Void) {
    guard case .object(let members) = json else {
      return Place(path: "", findings: findings).wrong(json, expected: "an object")
    }
    let fields = Fields("", members, isReading: true, findings)
    fields.stated = known
    walk(fields)
    fields.reportUnknownKeys()
    findings.adviseOnUnknownKeys()
  }

  /// The object of what `walk` states, with the keys that it stated and what it may hold.
  static func write(at path: String = "", _ walk: (Fields) -> Void) -> (json: JSON, keys: [RecipeKey], shape: Shape) {
    let fields = Fields(path, [:], isReading: false, Findings(checkFiles: false))
    walk(fields)
    return (.object(fields.members), fields.findings.keys, fields.shape)
  }

  /// A key with a default: what `value` holds on the way in. With `needs`, the key makes sense only beside that other
  /// one (a full path), and is neither read nor written without it; with `unless` it is not written beside that one.
  func field<Value>(
    _ key: String, _ value: inout Value, _ kind: FieldKind<Value>, needs: String? = nil, unless other: String? = nil,
    _ about: String
  ) {
    state(key, kind.expected, kind.schema, standard: kind.write(value), about)
    guard isReading else {
      if needs.map(findings.isGiven) ?? true, !(other.map(isGiven) ?? false) { put(key, kind.write(value)) }
      return
    }
    if let json = members[key], let found = read(json, key, kind, needs: needs) { value = found }
  }

  /// A key that must be there.
  func required<Value>(_ key: String, _ value: inout Value, _ kind: FieldKind<Value>, _ about: String) {
    state(key, kind.expected, kind.schema, need: .always, about)
    guard isReading else { return put(key, kind.write(value)) }
    guard let json = members[key] else { return place(key).fault("missing", expected: kind.expected) }
    if let found = read(json, key, kind, needs: nil) { value = found }
  }

  /// A key that must be there unless the recipe says enough without it.
  func required<Value>(
    _ key: String, _ value: inout Value?, _ kind: FieldKind<Value>, unless isEnough: Bool, _ about: String
  ) {
    state(key, kind.expected, kind.schema, need: .mostly, about)
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
    _ key: String, _ value: inout Value?, _ kind: FieldKind<Value>, needs: String? = nil, _ about: String
  ) {
    state(key, kind.expected, Schema.orNull(kind.schema), standard: value.map(kind.write), about)
    guard isReading else {
      if let value { put(key, kind.write(value)) }
      return
    }
    if let json = members[key], json != .null, let found = read(json, key, kind, needs: needs) { value = found }
  }

  /// An object of its own.
  func object(_ key: String, _ walk: (Fields) -> Void) {
    stated.append(key)
    let json = members[key] ?? [:]
    guard case .object(let members) = json else { return place(key).wrong(json, expected: "an object") }
    let fields = Fields(full(key), members, isReading: isReading, findings)
    walk(fields)
    if isReading { return fields.reportUnknownKeys() }
    self.members[key] = .object(fields.members)
    shape.members.append(.init(key, .object(fields.shape)))
  }

  /// An object that may be absent: `walk` states what it holds, starting from `blank`.
  func section<Value>(_ key: String, _ value: inout Value?, blank: Value, _ walk: (inout Value, Fields) -> Void) {
    var found = value ?? blank
    defer { shape.allowNull(at: key) }
    if isReading ? members[key].map({ $0 != .null }) ?? false : value != nil {
      object(key) { walk(&found, $0) }
      value = found
    } else {
      stated.append(key)
      let written = Fields.write(at: full(key)) { walk(&found, $0) }
      written.keys.forEach(findings.state)
      shape.members.append(.init(key, .object(written.shape)))
    }
  }

  /// Two keys of which at most one may be given.
  func exclusive(_ one: String, _ other: String) {
    shape.exclusives.append(.init(one: one, other: other))
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
    if isReading { Place(path: path, findings: findings).fault(found, expected: expected, advice: advice) }
  }

  /// Whether the key stands here.
  func isGiven(_ key: String) -> Bool { findings.isGiven(full(key)) }

  /// A key that decides which others may be: `options` states those of one kind. When it is asked to write those of
  /// another kind than the recipe's, it is only to make them known.
  func choice<Kind: CaseIterable & RawRepresentable<String> & Equatable>(
    _ key: String, _ kind: inout Kind, isRequired: Bool = true, _ about: String, options: (Kind, Fields) -> Void
  ) {
    let faultsBefore = findings.faults.count, standard = kind.rawValue
    if isRequired { required(key, &kind, .choice, about) } else { field(key, &kind, .choice, about) }
    // What is known depends on a key that is faulty itself: every further key is taken as it is.
    guard findings.faults.count == faultsBefore else { return stated += members.keys }
    let common = shape
    options(kind, self)
    shape = common
    var variants: [Shape.Variant] = [], owners: [String: [String]] = [:]
    for one in Kind.allCases where one != kind || !isReading {
      let written = Fields.write(at: path) { options(one, $0) }
      variants.append(.init(kind: one.rawValue, shape: written.shape))
      for key in written.keys where one != kind && !stated.contains(last(key)) {
        if !isReading && owners[last(key)] == nil { findings.state(key) }
        owners[last(key), default: []].append("\"\(one.rawValue)\"")
      }
    }
    shape.choices.append(.init(key: key, standard: isRequired ? nil : standard, variants: variants))
    for (one, kinds) in owners {
      foreign[one] =
        "It belongs to \(full(key)) \(oneOf(kinds)), and this one is \"\(kind.rawValue)\". "
        + "Remove it (on the command line: \(full(one))=null), or change \(full(key))."
    }
  }

  private func last(_ key: RecipeKey) -> String { String(key.path.dropFirst(path.isEmpty ? 0 : path.count + 1)) }

  private func read<Value>(_ json: JSON, _ key: String, _ kind: FieldKind<Value>, needs: String?) -> Value? {
    findings.give(full(key))
    if let needs, !findings.isGiven(needs) {
      place(key).wrong(json, expected: "'\(needs)' beside it", advice: "Add '\(needs)' or remove '\(full(key))'.")
    }
    return kind.read(json, place(key))
  }

  private func put(_ key: String, _ json: JSON) {
    members[key] = json
    findings.give(full(key))
  }

  /// Whether a key must be there; `mostly`: unless the recipe says enough without it.
  private enum Need { case never, mostly, always }

  private func state(
    _ key: String, _ expected: String, _ schema: JSON, standard: JSON? = nil, need: Need = .never, _ about: String
  ) {
    stated.append(key)
    findings.state(
      RecipeKey(path: full(key), expected: expected, standard: standard, isRequired: need != .never, about: about))
    shape.members.append(
      .init(key, .value(schema, standard: standard), isRequired: need == .always, about: about))
  }

  private func reportUnknownKeys() {
    for key in members.keys where !stated.contains(key) {
      if let belong = foreign[key] {
        // Null is how the command line unsets a key.
        if members[key] != .null { place(key).fault("unknown key", expected: nil, advice: belong) }
      } else {
        findings.reportUnknown(key, at: full(key), valid: stated)
      }
    }
  }

  private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  private func place(_ key: String) -> Place { Place(path: full(key), findings: findings) }
}
