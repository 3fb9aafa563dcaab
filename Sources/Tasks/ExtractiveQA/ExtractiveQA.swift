/// Extractive question answering: the answer to a question is a part of its context, or there is none. Long contexts are
/// read in overlapping windows. A question of BioASQ has several contexts, its snippets, whose answers are merged.
package import Datasets
package import Encoders
package import Files

package struct ExtractiveQA: ExplainableInference {
  package static let name = "extractive_qa"
  package static let headType = HeadType.questionAnswering
  package static let labelKind = LabelKind.span
  package static let metrics: [Metric] = SQuADScore.metrics + BioASQScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "question-answering", purpose: "extractive question answering", record: "question",
    autoModel: "AutoModelForQuestionAnswering",
    use: "finds the answer to a question in a text that is given with it",
    scoring:
      "Metrics are those of the official scripts, from 0 to 1: SQuAD's exact match and F1 of the answers' words; "
      + "BioASQ's accuracies and mean reciprocal rank of factoid questions, and precision, recall and F1 of lists.")

  package let decoding: AnswerDecoding
  /// transformers' names for the outputs: scores of a token as the first and as the last one of the answer.
  package var labels: [String] { ["LABEL_0", "LABEL_1"] }

  package init(labels: [String]) { self.init(AnswerDecoding()) }
  package init(_ decoding: AnswerDecoding) { self.decoding = decoding }
  package init(from decoder: any Decoder) throws { self.init(try AnswerDecoding(from: decoder)) }
  package func encode(to encoder: any Encoder) throws { try decoding.encode(to: encoder) }

  package func check(_ record: Record) throws(TaskFault) {
    if record.texts.count < 2 { throw .noQuestion(record) }
  }

  package func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord { encoder(tokenizer)(record) }

  /// Consecutive contexts that are equal share their tokens.
  package func encoder(_ tokenizer: TextTokenizer) -> (Record) -> EncodedRecord {
    var last: (context: String, tokens: ContextTokens)?
    func tokens(_ context: String) -> ContextTokens {
      let tokens = last.flatMap { $0.context == context ? $0.tokens : nil } ?? ContextTokens(context, tokenizer)
      last = (context, tokens)
      return tokens
    }
    return { record in
      tokenizer.encode(question: record, record.texts.dropFirst().map(tokens), targets: targets(of: record))
    }
  }

  /// The answers that are trained on, for each context: of SQuAD the first; of BioASQ all, and a snippet without any is left
  /// out unless questions may have no answer.
  private func targets(of record: Record) -> [[Range<Int>]?] {
    record.texts.dropFirst().indices.map { index in
      guard let answers = record.answers else { return nil }
      if record.exactAnswer == nil { return answers.prefix(1).map(\.range) }
      let own = answers.filter { $0.context == index - 1 }.map(\.range)
      return own.isEmpty && !decoding.version2WithNegative ? nil : own
    }
  }

  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    let windows = zip(encoded.windows, logits)
    let answers = record.texts.dropFirst().enumerated().map { number, context in
      let own = windows.filter { $0.0.context == number }
      return decoding.predict(context, encoded.words, own.map(\.0), own.map(\.1))
    }
    guard let question = record.exactAnswer else { return .answer(answers[0]) }
    return .answers(decoding.merge(answers.map(\.candidates), of: question.kind))
  }

  /// A question whose answers are not known counts as one that has none; of BioASQ it does not count.
  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    scored(predictions.enumerated().map { (records[$0], $1) })
  }

  private func scored(_ answers: [(record: Record, prediction: Prediction)]) -> any ScoredExamples {
    if answers.first?.record.exactAnswer != nil {
      return BioASQExamples(
        answers.compactMap { record, prediction in record.exactAnswer.map { ($0, prediction.mergedAnswers.map(\.text)) }
        })
    }
    return SQuADExamples(
      answers.map { record, prediction in
        let text = if case .answer(let answer) = prediction { answer.text } else { "" }
        return (record.answers?.map(\.text) ?? [], text)
      }, version2: decoding.version2WithNegative)
  }

  /// With the question's scores, as the row has no texts.
  package func savedRow(_ record: Record, _ prediction: Prediction) -> [String: JSON] {
    var row = ["gold": gold(of: record), "predicted": prediction.predicted, "scores": prediction.scores]
    row["type"] = record.exactAnswer.map { .string($0.kind.rawValue) }
    if let question = record.exactAnswer, question.answers == nil { return row }
    return row.merging(scored([(record, prediction)]).evaluation.values.mapValues(JSON.double)) { $1 }
  }

  package func examples(saved rows: [JSON]) throws -> any ScoredExamples {
    if rows.first?["type"] != nil { return BioASQExamples(saved: rows) }
    return SQuADExamples(
      rows.map { row in
        let isAnswered = row["gold"]?.array?.isEmpty == false
        return (row["exact_match"]?.number ?? 0, row["f1"]?.number ?? 0, isAnswered)
      })
  }

  package func reports(_ metric: Metric, on records: any Dataset) -> Bool {
    let kinds = Set((0..<records.count).compactMap { records[$0].exactAnswer?.kind })
    let tables = kinds.isEmpty ? SQuADScore.metrics : kinds.flatMap { BioASQScore.table(of: $0).map(\.metric) }
    return tables.contains(metric)
  }

  /// The metrics of questions in a format, the default first.
  package static func metrics(of format: any DataFormat) -> [Metric] {
    guard let format = format as? BioASQFormat else { return SQuADScore.metrics + [.loss] }
    let kinds = ExactAnswer.Kind.allCases.filter { format.questionTypes?.contains($0) ?? true }
    return kinds.flatMap { BioASQScore.table(of: $0).map(\.metric) } + [.loss]
  }

  package var evaluationLoss: any LossFunction { SpanLoss() }
  package func gold(of record: Record) -> JSON {
    record.answers.map { answers in
      .array(
        answers.map { answer in
          var span: [String: JSON] = ["start": .int(answer.start), "end": .int(answer.end)]
          if record.exactAnswer != nil { span["snippet"] = .int(answer.context) }
          return .object(span)
        })
    } ?? .null
  }
  package func unknownLabelNote(_ records: any Dataset) -> String? {
    let notes = [movedAnswersNote(records), unknownAnswersNote(records), snippetsNote(records)].compactMap { $0 }
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
    "the answers of \(moved.count) \(moved.count == 1 ? "question" : "questions") do not stand at their answer_start and "
    + "are taken where they stand nearest to it, such as that of question \(first.id)"
}

