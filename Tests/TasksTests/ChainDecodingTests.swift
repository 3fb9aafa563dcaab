import Encoders
/// Tags of a CRF against the enumeration of all legal tags, and which steps a scheme allows.
import Glibc
import Hashing
import Testing

@testable import Tasks

private struct Text {
  let words, tags: Int
  let emissions: [Float]
  let scores: TransitionScores
  let legal: LegalSteps

  init(words: Int, tags: Int, seed: UInt64, scale: Float, legal: Double) {
    var generator = SplitMix64(seed: seed)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in .random(in: -scale...scale, using: &generator) } }
    func flags(_ count: Int) -> [Bool] { (0..<count).map { _ in Double.random(in: 0..<1, using: &generator) < legal } }
    (self.words, self.tags) = (words, tags)
    emissions = numbers(words * tags)
    scores = TransitionScores(start: numbers(tags), transitions: numbers(tags * tags), end: numbers(tags))
    self.legal = LegalSteps(
      start: flags(tags), end: flags(tags), transitions: (0..<tags).map { _ in flags(tags) })
  }

  var chain: Chain { Chain(emissions: emissions, scores, legal) }

  /// Every legal sequence of tags with its score, in lexical order.
  var paths: [(tags: [Int], score: Double)] {
    let all = (0..<words).reduce([[Int]]([[]])) { paths, _ in paths.flatMap { path in (0..<tags).map { path + [$0] } } }
    return all.compactMap { path in
      guard legal.start[path[0]], legal.end[path[words - 1]],
        zip(path, path.dropFirst()).allSatisfy({ legal.transitions[$0][$1] })
      else { return nil }
      var score = Double(scores.start[path[0]]) + Double(scores.end[path[words - 1]])
      for (t, tag) in path.enumerated() {
        score += Double(emissions[t * tags + tag])
        if t > 0 { score += Double(scores.transitions[path[t - 1] * tags + tag]) }
      }
      return (path, score)
    }
  }
}

@Suite struct ChainDecodingTests {
  @Test(arguments: [1, 2, 6], [1, 2, 3, 6])
  func `the best tags and the probabilities are those of the enumeration`(_ words: Int, _ tags: Int) {
    for seed in 1...(words * tags > 20 ? 2 : 20) {
      let text = Text(words: words, tags: tags, seed: UInt64(seed), scale: 3, legal: seed % 2 == 0 ? 1 : 0.8)
      let paths = text.paths
      guard let best = paths.max(by: { $0.score < $1.score }) else { continue }
      #expect(text.chain.best() == best.tags)
      let total = paths.reduce(0) { $0 + exp($1.score - best.score) }
      let marginals = text.chain.marginals()
      for word in 0..<words {
        for tag in 0..<tags {
          let mass = paths.reduce(0) { $0 + ($1.tags[word] == tag ? exp($1.score - best.score) : 0) }
          #expect(abs(marginals[word][tag] - mass / total) < 1e-9)
        }
      }
    }
  }

  @Test func `of equal tags the lower one is chosen, a text without words has none, and one is always found`() {
    let scores = TransitionScores(start: [0, 0], transitions: [0, 0, 0, 0], end: [0, 0])
    let all = LegalSteps(start: [true, true], end: [true, true], transitions: [[true, true], [true, true]])
    #expect(Chain(emissions: [1, 1, 0, 0], scores, all).best() == [0, 0])
    #expect(Chain(emissions: [], scores, all).best().isEmpty && Chain(emissions: [], scores, all).marginals().isEmpty)
    let none = LegalSteps(
      start: [false, false], end: [false, false], transitions: [[false, false], [false, false]])
    #expect(Chain(emissions: [0, 1, 2, 0], scores, none).best() == [1, 0])
  }

  @Test func `a text of 20,000 words is decoded`() {
    let text = Text(words: 20_000, tags: 3, seed: 5, scale: 8, legal: 1)
    let best = text.chain.best(), marginals = text.chain.marginals()
    #expect(best.count == 20_000 && marginals.count == 20_000)
    #expect(marginals.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-9 })
  }

  @Test(arguments: schemes) fileprivate func `a scheme allows its own steps only`(_ scheme: Scheme) throws {
    let labels = scheme.labels, legal = try EntityLabels(labels).legalSteps(labels)
    #expect(labels.indices.filter { legal.start[$0] } == scheme.start)
    #expect(labels.indices.filter { legal.end[$0] } == scheme.end)
    for (tag, next) in scheme.next { #expect(labels.indices.filter { legal.transitions[tag][$0] } == next, "\(tag)") }
  }
}

/// Labels, those that a text may begin and end with, and those that may follow one.
private struct Scheme: Sendable {
  let labels: [String], start: [Int], end: [Int], next: [Int: [Int]]
}

private let schemes = [
  Scheme(
    labels: ["O", "B-A", "I-A", "B-B", "I-B"], start: [0, 1, 3], end: [0, 1, 2, 3, 4],
    next: [0: [0, 1, 3], 1: [0, 1, 2, 3], 4: [0, 1, 3, 4]]),
  Scheme(
    labels: ["O", "B-A", "I-A", "E-A", "S-A"], start: [0, 1, 4], end: [0, 3, 4],
    next: [0: [0, 1, 4], 1: [2, 3], 2: [2, 3], 3: [0, 1, 4]]),
  Scheme(
    labels: ["O", "B-A", "I-A", "L-A", "U-A", "U-B"], start: [0, 1, 4, 5], end: [0, 3, 4, 5],
    next: [1: [2, 3], 5: [0, 1, 4, 5]]),
  // A type without B- label begins with I-; types without a prefix may follow anything.
  Scheme(
    labels: ["O", "I-A", "B-B", "I-B"], start: [0, 1, 2], end: [0, 1, 2, 3], next: [0: [0, 1, 2], 2: [0, 1, 2, 3]]),
  Scheme(labels: ["O", "Drug", "Dose"], start: [0, 1, 2], end: [0, 1, 2], next: [0: [0, 1, 2], 1: [0, 1, 2]]),
  Scheme(labels: ["O", "B", "I"], start: [0, 1], end: [0, 1, 2], next: [0: [0, 1], 1: [0, 1, 2]]),
]
