/// Attention and its gradient by definition, in Double. Does not use the op's optimizations.
import Glibc
import TestSupport

/// Packed sequences. The mask has the factor by which dropout multiplies each row's, head's and key's probability.
struct AttentionOracle {
  var sequenceOffsets: [Int]
  var heads: Int
  /// A row reads the keys at most this far away; nil: all keys.
  var window: Int?
  /// [n, heads·longest]; nil: no dropout.
  var mask: Grid?

  var longest: Int { zip(sequenceOffsets.dropFirst(), sequenceOffsets).map(-).max() ?? 0 }

  private func factor(_ row: Int, _ head: Int, _ key: Int) -> Double { mask?[row, head * longest + key] ?? 1 }

  /// softmax(q·kᵀ/√w) of one row and head.
  private func probabilities(_ qkv: Grid, _ row: Int, _ head: Int, _ keys: Range<Int>) -> [Double] {
    let d = qkv.columns / 3, w = d / heads
    var scores = keys.map { key in
      var sum = 0.0
      for c in 0..<w { sum += qkv[row, head * w + c] * qkv[key, d + head * w + c] }
      return sum / Double(w).squareRoot()
    }
    let top = scores.max() ?? 0
    var sum = 0.0
    for j in scores.indices {
      scores[j] = exp(scores[j] - top)
      sum += scores[j]
    }
    return scores.map { $0 / sum }
  }

  /// `first` is the first row of the row's sequence.
  private func forEachRow(_ body: (_ row: Int, _ head: Int, _ keys: Range<Int>, _ first: Int) -> Void) {
    for (first, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      for head in 0..<heads { for row in first..<end { body(row, head, keys(of: row, in: first..<end), first) } }
    }
  }

  /// The keys that a row of the sequence `rows` reads.
  func keys(of row: Int, in rows: Range<Int>) -> Range<Int> {
    guard let window else { return rows }
    return max(rows.lowerBound, row - window)..<min(rows.upperBound, row + window + 1)
  }

  func forward(_ qkv: Grid) -> Grid {
    let d = qkv.columns / 3, w = d / heads
    var y = Grid(qkv.rows, d)
    forEachRow { row, head, keys, first in
      let p = probabilities(qkv, row, head, keys)
      for (j, key) in keys.enumerated() {
        let weight = p[j] * factor(row, head, key - first)
        for c in head * w..<(head + 1) * w { y[row, c] += weight * qkv[key, 2 * d + c] }
      }
    }
    return y
  }

  func backward(_ qkv: Grid, _ dy: Grid) -> Grid {
    let d = qkv.columns / 3, w = d / heads, scale = 1 / Double(w).squareRoot()
    var dqkv = Grid(qkv.rows, 3 * d)
    forEachRow { row, head, keys, first in
      let p = probabilities(qkv, row, head, keys)
      var dp = p.map { _ in 0.0 }
      for (j, key) in keys.enumerated() {
        let factor = factor(row, head, key - first)
        for c in head * w..<(head + 1) * w {
          dp[j] += factor * dy[row, c] * qkv[key, 2 * d + c]
          dqkv[key, 2 * d + c] += factor * p[j] * dy[row, c]
        }
      }
      let mean = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
      for (j, key) in keys.enumerated() {
        let ds = p[j] * (dp[j] - mean) * scale
        for c in head * w..<(head + 1) * w {
          dqkv[row, c] += ds * qkv[key, d + c]
          dqkv[key, d + c] += ds * qkv[row, c]
        }
      }
    }
    return dqkv
  }
}
