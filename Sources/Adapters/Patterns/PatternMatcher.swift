/// Runs a pattern's instructions. None is tried twice at one position, so a match takes time in proportion to the
/// pattern's length and the name's; each part that is matched by itself, such as a lookahead, adds the same for each
/// position.
///
/// Alternatives are tried in the order of Python's `sre`, so possessive repeats and atomic groups keep the match that `sre`
/// finds first.

struct PatternMatcher {
  private let instructions: [PatternProgram.Instruction]
  private let text: [UInt8]
  /// Where the part at an instruction, matched at a position, ends.
  private var partEnds: [Int: Int?] = [:]
  private var steps = 0

  /// More than the longest program takes without parts for a name of 160 bytes.
  private static let maximumSteps = 500_000

  init(_ program: PatternProgram, _ text: String) {
    (instructions, self.text) = (program.instructions, Array(text.utf8))
  }

  /// Whether the search was given up.
  var isExhausted: Bool { steps > Self.maximumSteps }

  mutating func fullMatch() -> Bool { firstEnd(0..<instructions.count, at: 0, isWhole: true) != nil }

  /// The end of the first match of a part of the program, up to its `accept`; nil: there is none.
  private mutating func firstEnd(_ part: Range<Int>, at start: Int, isWhole: Bool = false) -> Int? {
    let width = text.count + 1
    steps += part.count * width / 64  // for the memory that follows
    if isExhausted { return nil }
    var visited = [Bool](repeating: false, count: part.count * width)
    var pending = [(part.lowerBound, start)]
    while var (index, position) = pending.popLast() {
      thread: while !visited[(index - part.lowerBound) * width + position] {
        visited[(index - part.lowerBound) * width + position] = true
        steps += 1
        if isExhausted { return nil }
        switch instructions[index] {
        case .character(let set):
          guard position < text.count, set.contains(text[position]) else { break thread }
          (index, position) = (index + 1, position + 1)
        case .assertion(let assertion):
          guard holds(assertion, at: position) else { break thread }
          index += 1
        case .split(let first, let second):
          pending.append((second, position))
          index = first
        case .jump(let target): index = target
        case .atomic(let end):
          guard let found = partEnd(index + 1..<end, at: position) else { break thread }
          (index, position) = (end, found)
        case .look(let end, let behind, let isNegative):
          let isFound = position >= behind && partEnd(index + 1..<end, at: position - behind) != nil
          guard isFound != isNegative else { break thread }
          index = end
        case .accept:
          if !isWhole || position == text.count { return position }
          break thread
        }
      }
    }
    return nil
  }

  private mutating func partEnd(_ part: Range<Int>, at position: Int) -> Int? {
    let key = part.lowerBound * (text.count + 1) + position
    if let end = partEnds[key] { return end }
    let end = firstEnd(part, at: position)
    partEnds[key] = .some(end)
    return end
  }

  private func holds(_ assertion: PatternNode.Assertion, at position: Int) -> Bool {
    func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ASCIISet.word.contains(text[index]) }
    // A name has no line breaks, so ^ and $ do not depend on (?m).
    return switch assertion {
    case .start: position == 0
    case .end: position == text.count
    case .wordBoundary: isWord(position - 1) != isWord(position)
    case .notWordBoundary: isWord(position - 1) == isWord(position)
    }
  }
}
