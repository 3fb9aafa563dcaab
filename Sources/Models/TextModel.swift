/// An encoder with a head: the model that is trained, evaluated and used for prediction.
public import Autograd
public import Checkpoints
import Files
public import Kernels

/// Sendable: read during a step; its variables and the adapter slots are assigned between passes.
public final class TextModel: @unchecked Sendable {
  public let config: ModelConfig
  public let headType: HeadType
  public let encoder: BertEncoder
  let headTransform: HeadTransform?
  /// The last linear layer; an adapter may replace it. For `maskedLM`, the decoder: its weight is the word embeddings,
  /// its bias is separate.
  public var classifier: Projection
  /// Virtual tokens before every sequence, set by an adapter.
  public var virtualTokens: (any VirtualTokens)?
  /// The precision of the encoder's GEMM operands and word embeddings.
  public private(set) var precision = Precision.fp32
  /// Whether forward saves only the blocks' inputs, and backward recomputes the rest. Saves memory, takes more time,
  /// and gives the same bits.
  public var gradientCheckpointing = false
  /// Cached hidden states of the frozen lowest blocks. While it is set, the weights below must not change.
  public var hiddenStateCache: HiddenStateCache?
  /// Names of the head weights that were newly initialized instead of loaded from the checkpoint.
  public let newlyInitialized: [String]

  /// Builds the model with weights from a checkpoint or with random weights.
  /// - Parameters:
  ///   - classes: outputs of the head; ignored for `maskedLM`, which has one output per token of the vocabulary.
  ///   - reuseHead: whether to load the checkpoint's head if it has this size.
  ///   - seed: of random initialization.
  /// - Throws: `WeightFault` with every weight that is missing, unexpected or of another shape; `ConfigFault`.
  public init(
    _ config: ModelConfig, _ source: WeightSource, headType: HeadType, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let loader = WeightLoader(source, for: config, seed: seed)
    let root = loader.root
    self.config = config
    self.headType = headType
    encoder = try BertEncoder(root, config)
    let (hiddenSize, std, names) = (config.hiddenSize, config.initializerRange, config.family.names)
    switch headType {
    case .tokenClassification: headTransform = nil
    case .sequenceClassification:
      let dense = try root[names.pooler].head(hiddenSize, hiddenSize, reuse: true, std: std)
      headTransform = HeadTransform(dense: dense, activation: config.family.usesTanhPooler ? nil : .relu, norm: nil)
    case .maskedLM:
      if config.json["tie_word_embeddings"] == false {
        throw ConfigFault(
          file: "config.json",
          problems: ["'tie_word_embeddings' is false; only a decoder tied to the word embeddings is supported."])
      }
      headTransform = HeadTransform(
        dense: try root[names.mlmDense].head(hiddenSize, hiddenSize, reuse: reuseHead, std: std),
        activation: config.activation,
        norm: try LayerNorm(head: root[names.mlmNorm], config, reuse: reuseHead))
    }
    if headType == .maskedLM {
      let wordEmbeddings = encoder.embeddings.wordEmbeddings
      wordEmbeddings.gradientWrites = 2
      let bias = try root.head(names.mlmBias, [config.vocabSize], initializer: .zero, reuse: reuseHead)
      classifier = Projection(String(names.mlmBias.dropLast(".bias".count)), weight: wordEmbeddings, bias: bias)
    } else {
      classifier = try root["classifier"].head(hiddenSize, classes, reuse: reuseHead, std: std)
    }
    try loader.finish()
    newlyInitialized = loader.newlyInitialized
  }

  /// Builds the model with weights from a checkpoint of the same family; nil: random weights.
  public convenience init(
    _ config: ModelConfig, _ checkpoint: Checkpoint?, headType: HeadType, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let source = checkpoint.map { WeightSource($0, of: config.family) } ?? .random
    try self.init(config, source, headType: headType, classes: classes, reuseHead: reuseHead, seed: seed)
  }

