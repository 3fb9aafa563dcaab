/// Scores of the cosine similarities of pairs of texts against gold scores of any scale.
import Autograd
package import Files

package struct SimilarityScore: Sendable, Equatable {
  fileprivate let correlations: RegressionScore

  package var json: JSON {
    .object(values.mapValues(JSON.double).merging(["support": .int(correlations.support)]) { $1 })
  }
}

extension SimilarityScore: MetricSource {
  package static let table: [ScoreMetric<SimilarityScore>] = [
    ScoreMetric("spearman", isHeadline: true) { $0.correlations.definedSpearman },
    ScoreMetric("pearson", isHeadline: true) { $0.correlations.definedPearson },
  ]
}

/// Gold scores, and the similarities of the vectors.
struct SimilarityExamples: ScoredExamples {
  private let gold, predicted: [Double]
  private let examples: RegressionExamples

  init(gold: [Double], predicted: [Double]) {
    (self.gold, self.predicted) = (gold, predicted)
    examples = RegressionExamples(gold: gold, predicted: predicted)
  }

  var count: Int { examples.count }
  func score(weights: [Int]) -> SimilarityScore { SimilarityScore(correlations: examples.score(weights: weights)) }

  /// The loss of CoSENT with its default scale.
  var coSENT: Double {
    let pass = Pass(Workspace()), similarities = pass.make(predicted.count, 1)
    for (row, value) in predicted.enumerated() { similarities.pointer[row] = Float(20 * value) }
    return Autograd.coSENT(similarities, targets: gold.map { Float($0) }, pass)
  }
}
