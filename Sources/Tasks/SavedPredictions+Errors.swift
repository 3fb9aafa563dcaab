/// What saved predictions got wrong, and what a report shows of them besides scores. Knows ids and labels, no texts.
import Datasets
import Files

/// A record of saved predictions.
package struct SavedRecord: Sendable {
  package let id: String
  /// The name of its file; nil: it was read from none.
  package let file: String?
  /// The number of its words; nil: an older version saved it.
  package let words: Int?
  package let errors: [PredictionError]
}

/// A label, an entity or an answer that is wrong.
package struct PredictionError: Sendable, Equatable {
  /// What is right and what was predicted, such as a label, or "missed".
  package let gold, predicted: String
  /// The entity, in words of the record; nil: the record as a whole, or there is none.
  package let goldSpan, predictedSpan: Range<Int>?

  init(_ gold: String, _ predicted: String, _ goldSpan: Range<Int>? = nil, _ predictedSpan: Range<Int>? = nil) {
    (self.gold, self.predicted, self.goldSpan, self.predictedSpan) = (gold, predicted, goldSpan, predictedSpan)
  }
}

extension SavedPredictions {
  package var taskType: TaskType { TaskType(of: inference) }

  /// - Throws: `FileFault.malformed` for a row without what every row has.
  func check() throws(FileFault) {
    for (number, row) in rows.enumerated() {
      if row["id"]?.string == nil || row["gold"] == nil || row["predicted"] == nil {
        throw .malformed(
          file: path, line: number + 1, found: "a row without \"id\", \"gold\" or \"predicted\"",
          expected: "the predictions of a run")
      }
      if hasMentions, row["gold"]?.array?.count != row["predicted"]?.array?.count {
        throw .malformed(
          file: path, line: number + 1, found: "other numbers of gold and predicted tags",
          expected: "a tag for each word")
      }
    }
  }

  /// In the order of the data.
  package var records: [SavedRecord] {
    rows.map { row in
      let prediction = prediction(row), tags = hasMentions ? row["predicted"]?.array?.count : nil
      return SavedRecord(
        id: row["id"]?.string ?? "", file: row["file"]?.string, words: row["words"]?.int ?? tags,
        errors: errors(row, prediction))
    }
  }

  /// Of the labels: the one for the other. Of entities: the types, with missed and spurious ones. nil: the task has none.
  package var confusion: Confusion? {
    switch taskType {
    case .sequenceClassification, .relationExtraction:
      Confusion(rows.map { ($0["gold"]?.string, $0["predicted"]?.string) }, labels: inference.labels)
    case .tokenClassification:
      Confusion(entityOutcomes.joined().map { ($0.gold?.type, $0.predicted?.type) })
    default: nil
    }
  }

  /// How many entities were found, and how the others went wrong; empty: the task has none.
  package var entityOutcomeCounts: [(kind: EntityOutcome.Kind, count: Int)] {
    if taskType != .tokenClassification { return [] }
    let kinds = Dictionary(grouping: entityOutcomes.joined(), by: \.kind)
    return EntityOutcome.Kind.allCases.map { ($0, kinds[$0]?.count ?? 0) }
  }

  /// Of predicted labels and tags; of label sets, of all labels. nil: there are no probabilities.
  package var calibration: Calibration? {
    if taskType == .extractiveQA { return nil }
    return Calibration(
      rows.flatMap { row -> [(probability: Double, isRight: Bool)] in
        switch prediction(row) {
        case .label(let label, let probabilities):
          return probabilities.filter { $0.label == label }.map { ($0.probability, row["gold"]?.string == label) }
        case .labels(_, let probabilities):
          let gold = Set(row["gold"]?.array?.compactMap(\.string) ?? [])
          return probabilities.map { ($0.probability, gold.contains($0.label)) }
        case .tags(let tags, _):
          return zip(tags, row["gold"]?.array ?? []).map { ($0.probability, $1.string == $0.label) }
        default: return []
        }
      })
  }

  /// Gold and predicted numbers, by record; empty: the task has none.
  package var numbers: [(record: Int, gold: Double, predicted: Double)] {
    guard [.regression, .embedding].contains(taskType) else { return [] }
    return rows.enumerated().compactMap { index, row in
      guard let gold = row["gold"]?.number, let predicted = row["predicted"]?.number else { return nil }
      return (index, gold, predicted)
    }
  }

  private func prediction(_ row: JSON) -> Prediction {
    Prediction(saved: row["predicted"] ?? .null, scores: row["scores"] ?? .null, labels: inference.labels)
  }

  private var entityOutcomes: [[EntityOutcome]] { rows.map(outcomes) }

  /// By the entities that seqeval finds, so that the correct ones are those of the scores.
  private func outcomes(_ row: JSON) -> [EntityOutcome] {
    Tasks.entityOutcomes(gold: Array(entities(row, "gold")), predicted: Array(entities(row, "predicted")))
  }

  /// - Parameter key: "gold" or "predicted".
  func entities(_ row: JSON, _ key: String) -> Set<Span> {
    guard let task = inference as? TokenClassification else { return [] }
    return seqevalEntities([task.entityLabels.iob2((row[key]?.array ?? []).map { $0.string ?? "" })])
  }

  private func errors(_ row: JSON, _ prediction: Prediction) -> [PredictionError] {
    switch taskType {
    case .tokenClassification:
      return outcomes(row).filter { $0.kind != .correct }.map { outcome in
        let kind = outcome.kind
        let isBoundary = kind == .boundary || kind == .typeAndBoundary
        return PredictionError(
          outcome.gold?.type ?? "spurious",
          (outcome.predicted?.type ?? "missed") + (isBoundary ? ", other boundaries" : ""),
          outcome.gold.map { $0.start..<$0.end }, outcome.predicted.map { $0.start..<$0.end })
      }
    case .sequenceClassification, .relationExtraction:
      let gold = row["gold"]?.string ?? "none", predicted = row["predicted"]?.string ?? ""
      return gold == predicted ? [] : [PredictionError(gold, predicted)]
    case .multiLabelClassification:
      let gold = Set(row["gold"]?.array?.compactMap(\.string) ?? [])
      let predicted = Set(row["predicted"]?.array?.compactMap(\.string) ?? [])
      return gold.subtracting(predicted).sorted().map { PredictionError($0, "missed") }
        + predicted.subtracting(gold).sorted().map { PredictionError("spurious", $0) }
    case .extractiveQA: return answerErrors(row)
    case .regression, .embedding, .maskedLM: return []
    }
  }

  private func answerErrors(_ row: JSON) -> [PredictionError] {
    if let kind = row["type"]?.string {
      let found = row["lenient_accuracy"]?.number ?? row["list_f1"]?.number
      return found == 0 ? [PredictionError(kind, "no right answer")] : []
    }
    guard let exact = row["exact_match"]?.number, exact < 1 else { return [] }
    let gold = row["gold"]?.array?.isEmpty == false ? "an answer" : "no answer"
    if row["predicted"] == .null { return [PredictionError(gold, "no answer")] }
    return [PredictionError(gold, row["f1"]?.number ?? 0 > 0 ? "shares words" : "another answer")]
  }
}
