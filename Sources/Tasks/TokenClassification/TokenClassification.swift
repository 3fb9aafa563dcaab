/// Token classification: predicts a tag for every word from the word's first token. Metrics are entity-level.
package import Datasets
package import Encoders
package import Files
import Tokenization

package struct TokenClassification: ExplainableInference {
  package static let name = "token_classification"
  package static let headType = HeadType.tokenClassification
  package static let metrics: [Metric] = EntityScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "token-classification", purpose: "token classification", record: "sentence",
    autoModel: "AutoModelForTokenClassification",
    use: "finds entities of its types in texts",
    scoring: "The metrics are entity-level: type, start and end must match (seqeval's default mode).")

  package let labels: [String]
  /// How a text is split into words.
  package let splitWords: WordSplitting
  package let headLayers: HeadLayers
  package var temperature: Double?
  package let isFittedOnDev: Bool
  let entityLabels: EntityLabels
  private let legalSteps: LegalSteps

  private enum CodingKeys: String, CodingKey {
    case labels, temperature
    case splitWords = "split_words"
    case head
  }

  package init(labels: [String]) throws { try self.init(labels: labels, splitWords: .punctuation) }

  /// - Throws: `TaskFault.labelNames`.
  package init(
    labels: [String], splitWords: WordSplitting, headLayers: HeadLayers = HeadLayers(),
    temperature: TemperatureChoice? = nil
  ) throws(TaskFault) {
    (self.labels, self.splitWords, self.headLayers) = (labels, splitWords, headLayers)
    (self.temperature, isFittedOnDev) = (temperature?.start, temperature == .dev)
    entityLabels = try EntityLabels(labels)
    legalSteps = entityLabels.legalSteps(labels)
  }

  /// Only the labels are required.
  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      labels: try file.decode([String].self, forKey: .labels),
      splitWords: try file.decodeIfPresent(WordSplitting.self, forKey: .splitWords) ?? .punctuation,
      headLayers: try file.decodeIfPresent(HeadLayers.self, forKey: .head) ?? HeadLayers())
    temperature = try file.decodeIfPresent(Double.self, forKey: .temperature)
  }

  package func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(labels, forKey: .labels)
    try file.encode(splitWords, forKey: .splitWords)
    if headLayers != HeadLayers() { try file.encode(headLayers, forKey: .head) }
    try file.encodeIfPresent(temperature, forKey: .temperature)
  }

  /// Ready words, or the words of the record's text.
  package func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord {
    if record.texts.isEmpty {
      return EncodedRecord(features(tokenizer.tokenize(record.words), record.tags, tokenizer))
    }
    let (tokens, words) = splitWords.words(of: record.texts[0], tokenizer)
    return EncodedRecord(features(tokens, [], tokenizer), words: words)
  }

  /// One feature per window; none without words. The target at a word's first token is its tag; other tokens have none.
  private func features(_ text: TokenizedWords, _ tags: [String], _ tokenizer: TextTokenizer) -> [Features] {
    if text.wordStarts.isEmpty { return [] }
    let labelIDs = entityLabels.ids(ofIOB2: tags)
    return tokenizer.windows(text).map { window in
      let ids = tokenizer.ids(text, window)
      let firstRow = tokenizer.tokenizer.template.before.count
      let rows = window.words.map { text.wordStarts[$0] - window.tokens.lowerBound + firstRow }
      if headLayers.readsWords {
        let tags = tags.isEmpty ? rows.map { _ in -1 } : window.words.map { labelIDs[$0] }
        return Features(ids: ids, targets: .tagSequences([tags]), predictionRows: rows)
      }
      var targets = [Int32](repeating: -1, count: ids.count)
      if !tags.isEmpty { for (row, word) in zip(rows, window.words) { targets[row] = labelIDs[word] } }
      return Features(ids: ids, targets: .classes(targets), predictionRows: rows)
    }
  }

  package var evaluationLoss: any LossFunction { loss() }

  /// The loss for the head's decoder.
  func loss(weights: [Float]? = nil, smoothing: Float = 0, gamma: Float = 0) -> any LossFunction {
    let loss = ClassificationLoss(weights: weights, smoothing: smoothing, gamma: gamma)
    return switch (headLayers.decoder, headLayers.readsWords) {
    case (.crf, _): ChainLoss()
    case (.softmax, true): WordLoss(loss)
    case (.softmax, false): loss
    }
  }

  /// The label of each word, from the logits of its window. A CRF chooses those of all windows together.
  func decode(_ windows: [Logits]) -> [(label: Int, probability: Double)] {
    guard let transitions = windows.first?.transitions else {
      return windows.flatMap { logits in
        (0..<logits.rows).map { row in
          let (label, probability) = argmax(logits[row], temperature: Float(temperature ?? 1))
          return (label, Double(probability))
        }
      }
    }
    let chain = Chain(emissions: windows.flatMap(\.values), transitions, legalSteps)
    return zip(chain.best(), chain.marginals()).map { ($0, $1[$0]) }
  }

  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    let tags = decode(logits).map { ScoredLabel(labels[$0.label], $0.probability) }
    guard let text = record.texts.first else {
      return .tags(tags, entities(tags) { ($0, record.words[$0].joined(separator: " ")) })
    }
    let scalars = Array(text.unicodeScalars), words = encoded.words
    return .entities(
      entities(tags) { span in
        let range = words[span.lowerBound].lowerBound..<words[span.upperBound - 1].upperBound
        return (range, String(scalars[range]))
      })
  }

  /// The entities of predicted labels. An I- tag without an entity before it starts one, as in scoring.
  /// - Parameter text: the offsets and the text of a range of words.
  private func entities(_ tags: [ScoredLabel], text: (Range<Int>) -> (Range<Int>, String)) -> [Entity] {
    TagScheme.iob2.spans(entityLabels.iob2(tags.map(\.label))).spans.map { span in
      let (range, text) = text(span.start..<span.end)
      let sum = tags[span.start..<span.end].reduce(0) { $0 + $1.probability }
      return Entity(
        label: span.type, start: range.lowerBound, end: range.upperBound, text: text,
        probability: sum / Double(span.end - span.start))
    }
  }

  /// With the best temperature.
  package func fitted(to records: some Dataset, _ encoded: [EncodedRecord], _ logits: [[Logits]]) -> Self {
    let words = logits.indices.flatMap { index -> [(row: ArraySlice<Float>, gold: Int)] in
      let rows = logits[index].flatMap { window in (0..<window.rows).map { window[$0] } }
      return zip(rows, entityLabels.ids(ofIOB2: records[index].tags)).filter { $0.1 >= 0 }.map { ($0, Int($1)) }
    }
    var copy = self
    copy.temperature = bestTemperature { temperature in
      words.reduce(0) { $0 + surprise(softmax($1.row, temperature: temperature)[$1.gold]) }
    }
    return copy
  }

  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    let gold = predictions.indices.map { records[$0].tags }
    let predicted = predictions.map { prediction -> [ScoredLabel] in
      if case .tags(let tags, _) = prediction { tags } else { [] }
    }
    let names = predicted.map { $0.map(\.label) }
    return try EntityExamples(
      gold: gold, predicted: names.map(entityLabels.iob2),
      strict: (gold.map { strictEntities($0, .iob2) }, names.map(entityLabels.strictSpans)),
      probabilities: zip(predicted, gold).map { tags, gold in
        zip(tags, goldLabels(gold)).map { ($0.probability, $0.label == $1) }
      })
  }

  /// Tags in the model's labels; one that it does not have is itself.
  private func goldLabels(_ tags: [String]) -> [String] {
    zip(entityLabels.ids(ofIOB2: tags), tags).map { $0 < 0 ? $1 : labels[Int($0)] }
  }

  package func savedRecord(gold: JSON) -> Record {
    Record(id: "", tags: entityLabels.iob2((gold.array ?? []).map { $0.string ?? "" }))
  }

  package func gold(of record: Record) -> JSON { .array(goldLabels(record.tags).map(JSON.string)) }

  /// The records with IOB2 tags.
  package func normalized(_ records: any Dataset, of data: TaskData) -> (records: any Dataset, note: String?) {
    let corpus = IOB2Corpus(records.all, from: data.conll?.scheme, entityType: data.conll?.entityType)
    return (corpus.sentences, corpus.invalidTagsNote)
  }

  package func unknownLabelNote(_ records: any Dataset) -> String? {
    let known = entityLabels.types
    var counts: [String: Int] = [:]
    for index in 0..<records.count {
      for span in TagScheme.iob2.spans(records[index].tags).spans where !known.contains(span.type) {
        counts[span.type, default: 0] += 1
      }
    }
    return list(counts).map { "entities of types that the model does not know count as missed: \($0)" }
  }
}

extension IOB2Corpus {
  /// How many tags are not valid in the scheme; nil: none.
  var invalidTagsNote: String? {
    if invalidTags == 0 { return nil }
    return
      "\(invalidTags) tags in \(sentencesWithInvalidTags) sentences are invalid in \(scheme.rawValue.uppercased()) "
      + "and are read as conlleval reads them"
  }
}
