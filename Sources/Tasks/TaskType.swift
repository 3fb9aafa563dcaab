package import Encoders
/// The registered tasks.
import Files

/// As `task.type` in a recipe and "task" in tune.json.
package enum TaskType: String, CaseIterable, Sendable, Codable {
  /// One label per word (NER).
  case tokenClassification = "token_classification"
  /// One label per text, or per pair of texts.
  case sequenceClassification = "sequence_classification"
  /// The relation of two entities of a text.
  case relationExtraction = "relation_extraction"
  /// Any number of labels per text, or per pair of texts.
  case multiLabelClassification = "multi_label_classification"
  /// A number per text, or per pair of texts.
  case regression
  /// The answer to a question as a part of its context.
  case extractiveQA = "extractive_qa"
  /// A vector per text.
  case embedding
  /// Masked-language modeling on running text.
  case maskedLM = "masked_lm"

  package var inference: any TaskInference.Type {
    switch self {
    case .tokenClassification: TokenClassification.self
    case .sequenceClassification: SequenceClassification.self
    case .relationExtraction: RelationExtraction.self
    case .multiLabelClassification: MultiLabelClassification.self
    case .regression: Regression.self
    case .extractiveQA: ExtractiveQA.self
    case .embedding: Embedding.self
    case .maskedLM: MaskedLM.self
    }
  }
}

extension TaskType {
  /// The type of a task.
  package init(of inference: any TaskInference) {
    let name = type(of: inference).name
    guard let type = TaskType(rawValue: name) else { preconditionFailure("the task \(name) is not registered") }
    self = type
  }
}

extension TaskType {
  /// The tasks that the model class in config.json has the head of (`architectures`), by `problem_type` where several
  /// have it; empty for another class.
  package static func architectures(of config: ModelConfig) -> [TaskType] {
    let classes = config.json["architectures"]?.array?.compactMap(\.string) ?? []
    let problem = config.json["problem_type"]?.string ?? (config.labels.count == 1 ? "regression" : nil)
    return allCases.filter {
      let task = $0.inference
      // The class without a head, which every checkpoint can be, says nothing.
      if task.headType == .embedding { return false }
      return classes.contains(config.family.architecture.className(task.headType))
        && (problem == nil || task.problemType == nil || task.problemType == problem)
    }
  }
}

extension TaskType {
  /// The metrics of all tasks, each once. Tasks that share a metric's name share its direction.
  package static let allMetrics: [Metric] = allCases.flatMap { $0.inference.metrics }.uniqueByName

  /// The metric of any task with this name, for results whose task is not at hand.
  package static func metric(named name: String) -> Metric? { allMetrics.first { $0.name == name } }
}
