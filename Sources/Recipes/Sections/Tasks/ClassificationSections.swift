/// "task": {"type": "token_classification", …} and {"type": "sequence_classification", …}.
import Datasets
import Tasks

extension TokenClassificationSettings: TaskSection {
  var content: RecordContent { .taggedWords }

  mutating func declare(_ fields: Fields) {
    fields.declareLabels(&labels, "those of the training data, in IOB2")
    fields.field(
      "split_words", &splitWords, .choice(or: "auto"),
      "Where predictions split a text into words; \"auto\": as the words of the training data are.")
    fields.declareClassificationLoss(&labelSmoothing, &classWeights)
  }
}

extension SequenceClassificationSettings: TaskSection {
  var content: RecordContent { .labeledTexts }
  var usesWindows: Bool { longText == .mean }

  mutating func declare(_ fields: Fields) {
    fields.declareLabels(&labels, "those of the training data, sorted")
    fields.declareClassificationLoss(&labelSmoothing, &classWeights)
    fields.field(
      "long_text", &longText, .choice,
      "Texts longer than max_length: cut off, or read in windows whose probabilities are averaged.")
  }
}

extension Fields {
  func declareLabels(_ labels: inout [String]?, _ defaults: String) {
    optional(
      "labels", &labels, .list(of: .string, minCount: 2),
      "The head's labels, in the order of their ids; else \(defaults).")
    if let labels {
      check(Set(labels).count == labels.count, "labels", expected: "distinct labels")
    }
  }

  /// The keys of a cross-entropy with class weights and label smoothing.
  func declareClassificationLoss(_ labelSmoothing: inout Double, _ classWeights: inout [String: Double]) {
    field("label_smoothing", &labelSmoothing, .number(0..<1), "Fraction of each target that is spread over all labels.")
    field("class_weights", &classWeights, .map(of: .number(above: 0)), "Loss weight per label; 1 for others.")
  }
}
