/// Scores of the probabilities of classes: how well they rank examples, and whether they are right as often as they say.

/// Areas under curves as scikit-learn 1.9 computes them, the expected calibration error as torchmetrics 1.9; nil where they
/// are not defined.
package struct ProbabilityScore: Sendable, Equatable {
  /// `roc_auc_score`: of the positive of two labels; of more the mean over labels, each against all others
  /// (`multi_class="ovr"`). A label that no example has, or all, does not count.
  package let rocAUC: Double?
  /// `average_precision_score`, likewise; a label that no example has does not count.
  package let averagePrecision: Double?
  /// Of the predicted labels' probabilities, in 15 bins of equal width. Of label sets: of every label's probability.
  package let calibrationError: Double?
  /// `brier_score_loss`: the mean over examples of the squared errors of all probabilities, halved for two labels. Of
  /// label sets: the mean also over labels.
  package let brier: Double?
}

/// The probabilities of single labels.
struct LabelProbabilities: Sendable {
  private let rankings: [Ranking]
  private let calibration: CalibrationColumns
  private let labels: Int

  /// The columns after the last one are others'.
  var end: Int { calibration.end + 1 }

  /// - Parameters:
  ///   - gold: the index of each example's label; nil: the model does not have it.
  ///   - start: the first column of a tally.
  init(gold: [Int?], _ probabilities: [[Double]], labels: Int, positive: Int?, start: Int) {
    let ranked = labels == 2 ? [positive ?? 1] : Array(0..<labels)
    rankings = ranked.map { label in Ranking(zip(probabilities, gold).map { ($0[label], $1 == label) }) }
    calibration = CalibrationColumns(start: start)
    self.labels = labels
  }

  func add(gold: Int?, predicted: Int, _ probabilities: [Double], to tally: inout Tally) {
    calibration.add(probabilities[predicted], isRight: gold == predicted, to: &tally)
    let errors = probabilities.enumerated().map { $1 - ($0 == gold ? 1 : 0) }
    tally.add(errors.reduce(0) { $0 + $1 * $1 } / (labels == 2 ? 2 : 1), to: calibration.end)
  }

  func score(_ sums: [Double], weights: [Int]) -> ProbabilityScore {
    let means = meanScores(rankings, weights: weights), count = sums[calibration.end - 1]
    return ProbabilityScore(
      rocAUC: means.rocAUC, averagePrecision: means.averagePrecision, calibrationError: calibration.error(sums),
      brier: count == 0 ? nil : sums[calibration.end] / count)
  }
}
