/// Predictions for records of several models over one encoder, in passes that the models share.
public import Autograd
public import Datasets
public import Models

/// Sequences of similar length are one packed batch, whosever they are: the encoder runs once, with each model's adapter for
/// the rows of its sequences, and then each model's head on these rows.
public struct MixedInference: Sendable {
  /// What one model answers.
  public struct Part: Sendable {
    let model: TextModel
    /// nil: the encoder without an adapter.
    let set: AdapterSet?
    let split: EncodedSplit
    let loss: any LossFunction
    let transitions: TransitionScores?

    /// Encodes the records.
    public init(
      model: TextModel, set: AdapterSet?, records: some Dataset, task: any RecordInference, tokenizer: TextTokenizer
    ) {
      (self.model, self.set, loss) = (model, set, task.evaluationLoss)
      split = EncodedSplit(records, task, tokenizer)
      transitions = RowAdapters(set).outputLayers(of: model).chain.map(TransitionScores.init)
    }
  }

  /// Sequences of one part in a batch.
  private struct Share {
    let part: Int
    let sequences: [Int]
  }

  /// The logits of a share's sequences: those that decide, and all of them.
  private struct Output {
    let part: Int
    let decisive, all: [(sequence: Int, logits: Logits)]
  }

  private let parts: [Part]
  private let encoder: TextModel
  private let keepsLogits: Bool

  /// - Parameter encoder: a model with the encoder of all parts, and the base's vocabulary.
  public init(_ parts: [Part], encoder: TextModel, keepsLogits: Bool = false) {
    (self.parts, self.encoder, self.keepsLogits) = (parts, encoder, keepsLogits)
  }

  /// The predictions for each part's records, and their sequences' ids and logits if `keepsLogits`.
  /// - Throws: `NotFinite` if a logit is NaN or infinite, as with damaged weights.
  public func predict(
    _ parallelFor: ParallelFor
  ) throws -> [[(prediction: Prediction, sequences: [SequenceLogits])]] {
    let plan = batches(), results = Results<[Output]>(count: plan.count)
    try parallelFor(plan.count) { index, workspace in
      results.set(index, outputs(of: plan[index], Pass(workspace)))
    }
    let byPart = Dictionary(grouping: results.all.joined(), by: \.part)
    return try parts.enumerated().map { index, part in
      let own = byPart[index] ?? []
      let predictions = try part.split.predictions(from: own.flatMap(\.decisive))
      return zip(predictions, part.split.sequenceLogits(own.flatMap(\.all))).map { ($0, $1) }
    }
  }

  /// Sequences of similar length, sorted by part. A part that cannot be mixed has batches of its own.
  private func batches() -> [[Share]] {
    let alone = parts.indices.filter { parts[$0].set?.canBeMixed == false }
    let groups = [parts.indices.filter { !alone.contains($0) }] + alone.map { [$0] }
    return groups.flatMap { group -> [[Share]] in
      let sequences = group.flatMap { part in parts[part].split.sequences.indices.map { (part: part, index: $0) } }
      let lengths = sequences.map { parts[$0.part].split.lengths[$0.index] }
      return lengthGroups(lengths: lengths, tokens: 512).map { batch in
        Dictionary(grouping: batch) { sequences[$0].part }.sorted { $0.key < $1.key }
          .map { part, members in Share(part: part, sequences: members.map { sequences[$0].index }) }
      }
    }
  }

  private func outputs(of shares: [Share], _ pass: Pass) -> [Output] {
    let batches = shares.map { parts[$0.part].split.batch($0.sequences, parts[$0.part].loss) }
    let encoded = encode(batches.map(\.input), shares.map { parts[$0.part] }, pass)
    var next = 0
    return zip(shares, batches).map { share, batch in
      let part = parts[share.part], sequences = next..<next + batch.input.sequences
      next = sequences.upperBound
      let logits = part.model.logits(
        encoded.sequences(sequences, pass), adapters: RowAdapters(part.set), rows: batch.rows, pass)
      return Output(
        part: share.part, decisive: part.split.predictionLogits(batch, logits, part.transitions),
        all: keepsLogits ? part.split.allLogits(batch, logits) : [])
    }
  }

  /// One pass of the encoder over the batches of several parts.
  private func encode(_ batches: [Batch], _ parts: [Part], _ pass: Pass) -> EncodedBatch {
    if parts.count == 1 { return parts[0].model.encode(batches[0], adapters: RowAdapters(parts[0].set), pass) }
    var all = Batch(), adapters: [(rows: Range<Int>, set: AdapterSet)] = []
    for (batch, part) in zip(batches, parts) {
      let first = all.count
      all.append(batch)
      if let set = part.set { adapters.append((first..<all.count, set)) }
    }
    return encoder.encode(
      all, adapters: RowAdapters(adapters), keepingStates: parts.contains(where: \.model.headLayers.mixesStates), pass)
  }
}
