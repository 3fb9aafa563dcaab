/// Relation extraction: predicts which relation two entities of a text have, or that they have none.
package import Datasets
import Encoders
package import Files
import Tokenization

/// A classification of texts in which the two entities are marked, scored without the negative label.
package struct RelationExtraction: TextInference {
  package static let name = "relation_extraction"
  package static let problemType: String? = "single_label_classification"
  package static let readsEntities = true
  package static let metrics: [Metric] = RelationScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "text-classification", purpose: "relation extraction", record: "record",
    autoModel: "AutoModelForSequenceClassification",
    use: "says which relation two marked entities of a text have",
    scoring:
      "F1, precision and recall are scikit-learn's over all labels but the negative one. A label that the model does "
      + "not have counts as missed.")

  private let classification: SequenceClassification
  /// The label of entities without a relation, which precision, recall and F1 do not count; nil: all labels count.
  package let negativeLabel: String?
  /// How the entities are marked; nil: the texts already say which are meant.
  package let marking: EntityMarking?

  package var labels: [String] { classification.labels }
  package var reading: TextReading { classification.reading }
  package var longTextAdvice: String { ", perhaps with an entity" }

  private enum CodingKeys: String, CodingKey {
    case negativeLabel = "negative_label", marking = "entity_marking"
  }

  package init(labels: [String]) {
    self.init(labels: labels, reading: TextReading(pairs: false), negativeLabel: nil, marking: nil)
  }

  package init(labels: [String], reading: TextReading, negativeLabel: String?, marking: EntityMarking?) {
    classification = SequenceClassification(labels: labels, reading: reading)
    (self.negativeLabel, self.marking) = (negativeLabel, marking)
  }

  /// Only the labels are required.
  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    classification = try SequenceClassification(from: decoder)
    negativeLabel = try file.decodeIfPresent(String.self, forKey: .negativeLabel)
    marking = try file.decodeIfPresent(EntityMarking.self, forKey: .marking)
  }

  package func encode(to encoder: any Encoder) throws {
    try classification.encode(to: encoder)
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(negativeLabel, forKey: .negativeLabel)
    try file.encode(marking, forKey: .marking)
  }

  package func check(_ record: Record) throws(TaskFault) {
    try classification.check(record)
    if marking != nil, record.entities == nil { throw .noEntities(record) }
  }

  package func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord {
    classification.encode(marked(record), tokenizer)
  }

  package func wordMap(_ record: Record, _ tokenizer: TextTokenizer) -> WordMap {
    classification.wordMap(marked(record), tokenizer)
  }

  private func marked(_ record: Record) -> Record {
    guard let marking, let entities = record.entities, let text = record.texts.first else { return record }
    var marked = record
    marked.texts[0] = marking.text(text, entities)
    return marked
  }

  package func targets(of record: Record) -> Targets { classification.targets(of: record) }

  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    classification.predict(record, encoded, from: logits)
  }

  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    RelationExamples(
      gold: predictions.indices.map { records[$0].labels.first ?? "" }, predicted: predictions.map(\.label),
      negative: negativeLabel)
  }

  package func unknownLabelNote(_ records: any Dataset) -> String? { classification.unknownLabelNote(records) }
  package func unknownInputNote(_ records: any Dataset, _ tokenizer: TextTokenizer) -> String? {
    marking?.unknownMarkersNote(records, tokens: tokenizer.tokenizer.tokens)
  }
  package func gold(of record: Record) -> JSON { classification.gold(of: record) }
}
