/// The distillation losses by definition, in Double. Does not use the ops' optimizations.
import Glibc
import TestSupport

func logSoftmax(_ row: [Double]) -> [Double] {
  let top = row.max() ?? 0
  let lse = top + log(row.reduce(0) { $0 + exp($1 - top) })
  return row.map { $0 - lse }
}

/// Σ exp(q)·(q - p) of log-probabilities; an outcome of probability 0 contributes 0.
private func divergence(_ p: [Double], from q: [Double]) -> Double {
  zip(p, q).reduce(0) { $1.1 == -.infinity ? $0 : $0 + exp($1.1) * ($1.1 - $1.0) }
}

extension Grid {
  func row(_ i: Int) -> [Double] { Array(values[i * columns..<(i + 1) * columns]) }
}

struct DivergenceOracle {
  var temperature: Double
  var scale = 1.0
  /// Only the teacher's k most probable classes; nil: all.
  var k: Int?

  func callAsFunction(_ x: Grid, _ teacher: Grid) -> Double {
    let sum = (0..<x.rows).reduce(0.0) { sum, i in
      var p = logSoftmax(x.row(i).map { $0 / temperature }), q = logSoftmax(teacher.row(i).map { $0 / temperature })
      if let k {
        let order = q.indices.sorted { (q[$1], $0) < (q[$0], $1) }
        func merge(_ logs: [Double]) -> [Double] {
          let rest = order[k...].map { logs[$0] }, top = rest.max() ?? 0
          return order[..<k].map { logs[$0] } + [top + log(rest.reduce(0) { $0 + exp($1 - top) })]
        }
        (p, q) = (merge(p), merge(q))
      }
      return sum + divergence(p, from: q)
    }
    return scale * temperature * temperature * sum
  }
}

/// The losses over queries, keys and values, by sequence and head.
struct HeadLossOracle {
  var sequenceOffsets: [Int]
  var heads: Int
  var scale = 1.0

  /// a·bᵀ/√w of one head, `a` and `b` being 0, 1, 2 for q, k, v: one row for each of `rows`.
  private func scores(_ qkv: Grid, _ a: Int, _ b: Int, _ head: Int, _ rows: Range<Int>) -> [[Double]] {
    let d = qkv.columns / 3, w = d / heads
    return rows.map { i in
      rows.map { j in
        var sum = 0.0
        for c in 0..<w { sum += qkv[i, a * d + head * w + c] * qkv[j, b * d + head * w + c] }
        return sum / Double(w).squareRoot()
      }
    }
  }

  private func sum(_ body: (_ head: Int, _ rows: Range<Int>) -> Double) -> Double {
    var sum = 0.0
    for (first, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      for head in 0..<heads { sum += body(head, first..<end) }
    }
    return scale * sum
  }

  func scoreError(_ x: Grid, _ teacher: Grid) -> Double {
    sum { head, rows in
      zip(scores(x, 0, 1, head, rows).joined(), scores(teacher, 0, 1, head, rows).joined())
        .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
  }

  func relationDivergence(_ x: Grid, _ teacher: Grid) -> Double {
    sum { head, rows in
      (0..<3).reduce(0.0) { sum, part in
        zip(scores(x, part, part, head, rows), scores(teacher, part, part, head, rows))
          .reduce(sum) { $0 + divergence(logSoftmax($1.0), from: logSoftmax($1.1)) }
      }
    }
  }
}
