/// What a method has learned on each task, scored on the test data of each.
import Files
public import Tasks

/// The scores of one base and method: trained on one task, tested on each.
public struct CrossScores {
  public let base, method: String
  /// In the order of `scores`' rows and columns.
  public let tasks: [String]
  public let metric: Metric
  /// By the task of the training and that of the test data; nil: not scored.
  public let scores: [[GridSummary.Score?]]
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
