/// "task": {"type": "token_classification", …} and {"type": "sequence_classification", …}.
import Datasets
import Encoders
import Files
import Tasks

extension TokenClassificationSettings: TaskSection {
  var content: RecordContent { .taggedWords }

  mutating func declare(_ fields: Fields) {
    fields.declareLabels(&labels, "those of the training data, in IOB2")
    fields.field(
      "split_words", &splitWords, .choice(or: "auto"),
      "Where predictions split a text into words; \"auto\": as the words of the training data are.")
    declareHead(fields)
    fields.declareClassificationLoss(&labelSmoothing, &classWeights)
    fields.declareFocalLoss(&focalGamma, labelSmoothing)
    fields.declareTemperature(&temperature)
    let keys = [
      ("label_smoothing", labelSmoothing == 0), ("class_weights", classWeights.isEmpty),
      ("focal_gamma", focalGamma == nil),
      ("temperature", temperature == nil),
    ]
    for (key, isDefault) in keys {
      fields.check(isDefault || headLayers.decoder == .softmax, key, expected: "no value with decoder \"crf\"")
    }
  }

  private mutating func declareHead(_ fields: Fields) {
    fields.field(
      "decoder", &headLayers.decoder, .choice,
      "How tags are chosen: each word's by itself, or all of a text's together by a linear-chain CRF.")
    var size = headLayers.lstm?.hiddenSize, layers = headLayers.lstm?.layers
    fields.optional(
      "lstm_hidden_size", &size, .int(1..., maximum: HeadLayers.sizes.hidden.upperBound),
      "Units per direction of a bidirectional LSTM over the words, below the tags; else none.")
    fields.optional(
      "lstm_layers", &layers, .int(1..., maximum: HeadLayers.sizes.layers.upperBound),
      needs: fields.fullPath("lstm_hidden_size"),
      "Layers of the LSTM; else one.")
    headLayers.lstm = size.map { HeadLayers.LSTM(hiddenSize: $0, layers: layers ?? 1) }
    fields.field(
      "scalar_mix", &headLayers.mixesStates, .bool,
      "Whether the head reads a learned weighted sum of all hidden states instead of the last.")
  }
}

extension SequenceClassificationSettings: TaskSection {
  var content: RecordContent { .labeledTexts }
  var usesWindows: Bool { longText == .mean }

  mutating func declare(_ fields: Fields) {
    fields.declareLabels(&labels, "those of the training data, sorted")
    fields.optional(
      "positive_label", &positiveLabel, .string, "The class of f1_positive; else the second of two labels.")
    fields.declareClassificationLoss(&labelSmoothing, &classWeights)
    fields.declareFocalLoss(&focalGamma, labelSmoothing)
    fields.declareTemperature(&temperature)
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
    fields.declareFocalLoss(&focalGamma)
    fields.declareTemperature(&temperature)
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

extension FieldType<TemperatureChoice> {
  fileprivate static var temperature: Self {
    let number = FieldType<Double>.number(0.05...20)
    return Self(
      "a number from 0.05 to 20 or \"dev\"", schema: Schema.either(Schema.names(["dev"]), number.schema),
      write: { if case .fixed(let temperature) = $0 { .double(temperature) } else { "dev" } }
    ) { json in
      if json == "dev" { return .dev }
      return json.number.flatMap { (0.05...20).contains($0) ? .fixed($0) : nil }
    }
  }
}

extension Fields {
  func declareTemperature(_ temperature: inout TemperatureChoice?) {
    optional(
      "temperature", &temperature, .temperature,
      "What the logits are divided by for probabilities; or chosen on dev (temperature scaling).")
  }

  func declareFocalLoss(_ gamma: inout Double?, _ labelSmoothing: Double = 0) {
    optional("focal_gamma", &gamma, .number(above: 0), "The exponent of a focal loss; else cross-entropy.")
    check(gamma == nil || labelSmoothing == 0, "focal_gamma", expected: "no value with label_smoothing")
  }

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
