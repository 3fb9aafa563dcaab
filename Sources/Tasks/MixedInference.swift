/// Predictions for records of several models over one encoder, in passes that the models share.
package import Autograd
package import Datasets
package import Encoders

/// Sequences of similar length are one packed batch, whosever they are: the encoder runs once, with each model's adapter for
/// the rows of its sequences, and then each model's head on these rows. The same sequences of models whose encoders do the
/// same are there once.
package struct MixedInference: Sendable {
  /// What one model answers.
  package struct Part: Sendable {
    let model: TextModel
    /// nil: the encoder without an adapter.
    let set: AdapterSet?
    let split: EncodedSplit
    let loss: any LossFunction
    let transitions: TransitionScores?
    private let encoderKey: String?

    /// Encodes the records.
    /// - Parameter encoderKey: the same for parts whose encoders give the same hidden states; nil: not known.
    package init(
      model: TextModel, set: AdapterSet?, records: some Dataset, task: any RecordInference, tokenizer: TextTokenizer,
      encoderKey: String? = nil
    ) {
      (self.model, self.set, loss, self.encoderKey) = (model, set, task.evaluationLoss, encoderKey)
      split = EncodedSplit(records, task, tokenizer)
      transitions = RowAdapters(set).outputLayers(of: model).chain.map(TransitionScores.init)
    }

    /// Whether its sequences and their hidden states are those of `other`.
    func hasStates(of other: Part) -> Bool {
      guard let encoderKey, encoderKey == other.encoderKey, split.lengths == other.split.lengths else { return false }
      return split.lengths.indices.allSatisfy { index in
        let (own, others) = (split.features(index), other.split.features(index))
        return own.ids == others.ids
          && zip(own.tokenTypes, others.tokenTypes).allSatisfy { $0 == $1 }
      }
    }
  }

  /// Sequences in a batch, of one part or of several with the same hidden states.
  private struct Share {
    let parts: [Int]
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
  package init(_ parts: [Part], encoder: TextModel, keepsLogits: Bool = false) {
    (self.parts, self.encoder, self.keepsLogits) = (parts, encoder, keepsLogits)
  }

  /// The predictions for each part's records, and their sequences' ids and logits if `keepsLogits`.
  /// - Throws: `NotFinite` if a logit is NaN or infinite, as with damaged weights.
  package func predict(
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

  /// The parts, together those with the same hidden states.
  var sharing: [[Int]] {
    parts.indices.reduce(into: []) { groups, part in
      if let group = groups.firstIndex(where: { parts[$0[0]].hasStates(of: parts[part]) }) {
        groups[group].append(part)
      } else {
        groups.append([part])
      }
    }
  }

  /// Sequences of similar length, sorted by part. A part that cannot be mixed has batches of its own.
  private func batches() -> [[Share]] {
    let sharing = Dictionary(uniqueKeysWithValues: sharing.map { ($0[0], $0) }), first = sharing.keys.sorted()
    let alone = first.filter { parts[$0].set?.canBeMixed == false }
    let groups = [first.filter { !alone.contains($0) }] + alone.map { [$0] }
    return groups.flatMap { group -> [[Share]] in
      let sequences = group.flatMap { part in parts[part].split.sequences.indices.map { (part: part, index: $0) } }
      let lengths = sequences.map { parts[$0.part].split.lengths[$0.index] }
      return lengthGroups(lengths: lengths, tokens: 512).map { batch in
        Dictionary(grouping: batch) { sequences[$0].part }.sorted { $0.key < $1.key }
          .map { part, members in Share(parts: sharing[part] ?? [], sequences: members.map { sequences[$0].index }) }
      }
    }
  }

  private func outputs(of shares: [Share], _ pass: Pass) -> [Output] {
    let batches = shares.map { batch($0, of: $0.parts[0]) }
    let encoded = encode(shares, batches.map(\.input), pass)
    var next = 0
    return zip(shares, batches).flatMap { share, first in
      let sequences = next..<next + share.sequences.count, states = encoded.sequences(sequences, pass)
      next = sequences.upperBound
      return share.parts.map { index in
        let part = parts[index], batch = index == share.parts[0] ? first : batch(share, of: index)
        let logits = part.model.logits(states, adapters: RowAdapters(part.set), rows: batch.rows, pass)
        return Output(
          part: index, decisive: part.split.predictionLogits(batch, logits, part.transitions),
          all: keepsLogits ? part.split.allLogits(batch, logits) : [])
      }
    }
  }

  private func batch(_ share: Share, of part: Int) -> LabeledBatch {
    parts[part].split.batch(share.sequences, parts[part].loss)
  }

  /// One pass of the encoder over all shares, for the first part of each.
  private func encode(_ shares: [Share], _ batches: [Batch], _ pass: Pass) -> EncodedBatch {
    let mixesStates = shares.contains { $0.parts.contains { parts[$0].model.headLayers.mixesStates } }
    if batches.count == 1 {
      let part = parts[shares[0].parts[0]]
      return part.model.encode(batches[0], adapters: RowAdapters(part.set), keepingStates: mixesStates, pass)
    }
    var all = Batch(), adapters: [(rows: Range<Int>, set: AdapterSet)] = []
    for (share, batch) in zip(shares, batches) {
      let first = all.count
      all.append(batch)
      if let set = parts[share.parts[0]].set { adapters.append((first..<all.count, set)) }
    }
    return encoder.encode(all, adapters: RowAdapters(adapters), keepingStates: mixesStates, pass)
  }
}

extension Features {
  /// The type of each token.
  fileprivate var tokenTypes: [Int32] { tokenTypeIDs ?? Array(repeating: 0, count: ids.count) }
}
