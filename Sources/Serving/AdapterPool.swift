/// One loaded base model, and the adapters that can answer with it, by name.
public import Adapters
import Autograd
import Checkpoints
import Files
public import Kernels
public import Models
public import Tasks
import Tokenizers

public final class AdapterPool: Sendable {
  /// A model to predict with: an adapter, or the base itself.
  public struct Member: Sendable {
    public let name, folder: String
    /// nil: the base with its own classifier.
    public let adapter: Adapter?
    public let task: any TaskInference
    public let tokenizer: TextTokenizer
    /// The folder's tune.json; nil: it has none.
    public let settings: TuneJSON?

    /// The argument of a pass.
    public var adapters: RowAdapters { adapter.map { RowAdapters($0.set) } ?? .none }
  }

  public let model: TextModel
  public let members: [Member]
  /// The base's weights.
  let checkpoint: Checkpoint
  /// How the weights of the base and of the adapters were read, for the user.
  public var notes: [String] { checkpoint.notes + members.flatMap { $0.adapter?.notes ?? [] } }

  /// - Parameters:
  ///   - adapters: in the order of the output; names must differ, and all must be of one task.
  ///   - withBase: include the base with its own head.
  ///   - anyBase: skip the check that each adapter was trained on this base: its weights, settings and tokenizer.
  ///   - threads: for the sweep over the base's weights.
  /// - Throws: `PoolFault`, `AdapterFault`, `CheckpointFault.notFinite` and faults of the folders' readers.
  public init(
    folder: String, adapters: [(name: String, path: String)], withBase: Bool, anyBase: Bool = false, threads: Int = 1
  ) throws {
    let names = (withBase ? ["base"] : []) + adapters.map(\.name)
    if let name = names.first(where: { name in names.count { $0 == name } > 1 }) { throw PoolFault.duplicateName(name) }
    let baseConfig = try ModelConfig(folder: folder), checkpoint = try Checkpoint(folder: folder, threads: threads)
    let folders = (withBase ? [folder] : []) + adapters.map(\.path)
    let tasks = try folders.map { try FolderTask($0, base: folder, baseConfig) }
    guard let task = tasks.first else { preconditionFailure("a pool needs a member") }
    for other in tasks where other.type != task.type {
      throw PoolFault.differentTasks([task, other].map { ($0.folder, $0.type) })
    }
    for other in tasks where other.inference.headLayers != task.inference.headLayers {
      throw PoolFault.differentHeads(task.folder, other.folder)
    }
    var loaded: [TokenizerOverrides: any Tokenizer] = [:], config = baseConfig
    let tokenizers = try tasks.map { task in
      let overrides = task.settings?.tokenizerOverrides ?? .init()
      if task.folder != folder, hasTokenizer(task.folder) {
        let own = try loadTokenizer(folder: task.folder, overrides)
        config.addTokens(upTo: own.count)
        return own
      }
      let tokenizer = try loaded[overrides] ?? loadTokenizer(folder: folder, overrides)
      loaded[overrides] = tokenizer
      return tokenizer
    }
    for (adapter, tokenizer) in zip(tasks, tokenizers).dropFirst(withBase ? 1 : 0) where !anyBase {
      let found = adapter.settings?.differences(of: baseConfig, tokenizer, sha256: checkpoint.sha256) ?? []
      if !found.isEmpty { throw PoolFault.differentBase(adapter: adapter.folder, base: folder, found) }
    }
    // With OpenBLAS the rounding depends on the GEMM's sizes, so it computes queries, keys and values as in training.
    let weights = WeightSource(checkpoint, of: config.family, forInference: GEMMBackend.selected > .blas)
    let model = try TextModel(
      config, weights, headType: task.type.inference.headType, layers: task.inference.headLayers,
      classes: max(config.labels.count, 1), reuseHead: true, seed: 0)
    (self.model, self.checkpoint) = (model, checkpoint)
    members = try zip(names, zip(tasks, tokenizers)).enumerated().map { index, member in
      let (name, (task, tokenizer)) = member
      return try withBase && index == 0
        ? Self.base(task, model, tokenizer, checkpoint) : Self.adapter(name, task, model, tokenizer)
    }
  }

  private static func base(
    _ task: FolderTask, _ model: TextModel, _ tokenizer: any Tokenizer, _ checkpoint: Checkpoint
  ) throws -> Member {
    if model.headType.hasClassifier, case let name = model.classifier.weight.name, checkpoint.contains(name),
      let rows = try checkpoint.info(name).shape.first
    {
      try checkLabels(task, outputs: rows, model)
    }
    if task.settings == nil, checkpoint.names.contains(where: HeadLayers.owns) {
      throw PoolFault.unknownHead(task.folder)
    }
    guard model.newlyInitialized.isEmpty, !task.inference.labels.isEmpty || !model.headType.hasClassifier else {
      throw PoolFault.noHead(task.folder)
    }
    try checkLabels(task, outputs: model.outputLayers.classifier?.outputs ?? 0, model)
    return Member(
      name: "base", folder: task.folder, adapter: nil, task: task.inference,
      tokenizer: try task.makeTokenizer(tokenizer, model.config),
      settings: task.settings)
  }

  private static func adapter(
    _ name: String, _ task: FolderTask, _ model: TextModel, _ tokenizer: any Tokenizer
  ) throws -> Member {
    let adapter = try Adapter(folder: task.folder, on: model)
    if model.headType.hasClassifier { try checkLabels(task, outputs: adapter.head.outputs, model) }
    if let id = adapter.tokenRows?.ids.max(), id >= tokenizer.count {
      throw PoolFault.noTokens(adapter: task.folder, id: Int(id), tokenizer.count)
    }
    let missing = model.missingHeadWeights(besides: adapter.replacedAndHeadNames)
    if !missing.isEmpty { throw PoolFault.missingWeights(adapter: task.folder, missing) }
    let tokenizer = try task.makeTokenizer(tokenizer, model.config, reserved: adapter.method.virtualTokenCount)
    return Member(
      name: name, folder: task.folder, adapter: adapter, task: task.inference, tokenizer: tokenizer,
      settings: task.settings)
  }

  private static func checkLabels(_ task: FolderTask, outputs: Int, _ model: TextModel) throws {
    let count = task.inference.labels.count
    if !model.headType.hasClassifier || count == outputs { return }
    throw task.settings == nil
      ? PoolFault.noLabels(adapter: task.folder, task.type, classes: outputs)
      : .labelCount(adapter: task.folder, labels: count, classes: outputs)
  }

  /// The member's tokenizer with another window; nil: as it is. A stride that is too large for a new `maxLength` becomes a
  /// quarter of it.
  /// - Throws: `TextTokenizerFault`.
  public func tokenizer(of member: Member, maxLength: Int?, stride: Int?) throws -> TextTokenizer {
    let length = maxLength ?? member.tokenizer.maxLength, own = member.tokenizer.stride
    return try TextTokenizer(
      member.tokenizer.tokenizer, model.config, maxLength: length, stride: stride ?? (own * 2 < length ? own : nil),
      reserved: member.adapter?.method.virtualTokenCount ?? 0)
  }

  /// Sets the format of the base's weights. Weights that an adapter replaces stay in Float32.
  public func use(_ precision: InferencePrecision) {
    if precision == .int8 { model.quantize() }
    model.setPrecision(
      precision.products, adapters: members.compactMap { $0.adapter?.set }, hasGradients: false)
  }
}
