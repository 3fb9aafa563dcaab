/// The evaluation of several tasks that a run trains together.
import Files

extension Evaluation {
  /// The results of each task by its name, and the means of their losses and of one metric of each; nil: there are none.
  package init?(averaging tasks: [(name: String, metric: Metric, evaluation: Evaluation)]) {
    if tasks.isEmpty { return nil }
    func mean(_ value: (Evaluation, Metric) -> Double) -> Double {
      tasks.reduce(0) { $0 + value($1.evaluation, $1.metric) } / Double(tasks.count)
    }
    let means = [
      Metric.average.name: mean { $0.values[$1.name] ?? .nan },
      Metric.loss.name: mean { evaluation, _ in evaluation.loss },
    ]
    let own = tasks.map { ("\($0.name).\($0.metric.name)", $0.evaluation.values[$0.metric.name] ?? .nan) }
    self.init(
      loss: means[Metric.loss.name] ?? .nan, values: means.merging(own) { first, _ in first },
      json: .object(
        means.mapValues(JSON.double).merging(tasks.map { ($0.name, $0.evaluation.json) }) { first, _ in first }))
  }
}
