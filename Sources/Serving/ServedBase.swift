/// One base model in memory, on which adapters of any task are loaded at any time. Does not keep them.
import Adapters
package import Autograd
import Checkpoints
package import Datasets
import Encoders
package import Kernels
import Synchronization
package import Tasks
import Tokenization

/// ```swift
/// let base = try ServedBase(folder: "minilm-l6", precision: .bf16)
/// let ner = try base.load(name: "ner", folder: "runs/ner/adapter")
/// let logits = ner.model(batch, adapters: ner.adapters, Pass(workspace))
/// ```
package final class ServedBase: Sendable {
  package let folder: String
  let config: ModelConfig
  let checkpoint: Checkpoint
  private let source: WeightSource
  private let anyBase: Bool
  /// The encoder, without a head.
  private let encoder: TextModel
  private let heads = Mutex<[HeadKey: TextModel]>([:])
  private let tokenizers: TokenizerCache

  /// How the weights were read, for the user.
  package var notes: [String] { checkpoint.notes }

  /// - Parameters:
  ///   - precision: of the base's weights. Weights that an adapter replaces stay in Float32.
  ///   - anyBase: skip the check that each adapter was trained on this base: its weights, settings and tokenizer.
  ///   - threads: for the sweep over the weights.
  ///   - hasGradients: whether a gradient will go through the encoder; not with int8.
  /// - Throws: `CheckpointFault.notFinite` and faults of the folder's readers.
  package init(
    folder: String, precision: InferencePrecision = .fp32, anyBase: Bool = false, threads: Int = 1,
    hasGradients: Bool = false
  ) throws {
    (self.folder, self.anyBase) = (folder, anyBase)
    config = try ModelConfig(folder: folder)
    tokenizers = try TokenizerCache(base: folder)
    checkpoint = try Checkpoint(folder: folder, threads: threads)
    // With OpenBLAS the rounding depends on the GEMM's sizes, so it computes queries, keys and values as in training.
    source = WeightSource(checkpoint, of: config.family, forInference: GEMMBackend.selected > .blas && !hasGradients)
    encoder = try TextModel(config, source, headType: .embedding, classes: 0, reuseHead: true, seed: 0)
    if precision == .int8 { encoder.quantize() }
    encoder.setPrecision(precision.products, hasGradients: hasGradients)
  }

  /// The base with its own head.
  /// - Throws: `PoolFault.noHead` if it has none, and other cases if it is not known what the head is.
  package func own() throws -> Member {
    let task = try FolderTask(folder, base: folder, config)
    let tokenizer = try tokenizer(of: task).tokenizer, model = try model(for: task, tokenizer)
    if model.headType.hasClassifier, case let name = model.classifier.weight.name, checkpoint.contains(name),
      let rows = try checkpoint.info(name).shape.first
    {
      try checkLabels(task, outputs: rows, model)
    }
    if task.settings == nil, checkpoint.names.contains(where: HeadLayers.owns) { throw PoolFault.unknownHead(folder) }
    guard model.newlyInitialized.isEmpty, !task.inference.labels.isEmpty || !model.headType.hasClassifier else {
      throw PoolFault.noHead(folder)
    }
    try checkLabels(task, outputs: model.outputLayers.classifier?.outputs ?? 0, model)
    return Member(
      name: "base", folder: folder, model: model, adapter: nil, task: task.inference,
      tokenizer: try task.makeTokenizer(tokenizer, model.config), settings: task.settings, encoderKey: baseEncoderKey)
  }

  /// Loads an adapter. Several threads may load at once, also while passes run.
  /// - Throws: `PoolFault`, `AdapterFault`, `CheckpointFault.notFinite` and faults of the folder's readers.
  package func load(name: String, folder: String) throws -> Member {
    let task = try FolderTask(folder, base: self.folder, config), (tokenizer, identity) = try tokenizer(of: task)
    if !anyBase {
      let found = task.settings?.differences(of: config, tokenizer: identity, sha256: checkpoint.sha256) ?? []
      if !found.isEmpty { throw PoolFault.differentBase(adapter: folder, base: self.folder, found) }
    }
    let model = try model(for: task, tokenizer), adapter = try Adapter(folder: folder, on: model)
    return try member(name, task, adapter, on: model, tokenizer)
  }

  /// - Throws: `PoolFault` if the head does not fit the labels, or the tokens the tokenizer.
  func member(
    _ name: String, _ task: FolderTask, _ adapter: Adapter, on model: TextModel, _ tokenizer: any Tokenizer
  ) throws -> Member {
    if model.headType.hasClassifier { try checkLabels(task, outputs: adapter.head.outputs, model) }
    if let id = adapter.tokenRows?.ids.max(), id >= tokenizer.count {
      throw PoolFault.noTokens(adapter: task.folder, id: Int(id), tokenizer.count)
    }
    let missing = model.missingHeadWeights(besides: adapter.replacedAndHeadNames)
    if !missing.isEmpty { throw PoolFault.missingWeights(adapter: task.folder, missing) }
    return Member(
      name: name, folder: task.folder, model: model, adapter: adapter, task: task.inference,
      tokenizer: try task.makeTokenizer(tokenizer, model.config, reserved: adapter.method.virtualTokenCount),
      settings: task.settings, encoderKey: adapter.encoderKey)
  }

  /// Answers records, each with its own member of this base, in passes that the members share. The records must have passed
  /// the `check` of their member's task.
  /// - Returns: for each request the prediction, and the record's sequences with their logits if `keepsLogits`.
  /// - Throws: `PoolFault.noRecords` for a member without predictions for records; `NotFinite` if a logit is not finite, as
  ///   with damaged weights.
  package func predict(
    _ requests: [(record: Record, member: Member)], keepsLogits: Bool = false, _ parallelFor: ParallelFor
  ) throws -> [(prediction: Prediction, sequences: [SequenceLogits])] {
    let byMember = Dictionary(grouping: requests.indices) { requests[$0].member.id }.values.sorted { $0[0] < $1[0] }
    let parts = try byMember.map { indices in
      let member = requests[indices[0]].member
      return MixedInference.Part(
        model: member.model, set: member.adapter?.set, records: indices.map { requests[$0].record },
        task: try member.recordTask, tokenizer: member.tokenizer, encoderKey: member.encoderKey)
    }
    let found = try MixedInference(parts, encoder: encoder, keepsLogits: keepsLogits).predict(parallelFor)
    let order = byMember.joined().enumerated().sorted { $0.element < $1.element }.map(\.offset)
    let flat = Array(found.joined())
    return order.map { flat[$0] }
  }

  private func checkLabels(_ task: FolderTask, outputs: Int, _ model: TextModel) throws {
    let count = task.inference.labels.count
    if !model.headType.hasClassifier || count == outputs { return }
    throw task.settings == nil
      ? PoolFault.noLabels(adapter: task.folder, task.type, classes: outputs)
      : .labelCount(adapter: task.folder, labels: count, classes: outputs)
  }

  func tokenizer(of task: FolderTask) throws -> TokenizerCache.Entry {
    try tokenizers.tokenizer(of: task.folder, task.settings?.tokenizerOverrides ?? .init())
  }

  /// The head that a task needs, over the encoder with as many tokens as its tokenizer has.
  func model(for task: FolderTask, _ tokenizer: any Tokenizer) throws -> TextModel {
    var config = config
    if task.folder != folder { config.addTokens(upTo: tokenizer.count) }
    let key = HeadKey(
      type: task.type.inference.headType, layers: task.inference.headLayers, vocabSize: config.vocabSize)
    return try heads.withLock { heads in
      let model =
        try heads[key]
        ?? TextModel(
          sharingEncoderOf: encoder, withTokensOf: config, source, headType: key.type, layers: key.layers,
          classes: max(config.labels.count, 1), reuseHead: true, seed: 0)
      heads[key] = model
      return model
    }
  }
}

/// What models of one base differ by.
private struct HeadKey: Hashable {
  var type: HeadType
  var layers: HeadLayers
  var vocabSize: Int
}
