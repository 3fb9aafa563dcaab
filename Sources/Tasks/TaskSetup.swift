/// How a run gets its task: settings and data in, a training task with its inference out.
package import Datasets
package import Encoders

/// The settings of a task, which a recipe's section "task" fills.
package protocol TaskSettings: Sendable {
  /// Reads the data and makes the training task.
  /// - Throws: `TaskFault`, and the errors of the data's readers.
  func setUp(_ context: TaskContext) throws -> TaskSetup
  /// Tokens that its texts have and the tokenizer must find as a whole. Default: none.
  /// - Throws: the errors of the data's readers.
  func newTokens(in data: TaskData) throws -> [String]
}

extension TaskSettings {
  package func newTokens(in data: TaskData) throws -> [String] { [] }
}

/// What a task is set up from.
package struct TaskContext: Sendable {
  package let data: TaskData
  package let tokenizer: TextTokenizer
  /// Labels of the base model's head.
  package let baseLabels: [String]
  /// Labels of the teachers whose logits are compared; nil: none.
  package let teacherLabels: [String]?
  /// The base model's folder; nil: there is none.
  package let base: String?
  package let seed: UInt64
  package let threads: Int

  package init(
    data: TaskData, tokenizer: TextTokenizer, baseLabels: [String], teacherLabels: [String]?, base: String? = nil,
    seed: UInt64, threads: Int
  ) {
    (self.data, self.tokenizer, self.baseLabels) = (data, tokenizer, baseLabels)
    (self.teacherLabels, self.base, self.seed, self.threads) = (teacherLabels, base, seed, threads)
  }

  /// The teachers' labels, or those of the base model, if they suffice for the data; nil: a new head is needed.
  func knownLabels(suffice: ([String]) -> Bool) -> (labels: [String], reuseHead: Bool)? {
    if let teacherLabels, suffice(teacherLabels) { return (teacherLabels, teacherLabels == baseLabels) }
    return suffice(baseLabels) ? (baseLabels, true) : nil
  }
}

package struct TaskSetup: Sendable {
  package var task: any Task
  package var inference: any TaskInference
  /// Whether the base model's head is reused.
  package let reuseHead: Bool
  /// The size of each split, for messages and the model card: "60 sentences".
  package let splitSizes: [Split: String]
  /// The scheme that the data's tags were read in; nil: the data have no tags.
  package let tagScheme: TagScheme?
  /// Messages for the user.
  package let notes: [String]

  init(
    task: any Task, inference: any TaskInference, reuseHead: Bool, splitSizes: [Split: String],
    tagScheme: TagScheme? = nil, notes: [String]
  ) {
    (self.task, self.inference, self.reuseHead) = (task, inference, reuseHead)
    (self.splitSizes, self.tagScheme, self.notes) = (splitSizes, tagScheme, notes)
  }

  /// Throws a `TaskFault` if no evaluation of dev, with these labels, has the metric.
  package func check(_ metric: Metric) throws {
    guard let inference = inference as? any RecordInference, metric.name != Metric.loss.name,
      try !inference.reports(metric, on: task.records(in: .dev) ?? [Record]())
    else { return }
    throw inference is ExtractiveQA
      ? TaskFault.noScoredQuestions(metric.name) : .undefinedMetric(metric.name, labels: labels)
  }

  package var headType: HeadType { type(of: inference).headType }
  package var labels: [String] { inference.labels }
}

/// The loss weight of each label; nil if none is set.
/// - Parameter key: of the section "task".
/// - Throws: `TaskFault.unknownLabelsOf`.
func loss(weights: [String: Double], of labels: [String], key: String) throws(TaskFault) -> [Float]? {
  let unknown = weights.keys.filter { !labels.contains($0) }.sorted()
  if !unknown.isEmpty { throw .unknownLabelsOf(key: key, unknown, known: labels) }
  return weights.isEmpty ? nil : labels.map { Float(weights[$0] ?? 1) }
}
