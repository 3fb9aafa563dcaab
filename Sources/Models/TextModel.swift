/// An encoder with a head: what a task trains and a predictor asks.
public import Autograd
public import Checkpoints
public import Kernels

/// What the head reads and says.
public enum HeadKind: Sendable {
  /// Logits for every token: transformers' …ForTokenClassification.
  case tokens
  /// Logits for every sequence, from [CLS] through the pooler: transformers' …ForSequenceClassification.
  case sequence
}

/// Sendable: read during a step; the head, the seams, `precision` and `recompute` are assigned between passes.
public final class TextModel: @unchecked Sendable {
  public let config: ModelConfig
  public let kind: HeadKind
  public let encoder: BertEncoder
  public let pooler: Projection?
  /// The last product; an adapter may bring its own.
  public var classifier: Projection
  /// What the encoder's products and its table of words are read as.
  public private(set) var precision = Precision.fp32
  /// Whether a training pass keeps only the inputs of blocks and computes the rest again in backward: less memory for
  /// more time, and the same bits.
  public var recompute = false
  /// Names of the weights that did not come from the checkpoint.
  public let fresh: [String]

  /// Builds the model over weights from a checkpoint or from chance.
  /// - Parameters:
  ///   - classes: outputs of the head.
  ///   - reuseHead: whether the folder's own head may serve, where it has one of this size.
  /// - Throws: `WeightFault` with every weight that is missing, unexpected or of another shape.
  public init(
    _ config: ModelConfig, _ source: WeightSource, kind: HeadKind, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let loader = WeightLoader(source, for: config, seed: seed)
    let root = loader.root
    self.config = config
    self.kind = kind
    encoder = try BertEncoder(root, config)
    pooler =
      switch kind {
      case .tokens: nil
      case .sequence:
        try root[config.family.names.pooler].head(
          config.width, config.width, reuse: true, std: config.initializerRange)
      }
    classifier = try root["classifier"].head(config.width, classes, reuse: reuseHead, std: config.initializerRange)
    try loader.finish()
    fresh = loader.fresh
  }

  /// Builds the model over a checkpoint of its own family; nil: from chance.
  public convenience init(
    _ config: ModelConfig, _ checkpoint: Checkpoint?, kind: HeadKind, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let source = checkpoint.map { WeightSource($0, of: config.family) } ?? .chance
    try self.init(config, source, kind: kind, classes: classes, reuseHead: reuseHead, seed: seed)
  }

  /// Opens a Hub folder: config.json and its weights.
  public convenience init(
    folder: String, kind: HeadKind, classes: Int, reuseHead: Bool, seed: UInt64 = 0
  ) throws {
    try self.init(
      ModelConfig(folder: folder), Checkpoint(folder: folder), kind: kind, classes: classes, reuseHead: reuseHead,
      seed: seed)
  }

  /// Logits [tokens or sequences, classes].
  public func callAsFunction(_ batch: Batch, _ pass: Pass) -> Tensor {
    var x = encoder(batch, precision: precision, recompute: recompute, pass)
    if let pooler {
      x = gather(x, rows: batch.starts.dropLast().map(Int32.init), pass)
      x = JoinedProjection(pooler)(x, pass)
      x = config.family.poolsByTanh ? tanh(x, pass) : activate(x, .relu, pass)
    }
    return JoinedProjection(classifier)(dropout(x, config.dropout(before: kind), pass), pass)
  }

  /// Every projection but the classifier, in the checkpoint's order.
  public var projections: [Projection] { encoder.products.flatMap(\.parts) + (pooler.map { [$0] } ?? []) }

  /// Chooses the numbers that the encoder reads. What learns must be known by then. In bf16 every frozen matrix, and the
  /// table of words, is rounded for good; those in `except`, which are written to later, keep the room of Float32.
  public func use(_ precision: Precision, except: Set<String> = []) {
    self.precision = precision
    guard precision == .bf16 else { return }
    for weights in encoder.products.map({ $0.parts.map(\.weight) }) + [[encoder.embeddings.words]] {
      let frozen = weights.filter { !$0.isTrainable && !$0.isHalf }
      if frozen.count == weights.count && !frozen.contains(where: { except.contains($0.name) }) {
        Parameter.narrow(frozen)
      } else {
        frozen.forEach { $0.round() }
      }
    }
  }

  /// Every weight of the model as it is on disk, adapters aside.
  public var parameters: [Parameter] {
    encoder.others + (projections + [classifier]).flatMap { [$0.weight, $0.bias] }
  }
}