  /// Loads a Hub folder: config.json and the weights.
  public convenience init(
    folder: String, headType: HeadType, classes: Int = 0, reuseHead: Bool, seed: UInt64 = 0
  ) throws {
    try self.init(
      ModelConfig(folder: folder), Checkpoint(folder: folder), headType: headType, classes: classes,
      reuseHead: reuseHead, seed: seed)
  }

  /// Logits [rows, classes] of the tokens at `rows`; nil: of all tokens, or of every sequence
  /// (`sequenceClassification`).
  public func callAsFunction(_ batch: Batch, rows: [Int32]? = nil, trace: Trace? = nil, _ pass: Pass) -> Tensor {
    let input = EncoderInput(batch, virtualTokens: virtualTokens, pass)
    var x = hiddenStates(input, trace, pass)
    let requestedRows = rows.map { rows in input.rows.map { tokenRows in rows.map { tokenRows[Int($0)] } } ?? rows }
    // A sequence is classified from its first row, which may be a virtual token, as in PEFT.
    let defaultRows =
      headType == .sequenceClassification ? input.batch.sequenceOffsets.dropLast().map(Int32.init) : input.rows
    if let rows = requestedRows ?? defaultRows { x = gather(x, rows: rows, pass) }
    let precision = headType == .maskedLM ? precision : .fp32
    if let headTransform { x = headTransform(x, precision: precision, pass) }
    return JoinedProjection(classifier)(dropout(x, config.dropout(before: headType), pass), precision: precision, pass)
  }

  /// Runs the encoder without the head, for `trace`.
  public func capture(_ batch: Batch, into trace: Trace, _ pass: Pass) {
    _ = hiddenStates(EncoderInput(batch, virtualTokens: virtualTokens, pass), trace, pass)
  }

  private func hiddenStates(_ input: EncoderInput, _ trace: Trace?, _ pass: Pass) -> Tensor {
    encoder(
      input, precision: precision, gradientCheckpointing: gradientCheckpointing, cache: hiddenStateCache, trace: trace,
      pass)
  }

  /// [vocabSize, hiddenSize]
  public var wordEmbeddings: Parameter { encoder.embeddings.wordEmbeddings }

  /// All projections except the classifier, in the checkpoint's order.
  public var projections: [Projection] {
    encoder.joinedProjections.flatMap(\.parts) + (headTransform.map { [$0.dense] } ?? [])
  }

  /// Whether the projection is computed by its own GEMM. Queries, keys and values share one, and so its input.
  public func isSeparate(_ projection: Projection) -> Bool {
    !encoder.joinedProjections.contains { $0.parts.count > 1 && $0.parts.contains { $0 === projection } }
  }

  /// Names of the LayerNorm modules, in the checkpoint's order.
  public var normNames: [String] { (encoder.norms + (headTransform?.norm.map { [$0] } ?? [])).map(\.name) }

  /// Sets the precision of the encoder's matrices. The trainable parameters must have been chosen. With bf16 all frozen
  /// matrices and the word embeddings are rounded to bfloat16, which cannot be undone. Matrices in `except`, which are
  /// written to later, are rounded but stay Float32.
  public func setPrecision(_ precision: Precision, except: Set<String> = []) {
    self.precision = precision
    guard precision == .bf16 else { return }
    for weights in encoder.joinedProjections.map({ $0.parts.map(\.weight) }) + [[encoder.embeddings.wordEmbeddings]] {
      let frozen = weights.filter { !$0.isTrainable && !$0.isBF16 }
      if frozen.count == weights.count && !frozen.contains(where: { except.contains($0.name) }) {
        Parameter.convertToBF16(frozen)
      } else {
        frozen.forEach { $0.roundToBF16() }
      }
    }
  }

  /// All weights of the model as on disk, without adapters.
  public var parameters: [Parameter] {
    let norms = headTransform?.norm.map { [$0.gain, $0.bias] } ?? []
    let head = headType == .maskedLM ? [classifier.bias] : [classifier.weight, classifier.bias]
    return encoder.embeddingAndNormParameters + projections.flatMap { [$0.weight, $0.bias] } + norms + head
  }
}
