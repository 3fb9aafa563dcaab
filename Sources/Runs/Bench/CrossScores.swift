/// What a method has learned on each task, scored on the test data of each.
import Files
package import Tasks

/// The scores of one base and method: trained on one task, tested on each.
package struct CrossScores {
  package let base, method: String
  /// In the order of `scores`' rows and columns.
  package let tasks: [String]
  package let metric: Metric
  /// By the task of the training and that of the test data; nil: not scored.
  package let scores: [[GridSummary.Score?]]
}

extension CrossScores {
  var json: JSON {
    [
      "base": .string(base), "method": .string(method), "metric": .string(metric.name),
      "scores": .object(
        Dictionary(
          zip(tasks, scores).map { trained, scores in
            (
              trained,
              .object(Dictionary(zip(tasks, scores).map { ($0, $1?.json ?? .null) }) { first, _ in first })
            )
          }
        ) { first, _ in first }),
    ]
  }
}
