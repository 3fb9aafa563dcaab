/// Settings of sequence classification, and what a run needs for it: the labels and the training task.
import Datasets

package struct SequenceClassificationSettings: Sendable, Equatable {
  package var labelSmoothing = 0.0
  /// The exponent of a focal loss; nil: cross-entropy.
  package var focalGamma: Double?
  /// Loss weight per label; 1 for labels that are not listed.
  package var classWeights: [String: Double] = [:]
  /// The head's labels, by id; nil: those of the training data, sorted.
  package var labels: [String]?
  /// The class of `f1_positive`; nil: the second of two labels, and of more none.
  package var positiveLabel: String?
  package var temperature: TemperatureChoice?
  package var longText = LongText.truncate

  package init() {}
}

extension SequenceClassificationSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let texts = try LabeledTexts(context)
    let (labels, reuseHead) = try context.chooseLabels(listed: self.labels, found: texts.labels, minCount: 2)
    if let positiveLabel, !labels.contains(positiveLabel) {
      throw TaskFault.unknownLabelsOf(key: "positive_label", [positiveLabel], known: labels)
    }
    let inference = SequenceClassification(
      labels: labels, reading: texts.reading(longText), positiveLabel: positiveLabel, temperature: temperature)
    try temperature?.check(context.data)
    let weights = try loss(weights: classWeights, of: labels, key: "class_weights")
    return texts.setup(
      inference,
      ClassificationLoss(weights: weights, smoothing: Float(labelSmoothing), gamma: Float(focalGamma ?? 0)),
      reuseHead: reuseHead)
  }
}
