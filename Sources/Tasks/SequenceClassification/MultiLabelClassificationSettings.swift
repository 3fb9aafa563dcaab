/// Settings of multi-label classification, and what a run needs for it.

package struct MultiLabelClassificationSettings: Sendable, Equatable {
  /// What an example to which a label applies counts, by label; 1 for labels that are not listed.
  package var positiveWeights: [String: Double] = [:]
  /// The exponent of a focal loss; nil: cross-entropy.
  package var focalGamma: Double?
  /// The head's labels, by id; nil: those of the training data, sorted.
  package var labels: [String]?
  package var longText = LongText.truncate
  package var temperature: TemperatureChoice?
  package var threshold = ThresholdChoice.fixed(0.5)

  package init() {}
}

extension MultiLabelClassificationSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let texts = try LabeledTexts(context)
    if threshold.usesDev, context.data.paths(.dev).isEmpty { throw TaskFault.noDev(key: "threshold") }
    try temperature?.check(context.data)
    let (labels, reuseHead) = try context.chooseLabels(listed: self.labels, found: texts.labels, minCount: 1)
    let inference = MultiLabelClassification(
      labels: labels, reading: texts.reading(longText), thresholdChoice: threshold, temperature: temperature)
    let weights = try loss(weights: positiveWeights, of: labels, key: "pos_weight")
    return texts.setup(
      inference, MultiLabelLoss(positiveWeights: weights, gamma: Float(focalGamma ?? 0)), reuseHead: reuseHead)
  }
}
