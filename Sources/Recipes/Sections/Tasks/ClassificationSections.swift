/// "task": {"type": "token_classification", …} and {"type": "sequence_classification", …}.
import Datasets
import Files
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
    fields.declareLongText(&longText)
  }
}

extension MultiLabelClassificationSettings: TaskSection {
  var content: RecordContent { .labeledTexts }
  var usesWindows: Bool { longText == .mean }

  mutating func declare(_ fields: Fields) {
    fields.declareLabels(&labels, "those of the training data, sorted")
    fields.field(
      "pos_weight", &positiveWeights, .map(of: .number(above: 0)),
      "What an example to which a label applies counts, by label; 1 for others.")
    fields.field(
      "threshold", &threshold, .threshold,
      "The probability from which a label applies; or chosen on dev, for all labels or for each.")
    fields.declareLongText(&longText)
  }
}

extension RegressionSettings: TaskSection {
  var content: RecordContent { .labeledTexts }
  var usesWindows: Bool { longText == .mean }

  mutating func declare(_ fields: Fields) { fields.declareLongText(&longText) }
}

extension FieldType<ThresholdChoice> {
  fileprivate static var threshold: Self {
    let number = FieldType<Double>.number(0...1)
    return Self(
      "a number from 0 to 1, \"dev\" or \"dev_per_label\"",
      schema: Schema.either(Schema.names(["dev", "dev_per_label"]), number.schema),
      write: {
        switch $0 {
        case .fixed(let threshold): .double(threshold)
        case .dev: "dev"
        case .devPerLabel: "dev_per_label"
        }
      }
    ) { json in
      switch json {
      case "dev": .dev
      case "dev_per_label": .devPerLabel
      default: json.number.flatMap { (0...1).contains($0) ? .fixed($0) : nil }
      }
    }
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

  func declareLongText(_ longText: inout LongText) {
    field(
      "long_text", &longText, .choice,
      "Texts longer than max_length: cut off, or read in windows whose answers are averaged.")
  }

  /// The keys of a cross-entropy with class weights and label smoothing.
  func declareClassificationLoss(_ labelSmoothing: inout Double, _ classWeights: inout [String: Double]) {
    field("label_smoothing", &labelSmoothing, .number(0..<1), "Fraction of each target that is spread over all labels.")
    field("class_weights", &classWeights, .map(of: .number(above: 0)), "Loss weight per label; 1 for others.")
  }
}