private func unknownAnswersNote(_ records: any Dataset) -> String? {
  let unknown = (0..<records.count).count { records[$0].answers == nil && records[$0].exactAnswer == nil }
  if unknown == 1 { return "1 question has no 'answers' and is scored as one that has no answer" }
  return unknown == 0 ? nil : "\(unknown) questions have no 'answers' and are scored as those that have no answer"
}

/// Whether questions of BioASQ have answers, so that they are scored, even if no snippet has one.
func hasExactAnswers(_ records: any Dataset) -> Bool {
  (0..<records.count).contains { records[$0].exactAnswer?.answers != nil }
}

/// What is to be said of questions of BioASQ; nil: there are none.
private func snippetsNote(_ records: any Dataset) -> String? {
  var questions = 0, snippets = 0, withAnswer = 0, without = 0, unknown = 0
  for index in 0..<records.count where records[index].exactAnswer != nil {
    let record = records[index]
    questions += 1
    guard let answers = record.answers else {
      unknown += 1
      continue
    }
    let found = Set(answers.map(\.context)).count
    snippets += record.texts.count - 1
    withAnswer += found
    without += found == 0 ? 1 : 0
  }
  if questions == 0 { return nil }
  let note = "an answer stands in \(withAnswer) of \(snippets) snippets; questions without an answer in any: \(without)"
  return note + (unknown == 0 ? "" : "; questions without 'exact_answer', which are not scored: \(unknown)")
}
