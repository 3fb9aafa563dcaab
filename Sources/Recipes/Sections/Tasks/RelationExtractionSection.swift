/// "task": {"type": "relation_extraction", …}.
import Datasets
import Files
import Tasks

extension RelationExtractionSettings: TaskSection {
  var content: RecordContent { .labeledTexts }
  var usesWindows: Bool { false }

  mutating func declare(_ fields: Fields) {
    fields.declareLabels(&labels, "those of the training data, sorted")
    fields.optional(
      "negative_label", &negativeLabel, .string,
      "The label of entities without a relation, which precision, recall and F1 do not count.")
    fields.optional(
      "entity_marking", &marking, .choice,
      "How entities whose spans or marks the data give are shown to the model: @TYPE$ in their place, or markers around them."
    )
    fields.declareClassificationLoss(&labelSmoothing, &classWeights)
  }
}
