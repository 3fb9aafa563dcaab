/// Settings of extractive question answering, and what a run needs for it.
import Datasets
import Hashing

package struct ExtractiveQASettings: Sendable, Equatable {
  package var decoding = AnswerDecoding()
  /// Whether questions may have no answer; nil: whether a question of the training data has none.
  package var version2WithNegative: Bool?
  /// Windows without the answer that are trained on, for each window with it, drawn by the run's seed; nil: all.
  package var negativesPerPositive: Double?

  package init() {}
}

extension ExtractiveQASettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    var splits: [Split: any Dataset] = [:]
    for (split, _) in context.data.files { splits[split] = try context.data.records(split) }
    if let limit = context.data.maxTrainExamples {
      splits[.train] = splits[.train].map { PrefixDataset($0, maxCount: limit) }
    }
    var decoding = decoding
    decoding.version2WithNegative = version2WithNegative ?? hasUnanswerable(splits[.train])
    let inference = ExtractiveQA(decoding)
    var task = RecordTask(inference, splits: splits, tokenizer: context.tokenizer, loss: SpanLoss())
    for (split, records) in splits
    where !task.hasTargets(split) && (split == .train || !hasExactAnswers(records)) {
      throw TaskFault.noAnswers(file: context.data.paths(split).joined(separator: ", "))
    }
    if let negativesPerPositive {
      task.leaveOut { negativesLeftOut($0, perPositive: negativesPerPositive, seed: context.seed) }
    }
    var notes = Split.allCases.flatMap { split in
      let notes = [splits[split].flatMap(inference.unknownLabelNote)] + windowNotes(task.encoded(split))
      return notes.compactMap { note in note.map { "\(split.rawValue): \($0)" } }
    }
    if decoding.nullScoreDiffThreshold != 0, !decoding.version2WithNegative {
      notes.append(
        "task.null_score_diff_threshold has no effect, because every question of the training data has an answer")
    }
    return TaskSetup(
      task: task, inference: inference, reuseHead: context.baseLabels.count == inference.labels.count,
      splitSizes: splits.mapValues { "\($0.count) questions" }, notes: notes)
  }

  private func hasUnanswerable(_ records: (any Dataset)?) -> Bool {
    records.map { records in
      (0..<records.count).contains { records[$0].answers == [] && records[$0].exactAnswer == nil }
    } ?? false
  }

  private func windowNotes(_ questions: [(record: Record, features: EncodedRecord)]) -> [String?] {
    let windows = questions.reduce(0) { $0 + $1.features.features.count }
    let withAnswer = questions.map { question in question.features.features.count(where: \.targets.isAnswer) }
    let lost = zip(questions, withAnswer).count { $0.record.answers?.isEmpty == false && $1 == 0 }
    let cut = questions.count { $0.features.cutTokens > 0 }
    return [
      windows == questions.count
        ? nil
        : "\(questions.count) questions are read in \(windows) windows, of which \(withAnswer.reduce(0, +)) have the answer",
      lost == 0
        ? nil
        : "the answers of \(lost) questions are longer than what windows share, and no window has all of them; "
          + "a larger data.stride helps",
      cut == 0 ? nil : "\(cut) questions take more than half of a window and are cut",
    ]
  }
}

extension Targets {
  /// Whether one sequence's target is an answer, not [CLS].
  fileprivate var isAnswer: Bool {
    guard case .spans(let spans) = self, let span = spans.first?.spans.first else { return false }
    return span != 0...0
  }
}

/// The windows without the answer that are not trained on. All are if no window has an answer.
private func negativesLeftOut(_ targets: [Targets], perPositive ratio: Double, seed: UInt64) -> Set<Int> {
  var negatives = targets.indices.filter { targets[$0].isLabeled && !targets[$0].isAnswer }
  let positives = targets.count(where: \.isAnswer)
  if positives == 0 { return [] }
  var generator = SplitMix64(seed: seed)
  negatives.shuffle(using: &generator)
  return Set(negatives.dropFirst(Int((ratio * Double(positives)).rounded())))
}
