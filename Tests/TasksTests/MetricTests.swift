/// Tests the metrics that tasks state.
import Tasks
import Testing

@Test func `metrics are found by name, with their direction`() {
  let names = TaskType.allMetrics.map(\.name)
  #expect(Set(names).count == names.count)
  for metric in TaskType.allMetrics { #expect(TaskType.metric(named: metric.name) == metric) }
  #expect(TaskType.metric(named: "height") == nil)
  #expect(
    TaskType.allMetrics.filter { !$0.higherIsBetter }.map(\.name).sorted() == [
      "brier", "ece", "loss", "mae", "mse", "perplexity",
    ])
}

@Test func `tasks that share a metric's name share its direction`() {
  for metric in TaskType.allCases.flatMap({ $0.inference.metrics }) {
    #expect(TaskType.metric(named: metric.name)?.higherIsBetter == metric.higherIsBetter)
  }
}

@Test func `a value is better only if it is strictly better`() {
  let loss = Metric.loss, f1 = Metric("f1")
  #expect(
    loss.isBetter(1, than: 2) && !loss.isBetter(2, than: 2) && f1.isBetter(2, than: 1) && !f1.isBetter(1, than: 1))
  #expect(!f1.isBetter(.nan, than: 1) && !f1.isBetter(1, than: .nan))
}
