/// Values by module name pattern: PEFT's `rank_pattern` and `alpha_pattern`.

/// The order in which patterns are tried; the first that matches a module applies.
enum PatternOrder: Sendable, Equatable {
  case longestFirst
  /// As PEFT tries those of a file: as the file lists them, by the key that they are under. Others by name.
  case listed([String: [String]])

  static var byName: Self { .listed([:]) }

  fileprivate func sorted(_ patterns: some Collection<String>, key: String) -> [String] {
    switch self {
    case .longestFirst: patterns.sorted { ($1.count, $0) < ($0.count, $1) }
    case .listed(let order):
      (order[key] ?? []) + patterns.sorted().filter { !(order[key] ?? []).contains($0) }
    }
  }
}

struct NamePatterns<Value: Equatable> {
  private let key: String
  /// In the order in which they are tried.
  private let entries: [(pattern: String, value: Value, matches: (String) throws -> Bool)]

  /// - Throws: `TargetFault.badPattern` with `key`.
  init(_ patterns: [String: Value], key: String, _ order: PatternOrder) throws {
    self.key = key
    entries = try order.sorted(patterns.keys, key: key).compactMap { pattern in
      try patterns[pattern].map { (pattern, $0, try expression(pattern, key: key, atEndOfName: true)) }
    }
  }

  /// The value of the first pattern that matches the end of the name; nil: none does.
  func value(of name: String) throws -> Value? { try entries.first { try $0.matches(name) }?.value }

  /// Throws if a pattern matches none of `names`.
  /// - Parameter endings: ends of module names, for the message.
  func check(among names: [String], _ endings: [String]) throws {
    for entry in entries where try !names.contains(where: entry.matches) {
      throw TargetFault.nothingMatches(key: key, pattern: "\"\(entry.pattern)\"", modules: endings)
    }
  }

  /// The patterns for adapter_config.json, where the first by name applies: as they are if they are ends of names and
  /// give the same values to `names` there; else one entry for each of these modules.
  /// - Parameter nameInFile: the name that `order` and `patterns` are for.
  static func forFile(
    _ patterns: [String: Value], of names: [String], key: String, _ order: PatternOrder, nameInFile: (String) -> String
  ) throws -> [String: Value] {
    let own = try Self(patterns, key: key, order), first = try Self(patterns, key: key, .byName)
    let values = try names.map { (name: $0, value: try own.value(of: nameInFile($0))) }
    if patterns.keys.allSatisfy(isName), try values.allSatisfy({ try first.value(of: $0.name) == $0.value }) {
      return patterns
    }
    return [String: Value](uniqueKeysWithValues: values.compactMap { entry in entry.value.map { (entry.name, $0) } })
  }
}

private func isName(_ pattern: String) -> Bool {
  pattern.utf8.allSatisfy { ASCIISet.word.contains($0) || $0 == UInt8(ascii: ".") }
}
