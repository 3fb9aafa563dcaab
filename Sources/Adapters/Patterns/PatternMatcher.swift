/// Matches a pattern by backtracking, in the order of Python's `sre`: what follows a node is a function of the position.

final class PatternMatcher {
  private let text: [UInt8]
  /// What each group has matched; nil: nothing yet. The first entry is unused.
  private var captures: [Range<Int>?]
  private var steps = 0

  private static let maximumSteps = 5_000_000

  init(_ text: String, groupCount: Int) {
    self.text = Array(text.utf8)
    captures = Array(repeating: nil, count: groupCount + 1)
  }

  /// Whether the search was given up.
  var isExhausted: Bool { steps > Self.maximumSteps }

  func fullMatch(_ node: PatternNode) -> Bool { match(node, at: 0) { $0 == text.count } }

  private typealias Continuation = (Int) -> Bool

  /// Whether `node` matches at `position` so that `next` accepts where the match ends. Captures of a failed match are
  /// restored.
  private func match(_ node: PatternNode, at position: Int, _ next: Continuation) -> Bool {
    steps += 1
    if isExhausted { return false }
    switch node {
    case .character(let set):
      return position < text.count && set.contains(text[position]) && next(position + 1)
    case .assertion(let assertion): return isAt(assertion, position) && next(position)
    case .sequence(let nodes): return match(nodes[...], at: position, next)
    case .choice(let nodes): return nodes.contains { match($0, at: position, next) }
    case .group(let number, let node):
      return match(node, at: position) { end in
        restoringCaptures {
          captures[number] = position..<end
          return next(end)
        }
      }
    case .repetition(let node, let minimum, let maximum, let greed):
      let loop = Loop(node: node, minimum: minimum, maximum: maximum, greed: greed)
      return greed == .possessive ? repeatOnce(loop, position, next) : iterate(loop, 0, position, last: nil, next)
    case .atomic(let node):
      return restoringCaptures { firstEnd(of: node, at: position).map(next) ?? false }
    case .lookahead(let node, let isNegative):
      return look(isNegative, { firstEnd(of: node, at: position) != nil }, then: { next(position) })
    case .lookbehind(let node, let width, let isNegative):
      return look(
        isNegative, { position >= width && firstEnd(of: node, at: position - width) != nil },
        then: { next(position) })
    case .backreference(let group, let ignoresCase):
      guard let captured = captures[group] else { return false }
      let end = position + captured.count
      return end <= text.count && isEqual(text[captured], text[position..<end], ignoresCase) && next(end)
    case .conditional(let group, let yes, let no):
      return match(captures[group] == nil ? no : yes, at: position, next)
    }
  }

  private func match(_ nodes: ArraySlice<PatternNode>, at position: Int, _ next: Continuation) -> Bool {
    guard let first = nodes.first else { return next(position) }
    return match(first, at: position) { match(nodes.dropFirst(), at: $0, next) }
  }

  private struct Loop {
    let node: PatternNode
    let minimum, maximum: Int
    let greed: PatternNode.Greed
  }

  /// Greedy and lazy repeats.
  /// - Parameters:
  ///   - count: iterations so far.
  ///   - last: where the latest optional iteration began. One that matches nothing is the last one.
  private func iterate(_ loop: Loop, _ count: Int, _ position: Int, last: Int?, _ next: Continuation) -> Bool {
    if count < loop.minimum {
      return match(loop.node, at: position) { end in
        // More iterations that match nothing change nothing.
        iterate(loop, end == position ? loop.minimum : count + 1, end, last: last, next)
      }
    }
    func oneMore() -> Bool {
      guard count < loop.maximum, position != last else { return false }
      return match(loop.node, at: position) { iterate(loop, count + 1, $0, last: position, next) }
    }
    return loop.greed == .lazy ? next(position) || oneMore() : oneMore() || next(position)
  }

  /// A possessive repeat: no iteration is tried in another way.
  private func repeatOnce(_ loop: Loop, _ start: Int, _ next: Continuation) -> Bool {
    restoringCaptures {
      var position = start, count = 0
      while count < loop.maximum, let end = firstEnd(of: loop.node, at: position) {
        count += 1
        if end == position {
          count = max(count, loop.minimum)
          break
        }
        position = end
      }
      return count >= loop.minimum && next(position)
    }
  }

  /// The end of the first match of `node`, whose captures remain; nil: none.
  private func firstEnd(of node: PatternNode, at position: Int) -> Int? {
    var found: Int?
    _ = match(node, at: position) { end in
      found = end
      return true
    }
    return found
  }

  private func look(_ isNegative: Bool, _ isFound: () -> Bool, then next: () -> Bool) -> Bool {
    restoringCaptures {
      let before = captures
      let isFound = isFound()
      if isNegative { captures = before }
      return isFound != isNegative && next()
    }
  }

  private func restoringCaptures(_ body: () -> Bool) -> Bool {
    let before = captures
    if body() { return true }
    captures = before
    return false
  }

  private func isAt(_ assertion: PatternNode.Assertion, _ position: Int) -> Bool {
    func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ASCIISet.word.contains(text[index]) }
    // A name has no line breaks, so ^ and $ do not depend on (?m).
    return switch assertion {
    case .start: position == 0
    case .end: position == text.count
    case .wordBoundary: isWord(position - 1) != isWord(position)
    case .notWordBoundary: isWord(position - 1) == isWord(position)
    }
  }

  private func isEqual(_ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>, _ ignoresCase: Bool) -> Bool {
    zip(first, second).allSatisfy { $0 == $1 || ignoresCase && ASCIISet([$0]).ignoringCase.contains($1) }
  }
}
