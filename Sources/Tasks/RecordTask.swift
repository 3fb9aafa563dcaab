/// A task over records: batches of their features, and evaluation by inference and metrics.
package import Autograd
package import Datasets
package import Encoders
import Files

package struct RecordTask: Task {
  private var inference: any RecordInference
  private let loss: any LossFunction
  private var splits: [Split: EncodedSplit]
  /// The training records instead of those in `splits`, if their files are large.
  private let streamed: StreamedSplit?
  /// Training examples that are not trained on.
  private var leftOut: Set<Int> = []

  /// - Parameters:
  ///   - splits: labeled records.
  ///   - loss: of training; an evaluation reports its `forEvaluation`.
  package init(
    _ inference: any RecordInference, splits: [Split: any Dataset], tokenizer: TextTokenizer, loss: any LossFunction
  ) {
    let streamed = splits[.train].flatMap { StreamedSplit($0, inference, tokenizer) }
    self.init(inference, splits: splits, streamed, tokenizer: tokenizer, loss: loss)
  }

  /// - Parameter streamed: the training records; nil: they are in `splits`.
  init(
    _ inference: any RecordInference, splits: [Split: any Dataset], _ streamed: StreamedSplit?,
    tokenizer: TextTokenizer, loss: any LossFunction
  ) {
    (self.inference, self.loss, self.streamed) = (inference, loss, streamed)
    let kept = streamed == nil ? splits : splits.filter { $0.key != .train }
    self.splits = kept.mapValues { EncodedSplit($0, inference, tokenizer) }
  }

  /// Whether the training records are tokenized when they are read.
  var streamsTraining: Bool { streamed != nil }

  /// Leaves out training examples.
  /// - Parameter choose: the examples to leave out, from the targets of all.
  mutating func leaveOut(_ choose: ([Targets]) -> Set<Int>) {
    guard let train = splits[.train] else { return }
    leftOut = choose(train.sequences.indices.map { train.features($0).targets })
  }

  /// The records of a split with their features.
  func encoded(_ split: Split) -> [(record: Record, features: EncodedRecord)] {
    splits[split].map { split in split.encoded.enumerated().map { (split.records[$0], $1) } } ?? []
  }

  package var lengths: [Int] { Array(sequenceLengths) }
  package var sequenceLengths: SequenceLengths { streamed?.lengths ?? SequenceLengths(splits[.train]?.lengths ?? []) }

  /// Records of a split, sequences that they are encoded as, and records of which tokens were cut off.
  package func sizes(_ split: Split) -> (records: Int, sequences: Int, cut: Int) {
    if let streamed, split == .train { return (streamed.records.count, streamed.records.count, streamed.cutCount) }
    guard let split = splits[split] else { return (0, 0, 0) }
    return (split.records.count, split.sequences.count, split.encoded.count { $0.cutTokens > 0 })
  }

  package func hasTargets(_ example: Int) -> Bool {
    if let streamed { return streamed.hasTargets(example) }
    return !leftOut.contains(example) && splits[.train].map { $0.features(example).targets.isLabeled } ?? false
  }

  /// Whether a record of the split has a label that the model knows.
  func hasTargets(_ split: Split) -> Bool {
    splits[split]?.encoded.contains { $0.features.contains(where: \.targets.isLabeled) } ?? false
  }

  package func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    if let streamed { return streamed.batch(examples, loss) }
    guard let train = splits[.train] else { return LabeledBatch(examples, [], ClassificationLoss()) }
    return train.batch(examples, loss)
  }

  package func loss(
    of logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass
  ) -> Double {
    loss(logits, targets, chain, norm: norm, pass)
  }

  package func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double {
    loss.divergence(logits, targets, from: teacher, temperature: temperature, scale: scale, pass)
  }

  package func describe(example: Int) -> String {
    guard let records = records(in: .train) else { return "training example \(example + 1)" }
    let record = splits[.train]?.sequences[example].record ?? example
    let noun = Swift.type(of: inference).description.record
    return records[record].source?.description(of: noun) ?? "\(noun) \(record + 1)"
  }

  package func records(in split: Split) -> (any Dataset)? {
    split == .train ? streamed?.records ?? splits[.train]?.records : splits[split]?.records
  }

  package func tokens(in split: Split) -> Int {
    split == .train ? sequenceLengths.reduce(0, +) : splits[split]?.lengths.reduce(0, +) ?? 0
  }

  package func evaluate(
    _ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap
  ) throws -> Evaluation? {
    guard let data = splits[split] else { return nil }
    // So that the best weights are those with the best score at the thresholds that are saved with them.
    if split == .dev, let fitted = try fitted(model, adapters: adapters, map) { return fitted.evaluation }
    let (logits, loss) = try outputs(model, adapters, data, map)
    return try evaluation(of: data, logits, loss)
  }

  package func fitted(
    _ model: TextModel, adapters: RowAdapters, _ map: ParallelMap
  ) throws -> FittedTask? {
    guard inference.isFittedOnDev, let dev = splits[.dev] else { return nil }
    let (logits, loss) = try outputs(model, adapters, dev, map)
    let fitted = inference.fitted(to: dev.records, dev.encoded, try dev.byRecord(logits))
    var copy = self
    copy.inference = fitted
    copy.splits = splits.mapValues { $0.with(fitted) }
    return FittedTask(
      task: copy, inference: fitted, evaluation: try copy.evaluation(of: dev.with(fitted), logits, loss))
  }

  /// The logits of a split's sequences, in any order, and the loss.
  private func outputs(
    _ model: TextModel, _ adapters: RowAdapters, _ data: EncodedSplit, _ map: ParallelMap
  ) throws -> (logits: [(sequence: Int, logits: Logits)], loss: Double) {
    let inferenceLoss = loss.forEvaluation
    let norm = data.sequences.indices.reduce(0) { $0 + inferenceLoss.weight(of: data.features($1).targets) }
    let chain = adapters.outputLayers(of: model).chain, transitions = chain.map(TransitionScores.init)
    let outputs = try Inference(model, adapters).run(
      lengths: data.lengths, map, batch: { data.batch($0, inferenceLoss) }
    ) { batch, logits, pass in
      // Before the loss, which overwrites them.
      let kept = data.predictionLogits(batch, logits, nil).map(\.logits)
      return BatchOutput(sums: [inferenceLoss(logits, batch.targets, chain, norm: norm, pass)], logits: kept)
    }
    let loss = outputs.reduce(0) { $0 + $1.output.sums[0] }
    guard loss.isFinite else { throw NotFinite() }
    return (
      outputs.flatMap { sequences, output in
        zip(sequences, output.logits).map { sequence, logits in
          (sequence, Logits(classes: logits.classes, values: logits.values, transitions: transitions))
        }
      }, loss
    )
  }

  /// The calibration error without the temperature.
  private func uncalibratedError(of data: EncodedSplit, _ logits: [(sequence: Int, logits: Logits)]) throws -> Double? {
    var raw = inference
    raw.temperature = nil
    return try raw.score(data.records, data.with(raw).predictions(from: logits)).values["ece"]
  }

  private func evaluation(
    of data: EncodedSplit, _ logits: [(sequence: Int, logits: Logits)], _ loss: Double
  ) throws -> Evaluation {
    let predictions = try data.predictions(from: logits)
    let loss = inference.loss(data.records, predictions) ?? loss
    let examples = try inference.examples(data.records, predictions)
    var (values, json) = examples.evaluation
    if inference.temperature != nil {
      var members = json.object ?? [:]
      members["ece_uncalibrated"] = try uncalibratedError(of: data, logits).map(JSON.double)
      json = .object(members)
    }
    let scored = ScoredSplit(
      examples, documents: (0..<data.records.count).map { data.records[$0].source?.document })
    return Evaluation(
      loss: loss, values: values.merging(["loss": loss]) { $1 },
      json: .object((json.object ?? [:]).merging(["loss": .double(loss)]) { $1 }), scored: scored,
      predictions: { [inference] in
        predictions.enumerated().map { index, prediction in
          let record = data.records[index]
          var row = inference.savedRow(record, prediction)
          row["id"] = .string(record.id)
          row["file"] = (record.source?.file).map { .string(lastPathComponent($0)) } ?? .null
          row["words"] = .int(record.wordCount)
          row["document"] = scored.documentNumber(of: index).map(JSON.int)
          return .object(row)
        }
      })
  }
}

extension RecordInference {
  package func makeEvaluation(
    of data: TaskData, _ tokenizer: TextTokenizer, threads: Int
  ) throws -> (task: any Task, notes: [String]) {
    var splits: [Split: any Dataset] = [:], notes: [String] = []
    for (split, _) in data.files {
      guard let records = try data.records(split) else { continue }
      if records.count > 0 { try check(records[0]) }
      let (normalized, note) = normalized(records, of: data)
      splits[split] = normalized
      let file = data.paths(split).joined(separator: ", ")
      let unknown = [unknownLabelNote(normalized), unknownInputNote(normalized, tokenizer)]
      notes += ([note] + unknown).compactMap { note in note.map { "\(file): \($0)" } }
    }
    let task = RecordTask(self, splits: splits, tokenizer: tokenizer, loss: evaluationLoss)
    for (split, paths) in data.files
    where !task.hasTargets(split) && !(splits[split].map(hasExactAnswers) ?? false) {
      let file = paths.joined(separator: ", ")
      throw Self.labelKind == .span ? TaskFault.noAnswers(file: file) : .noKnownLabels(file: file, labels: labels)
    }
    return (task, notes)
  }
}
