/// Extractive question answering: the answer to a question is a part of its context, or there is none. Long contexts are
/// read in overlapping windows.
public import Datasets
public import Files
public import Models

public struct ExtractiveQA: RecordInference {
  public static let name = "extractive_qa"
  public static let headType = HeadType.questionAnswering
  public static let labelKind = LabelKind.span
  public static let metrics: [Metric] = SQuADScore.metrics + [.loss]
  public static let description = TaskDescription(
    pipeline: "question-answering", purpose: "extractive question answering", record: "question",
    autoModel: "AutoModelForQuestionAnswering",
    scoring: "Metrics are those of the official SQuAD scripts, from 0 to 1: exact match, and F1 of the answers' words.")

  public let decoding: AnswerDecoding
  /// transformers' names for the outputs: scores of a token as the first and as the last one of the answer.
  public var labels: [String] { ["LABEL_0", "LABEL_1"] }

  public init(labels: [String]) { self.init(AnswerDecoding()) }
  public init(_ decoding: AnswerDecoding) { self.decoding = decoding }
  public init(from decoder: any Decoder) throws { self.init(try AnswerDecoding(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try decoding.encode(to: encoder) }

  public func check(_ record: Record) throws(TaskFault) {
    if record.texts.count != 2 { throw .noQuestion(record) }
  }

  public func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord { encoder(tokenizer)(record) }

  /// Consecutive questions with one context share its tokens.
  public func encoder(_ tokenizer: TextTokenizer) -> (Record) -> EncodedRecord {
    var last: (context: String, tokens: ContextTokens)?
    return { record in
      let context = record.texts[1]
      let tokens = last.flatMap { $0.context == context ? $0.tokens : nil } ?? ContextTokens(context, tokenizer)
      last = (context, tokens)
      return tokenizer.encode(question: record, tokens)
    }
  }

  public func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    .answer(decoding.predict(record.texts[1], encoded.words, encoded.windows, logits))
  }

  /// A question whose answers are not known counts as one that has none.
  public func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    scored(predictions.enumerated().map { (records[$0], $1) })
  }

  private func scored(_ answers: [(Record, Prediction)]) -> SQuADExamples {
    SQuADExamples(
      answers.map { record, prediction in
        let text = if case .answer(let answer) = prediction { answer.text } else { "" }
        return (record.answers?.map(\.text) ?? [], text)
      }, version2: decoding.version2WithNegative)
  }

  /// With the question's scores, as the row has no texts.
  public func savedRow(_ record: Record, _ prediction: Prediction) -> [String: JSON] {
    ["gold": gold(of: record), "predicted": prediction.predicted, "scores": prediction.scores]
      .merging(scored([(record, prediction)]).score.values.mapValues(JSON.double)) { $1 }
  }

  public func examples(saved rows: [JSON]) throws -> any ScoredExamples {
    SQuADExamples(
      rows.map { row in
        let isAnswered = row["gold"]?.array?.isEmpty == false
        return (row["exact_match"]?.number ?? 0, row["f1"]?.number ?? 0, isAnswered)
      })
  }

  public var evaluationLoss: any LossFunction { SpanLoss() }
  public func gold(of record: Record) -> JSON {
    record.answers.map { .array($0.map { ["start": .int($0.start), "end": .int($0.end)] }) } ?? .null
  }
  public func unknownLabelNote(_ records: any Dataset) -> String? {
    let notes = [movedAnswersNote(records), unknownAnswersNote(records)].compactMap { $0 }
    return notes.isEmpty ? nil : notes.joined(separator: "; ")
  }
}

/// How many questions' answers do not stand where the file says; nil: none.
private func movedAnswersNote(_ records: any Dataset) -> String? {
  let moved = (0..<records.count).lazy.map { records[$0] }.filter { record in
    record.answers?.contains { $0.statedStart != nil } ?? false
  }
  guard let first = moved.first else { return nil }
  return
    "the answers of \(moved.count) questions do not stand at their answer_start and are taken where they stand nearest "
    + "to it, such as that of question \(first.id)"
}

private func unknownAnswersNote(_ records: any Dataset) -> String? {
  let unknown = (0..<records.count).count { records[$0].answers == nil }
  return unknown == 0 ? nil : "\(unknown) questions have no 'answers' and are scored as those that have no answer"
}
