/// Examples with one gold and one predicted label each, and what their scores are computed from.
import Files

package struct ClassificationExamples: ScoredExamples {
  /// All labels, sorted by code point.
  private let names: [String]
  private let positive: Int?
  private let matches: MatchColumns
  private let probabilities: LabelProbabilities?
  private var tally: Tally

  package var count: Int { tally.count }

  /// - Parameters:
  ///   - gold: one class per example.
  ///   - predicted: the model's class for each example.
  ///   - probabilities: of each example, in the order of `labels`; nil: not known.
  ///   - labels: the model's labels.
  ///   - positiveLabel: nil: there is no positive class.
  /// - Throws: `ClassificationScoreFault` if the numbers of examples differ or a prediction is not one of `labels`.
  package init(
    gold: [String], predicted: [String], probabilities: [[Double]]? = nil, labels: [String],
    positiveLabel: String? = nil
  ) throws(ClassificationScoreFault) {
    guard gold.count == predicted.count else { throw .examples(gold: gold.count, predicted: predicted.count) }
    let ids = Dictionary(zip(labels, labels.indices)) { first, _ in first }
    for (index, name) in predicted.enumerated() where ids[name] == nil {
      throw .label(name, example: index, labels: labels)
    }
    names = Set(labels + gold).sorted(by: precedes)
    let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    positive = positiveLabel.flatMap { numbers[$0] }
    matches = MatchColumns(start: 0, names: names.count)
    self.probabilities = probabilities.map {
      LabelProbabilities(
        gold: gold.map { ids[$0] }, $0, labels: labels.count, positive: positiveLabel.flatMap { ids[$0] },
        start: 3 * numbers.count)
    }
    tally = Tally(columns: self.probabilities?.end ?? matches.end)
    for (index, (gold, predicted)) in zip(gold, predicted).enumerated() {
      let (goldNumber, predictedNumber) = (numbers[gold] ?? 0, numbers[predicted] ?? 0)
      matches.add(goldNumber, gold: true, predicted: gold == predicted, to: &tally)
      if gold != predicted { matches.add(predictedNumber, gold: false, predicted: true, to: &tally) }
      if let all = probabilities {
        self.probabilities?.add(gold: ids[gold], predicted: ids[predicted] ?? 0, all[index], to: &tally)
      }
      tally.endExample()
    }
  }

  package func score(weights: [Int]) -> ClassificationScore {
    let sums = tally.sums(weights: weights)
    return ClassificationScore(
      matches.counts(sums), names: names, positive: positive, probabilities?.score(sums, weights: weights))
  }
}
