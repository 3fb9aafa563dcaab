/// Token classification: predicts a tag for every word from the word's first token. Metrics are entity-level.
public import Datasets
public import Files
public import Models

public struct TokenClassification: RecordInference {
  public static let name = "token_classification"
  public static let headType = HeadType.tokenClassification
  public static let metrics: [Metric] = EntityScore.metrics + [.loss]
  public static let description = TaskDescription(
    pipeline: "token-classification", purpose: "token classification", record: "sentence",
    autoModel: "AutoModelForTokenClassification",
    scoring: "The metrics are entity-level: type, start and end must match (seqeval's default mode).")

  public let labels: [String]
  private let labelIDs: [String: Int32]

  private enum CodingKeys: CodingKey { case labels }

  public init(labels: [String]) {
    self.labels = labels
    labelIDs = Dictionary(labels.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
  }

  public init(from decoder: any Decoder) throws {
    self.init(labels: try decoder.container(keyedBy: CodingKeys.self).decode([String].self, forKey: .labels))
  }

  /// Ready words, or the words of the record's text as the tokenizer splits it (at whitespace and punctuation).
  public func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord {
    if !record.words.isEmpty {
      return EncodedRecord(features(tokenizer.tokenize(record.words), record.tags, tokenizer))
    }
    let (tokens, words) = tokenizer.words(of: record.texts.first ?? "")
    return EncodedRecord(words.isEmpty ? [] : features(tokens, [], tokenizer), words: words)
  }

  /// One feature per window. The target at a word's first token is its tag; other tokens have none.
  private func features(_ text: TokenizedWords, _ tags: [String], _ tokenizer: TextTokenizer) -> [Features] {
    tokenizer.windows(text).map { window in
      let ids = tokenizer.ids(text, window)
      let rows = window.words.map { text.wordStarts[$0] - window.tokens.lowerBound + 1 }
      var targets = [Int32](repeating: -1, count: ids.count)
      if !tags.isEmpty { for (row, word) in zip(rows, window.words) { targets[row] = labelIDs[tags[word]] ?? -1 } }
      return Features(ids: ids, targets: .classes(targets), predictionRows: rows)
    }
  }

  public func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    let tags = logits.flatMap { logits in
      (0..<logits.rows).map { row in
        let (label, probability) = argmax(logits[row])
        return ScoredLabel(labels[label], Double(probability))
      }
    }
    return record.words.isEmpty ? .entities(entities(tags, record, encoded.words)) : .tags(tags)
  }

  /// The entities of IOB2 tags. An I- tag without an entity before it starts one, as in scoring.
  private func entities(_ tags: [ScoredLabel], _ record: Record, _ words: [Range<Int>]) -> [Entity] {
    let scalars = Array((record.texts.first ?? "").unicodeScalars)
    return TagScheme.iob2.spans(tags.map(\.label)).spans.map { span in
      let start = words[span.start].lowerBound, end = words[span.end - 1].upperBound
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[start..<end])
      let sum = tags[span.start..<span.end].reduce(0) { $0 + $1.probability }
      return Entity(
        label: span.type, start: start, end: end, text: String(text), probability: sum / Double(span.end - span.start))
    }
  }

  public func score(
    _ records: some Dataset, _ predictions: [Prediction]
  ) throws -> (values: [String: Double], json: JSON) {
    let predicted = predictions.map { prediction -> [String] in
      if case .tags(let tags) = prediction { tags.map(\.label) } else { [] }
    }
    let score = try EntityScore(gold: predictions.indices.map { records[$0].tags }, predicted: predicted)
    return (score.values, score.json)
  }

  public func gold(of record: Record) -> JSON { .array(record.tags.map(JSON.string)) }

  /// The records with IOB2 tags.
  public func normalized(_ records: any Dataset, of data: TaskData) -> any Dataset {
    IOB2Corpus(records.all, from: data.tagScheme).sentences
  }
}
