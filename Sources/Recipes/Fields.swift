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
  private var foreign: [String: String] = [:]

  private init(_ path: String, _ members: [String: JSON], isReading: Bool, _ findings: Findings) {
    (self.path, self.members, self.isReading, self.findings) = (path, members, isReading, findings)
  }

  /// Reads the object `json`; faults go to `findings`.
  static func read(_ json: JSON, _ findings: Findings, _ walk: (Fields) -> Void) {
    guard case .object(let members) = json else {
      return Place(path: "", findings: findings).wrong(json, expected: "an object")
    }
    let fields = Fields("", members, isReading: true, findings)
    walk(fields)
    fields.reportUnknownKeys()
    findings.adviseOnUnknownKeys()
  }

  /// The object of what `walk` states, with the keys that it stated.
  static func write(at path: String = "", _ walk: (Fields) -> Void) -> (json: JSON, keys: [RecipeKey]) {
    let fields = Fields(path, [:], isReading: false, Findings(checkFiles: false))
    walk(fields)
    return (.object(fields.members), fields.findings.keys)
  }

  /// A key with a default: what `value` holds on the way in. With `needs`, the key makes sense only beside that other
  /// one (a full path), and is neither read nor written without it.
  func field<Value>(
    _ key: String, _ value: inout Value, _ kind: FieldKind<Value>, needs: String? = nil, _ about: String
  ) {
    state(key, kind.expected, standard: kind.write(value), about)
    guard isReading else {
      if needs.map(findings.isGiven) ?? true { put(key, kind.write(value)) }
      return
    }
    if let json = members[key], let found = read(json, key, kind, needs: needs) { value = found }
  }

  /// A key that must be there.
  func required<Value>(_ key: String, _ value: inout Value, _ kind: FieldKind<Value>, _ about: String) {
    state(key, kind.expected, standard: nil, isRequired: true, about)
    guard isReading else { return put(key, kind.write(value)) }
    guard let json = members[key] else { return place(key).fault("missing", expected: kind.expected) }
    if let found = read(json, key, kind, needs: nil) { value = found }
  }

  /// A key that must be there unless the recipe says enough without it.
  func required<Value>(
    _ key: String, _ value: inout Value?, _ kind: FieldKind<Value>, unless isEnough: Bool, _ about: String
  ) {
    state(key, kind.expected, standard: nil, isRequired: true, about)
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
    state(key, kind.expected, standard: value.map(kind.write), about)
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
    if isReading { fields.reportUnknownKeys() } else { self.members[key] = .object(fields.members) }
  }

  /// Two keys of which at most one may be given.
  func exclusive(_ one: String, _ other: String) {
    guard isReading, findings.isGiven(full(one)), findings.isGiven(full(other)) else { return }
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

  /// Keys that would be known here under another choice: `belong` says which.
  func foreign(_ keys: [String], _ belong: String) {
    for key in keys where !stated.contains(key) { foreign[key] = belong }
  }

  /// Takes every further key as it is: what is known depends on a key that is faulty itself.
  func acceptTheRest() { stated += members.keys }

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

  private func state(_ key: String, _ expected: String, standard: JSON?, isRequired: Bool = false, _ about: String) {
    stated.append(key)
    findings.state(
      RecipeKey(path: full(key), expected: expected, standard: standard, isRequired: isRequired, about: about))
  }

  private func reportUnknownKeys() {
    for key in members.keys where !stated.contains(key) {
      if let belong = foreign[key] {
        place(key).fault("unknown key", expected: nil, advice: belong)
      } else {
        findings.reportUnknown(key, at: full(key), valid: stated)
      }
    }
  }

  private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  private func place(_ key: String) -> Place { Place(path: full(key), findings: findings) }
}
