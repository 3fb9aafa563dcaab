/// Precision, recall and F1 of one type or class, and averages of them as NumPy computes them.
package import Files

/// Scores of one entity type or class, or an average over several.
package struct TypeScore: Sendable, Equatable {
  package var precision: Double
  package var recall: Double
  package var f1: Double
  /// Entities, or examples, in the gold labels.
  package var support: Int
}

extension TypeScore {
  package var json: JSON {
    .object(["precision": .double(precision), "recall": .double(recall), "f1": .double(f1), "support": .int(support)])
  }
}

/// How many labels are gold, how many are predicted, and how many are both.
struct MatchCounts {
  var gold = 0
  var predicted = 0
  var correct = 0

  static func + (a: Self, b: Self) -> Self {
    MatchCounts(gold: a.gold + b.gold, predicted: a.predicted + b.predicted, correct: a.correct + b.correct)
  }

  /// As scikit-learn with `zero_division=0`: 0 if a denominator is 0, F1 = 2·correct / (gold + predicted) in one division.
  var score: TypeScore {
    TypeScore(
      precision: Double(correct) / Double(max(predicted, 1)), recall: Double(correct) / Double(max(gold, 1)),
      f1: 2 * Double(correct) / Double(max(gold + predicted, 1)), support: gold)
  }
}

/// The mean over types in the order of `np.average`.
func average(_ scores: [TypeScore], weights: [Double], support: Int) -> TypeScore {
  let total = pairwiseSum(weights[...])
  func mean(_ value: (TypeScore) -> Double) -> Double {
    total == 0 ? 0 : pairwiseSum(zip(scores, weights).map { value($0) * $1 }[...]) / total
  }
  return TypeScore(precision: mean(\.precision), recall: mean(\.recall), f1: mean(\.f1), support: support)
}

/// The scores of the labels that are gold or predicted, and their means.
struct LabelScores {
  let byName: [String: TypeScore]
  let macro, weighted: TypeScore

  /// - Parameters:
  ///   - counts: of each label, of which `names` are sorted by code point, as Python sorts: the order of summation affects the
  ///     last digit of a mean.
  ///   - support: of the means.
  init(
    _ counts: [MatchCounts], names: [String], support: Int, score: (MatchCounts) -> TypeScore = { $0.score }
  ) {
    let occurring = counts.indices.filter { counts[$0].gold + counts[$0].predicted > 0 }
    let scores = occurring.map { score(counts[$0]) }
    byName = Dictionary(uniqueKeysWithValues: zip(occurring.map { names[$0] }, scores))
    macro = average(scores, weights: scores.map { _ in 1 }, support: support)
    weighted = average(scores, weights: scores.map { Double($0.support) }, support: support)
  }
}

/// The sum in NumPy's order (`pairwise_sum` in numpy/_core/src/umath/loops_utils.h.src): sequential below 8 terms,
/// eight running sums up to 128, recursive bisection above.
func pairwiseSum(_ x: ArraySlice<Double>) -> Double {
  let start = x.startIndex
  if x.count < 8 { return x.reduce(0, +) }
  if x.count > 128 {
    let half = x.count / 2
    let middle = start + half - half % 8
    return pairwiseSum(x[..<middle]) + pairwiseSum(x[middle...])
  }
  var r = Array(x.prefix(8))
  let whole = x.count - x.count % 8
  for index in stride(from: 8, to: whole, by: 8) {
    for lane in 0..<8 { r[lane] += x[start + index + lane] }
  }
  let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
  return x[(start + whole)...].reduce(sum, +)
}
