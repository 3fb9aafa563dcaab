/// Settings of relation extraction, and what a run needs for it: the labels and the training task.
import Datasets

package struct RelationExtractionSettings: Sendable, Equatable {
  package var labelSmoothing = 0.0
  /// Loss weight per label; 1 for labels that are not listed.
  package var classWeights: [String: Double] = [:]
  /// The head's labels, by id; nil: those of the training data, sorted.
  package var labels: [String]?
  /// The label of entities without a relation; nil: every label is a relation.
  package var negativeLabel: String?
  /// How entities that the data give are marked; nil: `dummy`.
  package var marking: EntityMarking?

  package init() {}
}

extension RelationExtractionSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let texts = try LabeledTexts(context)
    let (labels, reuseHead) = try context.chooseLabels(listed: self.labels, found: texts.labels, minCount: 2)
    if let negativeLabel, !labels.contains(negativeLabel) {
      throw TaskFault.unknownLabelsOf(key: "negative_label", [negativeLabel], known: labels)
    }
    let inference = RelationExtraction(
      labels: labels, reading: texts.reading(.truncate), negativeLabel: negativeLabel,
      marking: context.data.givesEntities ? marking ?? .dummy : nil)
    let weights = try loss(weights: classWeights, of: labels, key: "class_weights")
    return texts.setup(
      inference, ClassificationLoss(weights: weights, smoothing: Float(labelSmoothing)), reuseHead: reuseHead)
  }
}

extension RelationExtractionSettings {
  /// The markers, by the entities of the training data.
  package func newTokens(in data: TaskData) throws -> [String] {
    guard data.givesEntities, let marking, let train = try data.records(.train) else { return [] }
    return marking.newTokens(for: train)
  }
}

extension TaskData {
  /// Whether its records say where the two entities are.
  var givesEntities: Bool { (format as? TableDataFormat)?.columns.entities.areGiven ?? false }
}
