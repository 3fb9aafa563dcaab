/// Groups of a pattern: captures, lookarounds, flags and comments.

extension PatternParser {
  /// What follows a parenthesis; nil: a comment, or flags of the whole pattern.
  mutating func group(mayHaveFlags: Bool) throws(PatternFault) -> PatternNode? {
    guard take("?") else { return try capture(name: nil) }
    guard let token = take() else { throw PatternFault("an unfinished group") }
    switch token {
    case [UInt8(ascii: "P")]:
      if take("<") { return try capture(name: try takeName(until: ">")) }
      if take("=") { throw .reference("(?P=…)") }
      throw PatternFault("(?P must be followed by < or =")
    case [UInt8(ascii: ":")]: return .sequence([try closed()])
    case [UInt8(ascii: ">")]: return .atomic(try closed())
    case [UInt8(ascii: "#")]:
      while let skipped = take(), skipped != [UInt8(ascii: ")")] {}
      if tokens[index - 1] != [UInt8(ascii: ")")] { throw PatternFault("an unfinished comment") }
      return nil
    case [UInt8(ascii: "=")], [UInt8(ascii: "!")]:
      return .lookahead(try closed(), isNegative: token == [UInt8(ascii: "!")])
    case [UInt8(ascii: "<")]: return try lookbehind()
    case [UInt8(ascii: "(")]: throw .reference("(?(…)")
    default: return try flagged(token, mayBeGlobal: mayHaveFlags)
    }
  }

  /// The inside of a group, and its closing parenthesis.
  private mutating func closed() throws(PatternFault) -> PatternNode {
    let node = try choice()
    if !take(")") { throw PatternFault("a missing )") }
    return node
  }

  /// A group counts only as a part of the pattern: nothing can refer to what it captures.
  private mutating func capture(name: String?) throws(PatternFault) -> PatternNode {
    if let name, !groupNames.insert(name).inserted { throw PatternFault("a second group named '\(name)'") }
    return .sequence([try closed()])
  }

  private mutating func takeName(until end: Unicode.Scalar) throws(PatternFault) -> String {
    let name = takeWhile(in: .word)
    guard let first = name.utf8.first, !ASCIISet.digits.contains(first), take(end) else {
      throw PatternFault("a group name must be an identifier")
    }
    return name
  }

  private mutating func lookbehind() throws(PatternFault) -> PatternNode {
    let isNegative = take("!")
    if !isNegative && !take("=") { throw PatternFault("(?< must be followed by = or !; a named group is (?P<name>…)") }
    let node = try closed(), width = node.width
    guard width.lowerBound == width.upperBound else { throw PatternFault("a lookbehind must have a fixed width") }
    return .lookbehind(node, width: width.lowerBound, isNegative: isNegative)
  }

  /// `(?i)` for the whole pattern, or `(?i-x:…)` for a group.
  private mutating func flagged(_ first: [UInt8], mayBeGlobal: Bool) throws(PatternFault) -> PatternNode? {
    let outer = flags
    let (added, removed, isGlobal) = try takeFlags(first)
    if isGlobal {
      if !mayBeGlobal { throw PatternFault("flags of the whole pattern must come first; for a part, write (?i:…)") }
      typeFlags.formUnion(added.intersection("au".utf8))
      if typeFlags.count > 1 { throw PatternFault("the flags a and u exclude each other") }
      flags.ignoresCase = flags.ignoresCase || added.contains(UInt8(ascii: "i"))
      flags.isVerbose = flags.isVerbose || added.contains(UInt8(ascii: "x"))
      return nil
    }
    flags.ignoresCase = (outer.ignoresCase || added.contains(UInt8(ascii: "i"))) && !removed.contains(UInt8(ascii: "i"))
    flags.isVerbose = (outer.isVerbose || added.contains(UInt8(ascii: "x"))) && !removed.contains(UInt8(ascii: "x"))
    let node = try closed()
    flags = outer
    return .sequence([node])
  }

  private mutating func takeFlags(
    _ first: [UInt8]
  ) throws(PatternFault) -> (added: Set<UInt8>, removed: Set<UInt8>, isGlobal: Bool) {
    let names = Set("aimsux".utf8)
    var added: Set<UInt8> = [], removed: Set<UInt8> = [], token: [UInt8]? = first
    while let flag = token, flag.count == 1, names.contains(flag[0]) {
      added.insert(flag[0])
      token = take()
    }
    if added.intersection("au".utf8).count > 1 { throw PatternFault("the flags a and u exclude each other") }
    if token == [UInt8(ascii: ")")], !added.isEmpty { return (added, [], true) }
    if token == [UInt8(ascii: "-")] {
      token = take()
      while let flag = token, flag.count == 1, names.contains(flag[0]) {
        removed.insert(flag[0])
        token = take()
      }
      if removed.isEmpty { throw PatternFault("a missing flag after -") }
      if !removed.isDisjoint(with: "au".utf8) { throw PatternFault("the flags a and u cannot be turned off") }
      if !removed.isDisjoint(with: added) { throw PatternFault("a flag turned on and off") }
    } else if added.isEmpty {
      throw PatternFault("an unknown group, (?" + String(decoding: first, as: UTF8.self))
    }
    if token != [UInt8(ascii: ":")] { throw PatternFault("an unknown flag, or a missing :") }
    return (added, removed, false)
  }
}
