/// The recipe's section "task". To add a task: a case of `TaskType`, and its keys as a `TaskSection` in the folder Tasks.
import Datasets
import Files
package import Tasks

/// The settings of one task, which declare their keys.
protocol TaskSection: TaskSettings {
  /// What the records of its data files must have.
  var content: RecordContent { get }
  /// Whether it splits long texts into windows, which share `data.stride` tokens.
  var usesWindows: Bool { get }
  /// Whether the loss of a batch compares its examples.
  var comparesExamples: Bool { get }
  /// The defaults of the section "distillation".
  var distillation: Recipe.Distillation { get }
  mutating func declare(_ fields: Fields)
}

extension TaskSection {
  var usesWindows: Bool { true }
  var comparesExamples: Bool { false }

  /// Equal weights of KL and task loss, on labeled tokens.
  var distillation: Recipe.Distillation {
    var section = Recipe.Distillation()
    (section.klWeight, section.taskWeight, section.cosineWeight, section.klTokens) = (0.5, 0.5, 0, .labeled)
    return section
  }
}

extension TaskType {
  /// Settings of a recipe that has no other key of the task.
  fileprivate var defaultSettings: any TaskSection {
    switch self {
    case .tokenClassification: TokenClassificationSettings()
    case .sequenceClassification: SequenceClassificationSettings()
    case .relationExtraction: RelationExtractionSettings()
    case .multiLabelClassification: MultiLabelClassificationSettings()
    case .regression: RegressionSettings()
    case .extractiveQA: ExtractiveQASettings()
    case .embedding: EmbeddingSettings()
    case .maskedLM: MaskedLMSettings()
    }
  }
}

extension Recipe {
  package struct Task: Sendable, Equatable {
    package private(set) var type: TaskType
    private(set) var section: any TaskSection

    package init(_ type: TaskType = .tokenClassification) { (self.type, section) = (type, type.defaultSettings) }

    package var settings: any TaskSettings { section }

    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.type == rhs.type && lhs.json == rhs.json }

    private var json: JSON {
      var section = section
      return Fields.write { section.declare($0) }.json
    }

    mutating func declare(_ fields: Fields) {
      var variant = type
      fields.choice(
        "type", &variant,
        "Task type: one label per word, one or several per text, a relation, a number, an answer, a vector, or masked-language modeling."
      ) {
        variant, fields in
        var task = variant == type ? self : Task(variant)
        task.section.declare(fields)
        if fields.isReading { self = task }
      }
    }
  }
}
