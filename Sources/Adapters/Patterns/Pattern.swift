/// A regular expression for module and weight names, with the syntax and the meaning of Python's `re`.
///
/// Recipes and adapter_config.json share patterns with PEFT, so a pattern must choose here what it chooses there.
/// Swift's Regex differs: `\b` finds no boundary at a dot, there is no lookbehind, and it has syntax that `re` rejects.

public struct Pattern: Sendable {
  private let root: PatternNode
  private let groupCount: Int
  private let source: String

  /// Limits keep the recursion of parser and matcher shallow.
  static let maximumLength = 1000, maximumNesting = 100

  /// - Throws: `PatternFault` for what `re.compile` rejects, and for characters that no name has.
  public init(_ source: String) throws(PatternFault) {
    self.source = source
    guard source.utf8.count <= Self.maximumLength else {
      throw PatternFault("longer than \(Self.maximumLength) bytes")
    }
    guard source.utf8.allSatisfy({ $0 < 128 }) else {
      throw PatternFault("names consist of ASCII characters, and the pattern has others")
    }
    (root, groupCount) = try PatternParser.parse(source)
  }

  /// A pattern for the end of a name, as PEFT's `rank_pattern` and `alpha_pattern` use it. PEFT puts it between two
  /// groups: its flags are then not at the start, and its own groups are numbered from 3.
  public init(atEndOfName pattern: String) throws(PatternFault) { try self.init("(.*\\.)?(\(pattern))$") }

  /// Whether the pattern matches the whole name, as `re.fullmatch`.
  /// - Throws: `PatternFault` if the search takes millions of steps, as it may with nested repeats.
  public func matches(_ name: String) throws(PatternFault) -> Bool {
    let matcher = PatternMatcher(name, groupCount: groupCount)
    let isMatch = matcher.fullMatch(root)
    if matcher.isExhausted { throw PatternFault("matching it against '\(name)' takes too long") }
    return isMatch
  }
}

/// Why a pattern cannot be used.
public struct PatternFault: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
