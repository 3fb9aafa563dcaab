/// Values by module name pattern: PEFT's `rank_pattern` and `alpha_pattern`.

struct NamePatterns<Value: Equatable> {
  private let key: String
  /// In the order in which they are tried.
  private let entries: [(pattern: String, value: Value, matches: (String) throws -> Bool)]

  /// - Parameter takesFirst: of several patterns that match a module, the first by name applies, as in PEFT's files;
  ///   else the longest.
  /// - Throws: `TargetFault.badPattern` with `key`.
  init(_ patterns: [String: Value], key: String, takesFirst: Bool) throws {
    func length(_ pattern: String) -> Int { takesFirst ? 0 : pattern.count }
    self.key = key
    entries = try patterns.sorted { (length($1.key), $0.key) < (length($0.key), $1.key) }.map { pattern, value in
      (pattern, value, try expression(pattern, key: key, atEndOfName: true))
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
  static func forFile(_ patterns: [String: Value], of names: [String], key: String, takesFirst: Bool) throws -> [String:
    Value]
  {
    let own = try Self(patterns, key: key, takesFirst: takesFirst),
      first = try Self(patterns, key: key, takesFirst: true)
    let values = try names.map { (name: $0, value: try own.value(of: $0)) }
    if patterns.keys.allSatisfy(isName), try values.allSatisfy({ try first.value(of: $0.name) == $0.value }) {
      return patterns
    }
    return [String: Value](uniqueKeysWithValues: values.compactMap { entry in entry.value.map { (entry.name, $0) } })
  }
}

private func isName(_ pattern: String) -> Bool {
  pattern.utf8.allSatisfy { ASCIISet.word.contains($0) || $0 == UInt8(ascii: ".") }
}
