/// "task": {"type": "relation_extraction", …}, and its rule about the data.
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

extension Recipe.Data {
  /// Reports a marking of entities that the data do not give.
  func checkEntities(_ fields: Fields, _ task: Recipe.Task) {
    guard let relation = task.section as? RelationExtractionSettings, relation.marking != nil,
      let table = formatSection as? TableDataFormat, !table.columns.entities.areGiven
    else { return }
    fields.fault(
      fields.fullPath("").dropLast("data.".count) + "task.entity_marking",
      "found, but the data do not say where the entities are",
      expected: "'data.subject_column' and 'data.object_column', or 'data.subject_marks' and 'data.object_marks'",
      advice: "Add these, or remove 'task.entity_marking': the text is then read as it is.")
  }
}
