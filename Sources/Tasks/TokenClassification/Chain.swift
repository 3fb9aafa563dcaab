/// A linear-chain CRF at inference: the best tags of a text and their probabilities, in Double.
import Datasets
import Glibc

/// Which tags may follow each other.
struct LegalSteps: Sendable {
  /// Of the first tag, and of the last.
  let start, end: [Bool]
  /// Of a tag (row) and the one after it (column).
  let transitions: [[Bool]]
}

/// The scores of all tags of one text.
struct Chain {
  /// Row by row; the scores of the first and the last tag are those of `start` and `end` too.
  private let emissions: [[Double]]
  private let transitions: [[Double]]

  /// What a step costs that is not legal. It is finite, so that there are tags even where no sequence is legal.
  private static let penalty = -1e9

  /// - Parameter emissions: [words, tags], row by row.
  init(emissions: [Float], _ scores: TransitionScores, _ legal: LegalSteps) {
    let c = scores.start.count
    func scored(_ score: Float, _ isLegal: Bool) -> Double { Double(score) + (isLegal ? 0 : Self.penalty) }
    var rows = stride(from: 0, to: emissions.count, by: c).map { emissions[$0..<$0 + c].map(Double.init) }
    if !rows.isEmpty {
      for tag in 0..<c {
        rows[0][tag] += scored(scores.start[tag], legal.start[tag])
        rows[rows.count - 1][tag] += scored(scores.end[tag], legal.end[tag])
      }
    }
    self.emissions = rows
    transitions = (0..<c).map { from in
      (0..<c).map { scored(scores.transitions[from * c + $0], legal.transitions[from][$0]) }
    }
  }

  private var tags: Range<Int> { transitions.indices }

  /// The most probable tags (Viterbi); of equal ones the lower.
  func best() -> [Int] {
    guard var scores = emissions.first else { return [] }
    var previous: [[Int]] = []
    for row in emissions.dropFirst() {
      let from = tags.map { to in argmax(tags.map { scores[$0] + transitions[$0][to] }) }
      scores = tags.map { scores[from[$0]] + transitions[from[$0]][$0] + row[$0] }
      previous.append(from)
    }
    var path = [argmax(scores)]
    for from in previous.reversed() { path.append(from[path[path.count - 1]]) }
    return path.reversed()
  }

  /// The probability of every tag of every word, among all legal tags of the text (forward-backward).
  func marginals() -> [[Double]] {
    guard var forward = emissions.first.map({ [$0] }) else { return [] }
    for row in emissions.dropFirst() {
      let before = forward[forward.count - 1]
      forward.append(tags.map { to in row[to] + logSumExp(tags.map { before[$0] + transitions[$0][to] }) })
    }
    var backward = tags.map { _ in 0.0 }, marginals: [[Double]] = []
    for (index, row) in emissions.enumerated().reversed() {
      let scores = tags.map { forward[index][$0] + backward[$0] }, total = logSumExp(scores)
      marginals.append(scores.map { exp($0 - total) })
      backward = tags.map { from in logSumExp(tags.map { transitions[from][$0] + row[$0] + backward[$0] }) }
    }
    return marginals.reversed()
  }
}

/// The index of the largest number; of equal ones the lower.
private func argmax(_ x: [Double]) -> Int { x.indices.reduce(0) { x[$1] > x[$0] ? $1 : $0 } }

private func logSumExp(_ x: [Double]) -> Double {
  let top = x.max() ?? 0
  return top + log(x.reduce(0) { $0 + exp($1 - top) })
}
