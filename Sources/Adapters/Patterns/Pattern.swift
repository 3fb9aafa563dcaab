/// A regular expression for module and weight names, with the syntax and the meaning of Python's `re`.
///
/// Recipes and adapter_config.json share patterns with PEFT, so a pattern must choose here what it chooses there.
/// Swift's Regex differs: `\b` finds no boundary at a dot, there is no lookbehind, and it has syntax that `re` rejects.
///
/// A match takes time in proportion to the lengths of pattern and name; back-references and conditionals, which have no
/// such bound, are refused.

package struct Pattern: Sendable {
  private let program: PatternProgram

  /// Limits keep the recursion of the parser shallow.
  static let maximumLength = 1000, maximumNesting = 100

  /// - Throws: `PatternFault` for what `re.compile` rejects, for characters that no name has, for references to groups, and
  ///   for what is too large.
  package init(_ source: String) throws(PatternFault) {
    guard source.utf8.count <= Self.maximumLength else {
      throw PatternFault("longer than \(Self.maximumLength) bytes")
    }
    guard source.utf8.allSatisfy({ $0 < 128 }) else {
      throw PatternFault("names consist of ASCII characters, and the pattern has others")
    }
    program = try PatternProgram(PatternParser.parse(source))
  }

  /// A pattern for the end of a name, as PEFT's `rank_pattern` and `alpha_pattern` use it. PEFT puts it between two
  /// groups: its flags are then not at the start.
  package init(atEndOfName pattern: String) throws(PatternFault) { try self.init("(.*\\.)?(\(pattern))$") }

  /// Whether the pattern matches the whole name, as `re.fullmatch`.
  /// - Throws: `PatternFault` if the search takes too many steps, as it may with lookarounds in lookarounds.
  package func matches(_ name: String) throws(PatternFault) -> Bool {
    var matcher = PatternMatcher(program, name)
    let isMatch = matcher.fullMatch()
    if matcher.isExhausted { throw PatternFault("matching it against '\(name)' takes too long") }
    return isMatch
  }
}

/// Why a pattern cannot be used.
package struct PatternFault: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }

  static func reference(_ syntax: String) -> Self {
    Self("\(syntax) depends on what a group has matched, which is not supported; write the alternatives out")
  }
}
