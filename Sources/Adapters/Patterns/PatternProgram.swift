/// A pattern as instructions, which `PatternMatcher` runs. Does not know what a group has captured: the parser refuses
/// what depends on it.

struct PatternProgram: Sendable {
  enum Instruction: Sendable {
    case character(ASCIISet)
    case assertion(PatternNode.Assertion)
    /// Continues at the first; if that fails, at the second.
    case split(Int, Int)
    case jump(Int)
    /// Matches the part that follows, up to its `accept`, by itself and in one way only.
    case atomic(end: Int)
    case look(end: Int, behind: Int, isNegative: Bool)
    case accept
  }

  private(set) var instructions: [Instruction] = []

  /// Bounds the time of a match; repeats with counts are copies of what they repeat.
  static let maximumCount = 3000

  init(_ node: PatternNode) throws(PatternFault) {
    try add(node)
    try append(.accept)
  }

  private mutating func append(_ instruction: Instruction) throws(PatternFault) {
    guard instructions.count < Self.maximumCount else {
      throw PatternFault("more than \(Self.maximumCount) steps; use * or + for large counts")
    }
    instructions.append(instruction)
  }

  private mutating func add(_ node: PatternNode) throws(PatternFault) {
    switch node {
    case .character(let set): try append(.character(set))
    case .assertion(let assertion): try append(.assertion(assertion))
    case .sequence(let nodes):
      for node in nodes { try add(node) }
    case .choice(let nodes): try addChoice(nodes[...])
    case .repetition(let node, let minimum, let maximum, .possessive):
      try add(.atomic(.repetition(.atomic(node), minimum: minimum, maximum: maximum, .greedy)))
    case .repetition(let node, let minimum, let maximum, let greed):
      try addRepetition(of: node, minimum, maximum, isLazy: greed == .lazy)
    case .atomic(let node): try addPart(node) { .atomic(end: $0) }
    case .lookahead(let node, let isNegative):
      try addPart(node) { .look(end: $0, behind: 0, isNegative: isNegative) }
    case .lookbehind(let node, let width, let isNegative):
      try addPart(node) { .look(end: $0, behind: width, isNegative: isNegative) }
    }
  }

  /// A part that ends with `accept`, after the instruction that runs it.
  private mutating func addPart(_ node: PatternNode, _ head: (Int) -> Instruction) throws(PatternFault) {
    let start = instructions.count
    try append(.accept)
    try add(node)
    try append(.accept)
    instructions[start] = head(instructions.count)
  }

  private mutating func addChoice(_ nodes: ArraySlice<PatternNode>) throws(PatternFault) {
    let first = nodes[nodes.startIndex]
    guard nodes.count > 1 else { return try add(first) }
    let split = instructions.count
    try append(.split(split + 1, 0))
    try add(first)
    let jump = instructions.count
    try append(.jump(0))
    instructions[split] = .split(split + 1, jump + 1)
    try addChoice(nodes.dropFirst())
    instructions[jump] = .jump(instructions.count)
  }

  /// `minimum` copies, then a loop or optional copies. A loop begins with the repeated part, and its end goes back there:
  /// an iteration that matches nothing finds that place taken, and is the last one, as in `sre`.
  private mutating func addRepetition(
    of node: PatternNode, _ minimum: Int, _ maximum: Int, isLazy: Bool
  ) throws(PatternFault) {
    func split(_ more: Int, _ exit: Int) -> Instruction { isLazy ? .split(exit, more) : .split(more, exit) }
    for _ in 0..<minimum {
      let count = instructions.count
      try add(node)
      if instructions.count == count { break }  // it matches nothing, and copies of it too
    }
    var splits: [Int] = []
    func addOptional(_ program: inout Self) throws(PatternFault) {
      splits.append(program.instructions.count)
      try program.append(.accept)
      try program.add(node)
    }
    if maximum == PatternNode.unlimited {
      try addOptional(&self)
      let start = splits[0] + 1, end = instructions.count
      try append(split(start, end + 1))
    } else {
      for _ in minimum..<maximum { try addOptional(&self) }
    }
    for index in splits { instructions[index] = split(index + 1, instructions.count) }
  }
}
