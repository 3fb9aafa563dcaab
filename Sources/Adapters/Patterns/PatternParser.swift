/// Parses a pattern as Python's `re` does, with the same errors. This file has sequences, choices and repeats; groups,
/// escapes and classes are in its extensions.

struct PatternParser {
  struct Flags {
    var ignoresCase = false
    /// `(?x)`: whitespace and comments between the parts are skipped.
    var isVerbose = false
  }

  /// One character, or a backslash and the character after it.
  let tokens: [[UInt8]]
  var index = 0
  var nesting = 0
  var flags = Flags()
  /// Type flags `a` and `u` given for the whole pattern.
  var typeFlags: Set<UInt8> = []
  var groupNames: Set<String> = []

  static func parse(_ source: String) throws(PatternFault) -> PatternNode {
    var parser = PatternParser(tokens: try tokenize(Array(source.utf8)))
    let node = try parser.choice(isTop: true)
    if parser.next != nil { throw PatternFault("unbalanced parenthesis") }
    return node
  }

  private static func tokenize(_ bytes: [UInt8]) throws(PatternFault) -> [[UInt8]] {
    var tokens: [[UInt8]] = [], index = 0
    while index < bytes.count {
      let count = bytes[index] == UInt8(ascii: "\\") ? 2 : 1
      guard index + count <= bytes.count else { throw PatternFault("a backslash at the end") }
      tokens.append(Array(bytes[index..<index + count]))
      index += count
    }
    return tokens
  }

  var next: [UInt8]? { index < tokens.count ? tokens[index] : nil }

  mutating func take() -> [UInt8]? {
    guard let token = next else { return nil }
    index += 1
    return token
  }

  /// Takes the next token if it is `character`.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == [UInt8(ascii: character)] else { return false }
    index += 1
    return true
  }

  /// Branches separated by `|`.
  /// - Parameter isTop: whether global flags may come first.
  mutating func choice(isTop: Bool = false) throws(PatternFault) -> PatternNode {
    nesting += 1
    defer { nesting -= 1 }
    if nesting > Pattern.maximumNesting { throw PatternFault("more than \(Pattern.maximumNesting) nested groups") }
    var branches = [try sequence(mayHaveFlags: isTop)]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  /// What can be repeated.
  enum ItemType { case item, assertion, repetition }

  mutating func sequence(mayHaveFlags: Bool = false) throws(PatternFault) -> PatternNode {
    var nodes: [PatternNode] = [], lastType: ItemType?
    while let token = next, token != [UInt8(ascii: "|")], token != [UInt8(ascii: ")")] {
      index += 1
      if flags.isVerbose, skipsBlank(token) { continue }
      switch token[0] {
      case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
        if let (minimum, maximum) = try bounds(token[0]) {
          guard lastType != .repetition else { throw PatternFault("a repeat after a repeat") }
          guard lastType == .item else { throw PatternFault("nothing to repeat") }
          let greed: PatternNode.Greed = take("?") ? .lazy : take("+") ? .possessive : .greedy
          nodes.append(.repetition(nodes.removeLast(), minimum: minimum, maximum: maximum, greed))
          lastType = .repetition
          continue
        }
        nodes.append(character(ASCIISet(token)))
        lastType = .item
      case UInt8(ascii: "("):
        if let node = try group(mayHaveFlags: mayHaveFlags && nodes.isEmpty) {
          nodes.append(node)
          lastType = .item
        }
      default:
        let node = try single(token)
        nodes.append(node)
        if case .assertion = node { lastType = .assertion } else { lastType = .item }
      }
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  /// A part that is one token or a class.
  private mutating func single(_ token: [UInt8]) throws(PatternFault) -> PatternNode {
    switch token[0] {
    case UInt8(ascii: "\\"): try escape(token[1])
    case UInt8(ascii: "["): try characterClass()
    case UInt8(ascii: "."): .character(ASCIISet.newline.inverted)
    case UInt8(ascii: "^"): .assertion(.start)
    case UInt8(ascii: "$"): .assertion(.end)
    default: character(ASCIISet(token))
    }
  }

  func character(_ set: ASCIISet) -> PatternNode { .character(flags.ignoresCase ? set.ignoringCase : set) }

  /// Whether `token` is whitespace or begins a comment, which is then skipped.
  private mutating func skipsBlank(_ token: [UInt8]) -> Bool {
    if token == [UInt8(ascii: "#")] {
      while let skipped = take(), skipped != [10] {}
      return true
    }
    return token.count == 1 && ASCIISet([9, 10, 11, 12, 13, 32]).contains(token[0])
  }

  /// The bounds of a repeat; nil: the brace is a literal.
  private mutating func bounds(_ sign: UInt8) throws(PatternFault) -> (Int, Int)? {
    switch sign {
    case UInt8(ascii: "*"): return (0, PatternNode.unlimited)
    case UInt8(ascii: "+"): return (1, PatternNode.unlimited)
    case UInt8(ascii: "?"): return (0, 1)
    default: break
    }
    if next == [UInt8(ascii: "}")] { return nil }
    let start = index, low = takeWhile(in: .digits)
    let high = take(",") ? takeWhile(in: .digits) : low
    guard take("}") else {
      index = start
      return nil
    }
    let minimum = low.isEmpty ? 0 : min(Int(low) ?? .max, PatternNode.unlimited)
    let maximum = high.isEmpty ? PatternNode.unlimited : min(Int(high) ?? .max, PatternNode.unlimited)
    if maximum < minimum { throw PatternFault("a repeat whose minimum is above its maximum") }
    return (minimum, maximum)
  }

  /// The next characters of the set, at most `limit`.
  mutating func takeWhile(in set: ASCIISet, limit: Int = .max) -> String {
    var taken = ""
    while taken.utf8.count < limit, let token = next, token.count == 1, set.contains(token[0]) {
      taken.unicodeScalars.append(Unicode.Scalar(token[0]))
      index += 1
    }
    return taken
  }
}
