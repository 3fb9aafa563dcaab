/// Examples with a gold and a predicted set of labels each, and what their scores are computed from.

package struct MultiLabelExamples: ScoredExamples {
  /// The model's labels, and then gold labels that it does not have.
  private let names: [String]
  private let matches: MatchColumns
  private let calibration: CalibrationColumns
  private let rankings: [Ranking]
  private var tally: Tally

  package var count: Int { tally.count }
  /// The columns after those of the calibration.
  private var brier: Int { calibration.end }
  private var exact: Int { calibration.end + 1 }
  private var samples: Int { calibration.end + 2 }

  /// - Parameters:
  ///   - gold: the labels of each example.
  ///   - probabilities: of each example, in the order of `labels`.
  ///   - labels: the model's.
  package init(gold: [Set<String>], predicted: [Set<String>], probabilities: [[Double]], labels: [String]) {
    precondition(gold.count == predicted.count && gold.count == probabilities.count, "one prediction per example")
    names = labels + Set(gold.joined()).subtracting(labels).sorted()
    matches = MatchColumns(start: 0, names: names.count)
    calibration = CalibrationColumns(start: matches.end)
    rankings = labels.indices.map { label in
      Ranking(zip(probabilities, gold).map { ($0[label], $1.contains(labels[label])) })
    }
    tally = Tally(columns: calibration.end + 5)
    for (index, (gold, predicted)) in zip(gold, predicted).enumerated() {
      for (number, name) in names.enumerated() {
        matches.add(number, gold: gold.contains(name), predicted: predicted.contains(name), to: &tally)
      }
      for (label, probability) in zip(labels, probabilities[index]) {
        let error = probability - (gold.contains(label) ? 1 : 0)
        calibration.add(probability, isRight: gold.contains(label), to: &tally)
        tally.add(error * error, to: brier)
      }
      if gold == predicted { tally.add(to: exact) }
      let score = MatchCounts(
        gold: gold.count, predicted: predicted.count, correct: gold.intersection(predicted).count
      ).score
      for (offset, value) in [score.precision, score.recall, score.f1].enumerated() {
        tally.add(value, to: samples + offset)
      }
      tally.endExample()
    }
  }

  package func score(weights: [Int]) -> MultiLabelScore {
    let sums = tally.sums(weights: weights), support = weights.reduce(0, +), n = Double(max(support, 1))
    let counts = matches.counts(sums), pairs = sums[calibration.end - 1]
    let means = meanScores(rankings, weights: weights)
    return MultiLabelScore(
      counts, names: names, support: support, accuracy: sums[exact] / n,
      samples: TypeScore(
        precision: sums[samples] / n, recall: sums[samples + 1] / n,
        f1: sums[samples + 2] / n, support: counts.reduce(0) { $0 + $1.gold }),
      ProbabilityScore(
        rocAUC: means.rocAUC, averagePrecision: means.averagePrecision, calibrationError: calibration.error(sums),
        brier: pairs == 0 ? nil : sums[brier] / pairs))
  }
}
