/// An encoder with a head: what a task trains and a predictor asks.
public import Autograd
public import Checkpoints
import Files
public import Kernels

/// Sendable: read during a step; the head, the seams, `precision`, `recompute` and `frozen` are assigned between passes.
public final class TextModel: @unchecked Sendable {
  public let config: ModelConfig
  public let headType: HeadType
  public let encoder: BertEncoder
  let headTransform: HeadTransform?
  /// The last product; an adapter may bring its own. Of a masked-language head: the table of words, with its own bias.
  public var classifier: Projection
  /// What an adapter puts before every sequence.
  public var virtualTokens: (any VirtualTokens)?
  /// What the encoder's products and its table of words are read as.
  public private(set) var precision = Precision.fp32
  /// Whether a training pass keeps only the inputs of blocks and computes the rest again in backward: less memory for
  /// more time, and the same bits.
  public var gradientCheckpointing = false
  /// States that need not be computed again, where some are kept; nobody may change a weight below them meanwhile.
  public var hiddenStateCache: HiddenStateCache?
  /// Names of the weights that did not come from the checkpoint.
  public let newlyInitialized: [String]

  /// Builds the model over weights from a checkpoint or from chance.
  /// - Parameters:
  ///   - classes: outputs of the head; a masked-language head has the vocabulary's.
  ///   - reuseHead: whether the folder's own head may serve, where it has one of this size.
  /// - Throws: `WeightFault` with every weight that is missing, unexpected or of another shape.
  public init(
    _ config: ModelConfig, _ source: WeightSource, kind: HeadType, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let loader = WeightLoader(source, for: config, seed: seed)
    let root = loader.root
    self.config = config
    self.headType = kind
    encoder = try BertEncoder(root, config)
    let (width, std, names) = (config.hiddenSize, config.initializerRange, config.family.names)
    switch kind {
    case .tokenClassification: headTransform = nil
    case .sequenceClassification:
      let dense = try root[names.pooler].head(width, width, reuse: true, std: std)
      headTransform = HeadTransform(dense: dense, activation: config.family.usesTanhPooler ? nil : .relu, norm: nil)
    case .maskedLM:
      if config.json["tie_word_embeddings"] == false {
        throw ConfigFault(
          file: "config.json",
          problems: ["'tie_word_embeddings' is false; a masked-language head is the table of words itself here."])
      }
      headTransform = HeadTransform(
        dense: try root[names.mlmDense].head(width, width, reuse: reuseHead, std: std),
        activation: config.activation,
        norm: try LayerNorm(head: root[names.mlmNorm], config, reuse: reuseHead))
    }
    if kind == .maskedLM {
      let words = encoder.embeddings.wordEmbeddings
      words.useCount = 2
      let bias = try root.head(names.mlmBias, [config.vocabSize], initializer: .zero, reuse: reuseHead)
      classifier = Projection(String(names.mlmBias.dropLast(".bias".count)), weight: words, bias: bias)
    } else {
      classifier = try root["classifier"].head(width, classes, reuse: reuseHead, std: std)
    }
    try loader.finish()
    newlyInitialized = loader.newlyInitialized
  }

  /// Builds the model over a checkpoint of its own family; nil: from chance.
  public convenience init(
    _ config: ModelConfig, _ checkpoint: Checkpoint?, kind: HeadType, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let source = checkpoint.map { WeightSource($0, of: config.family) } ?? .random
    try self.init(config, source, kind: kind, classes: classes, reuseHead: reuseHead, seed: seed)
  }

  /// Opens a Hub folder: config.json and its weights.
  public convenience init(
    folder: String, kind: HeadType, classes: Int = 0, reuseHead: Bool, seed: UInt64 = 0
  ) throws {
    try self.init(
      ModelConfig(folder: folder), Checkpoint(folder: folder), kind: kind, classes: classes, reuseHead: reuseHead,
      seed: seed)
  }

  /// Logits [rows, classes] of the tokens at `rows`, where given; else of all tokens or of every sequence.
  public func callAsFunction(_ batch: Batch, rows: [Int32]? = nil, trace: Trace? = nil, _ pass: Pass) -> Tensor {
    let reading = EncoderInput(batch, virtualTokens: virtualTokens, pass)
    var x = hiddenStates(reading, trace, pass)
    let chosen = rows.map { rows in reading.rows.map { own in rows.map { own[Int($0)] } } ?? rows }
    // A sequence is read by its first row, which may be a preface's, as PEFT has it.
    let usual =
      headType == .sequenceClassification ? reading.batch.sequenceOffsets.dropLast().map(Int32.init) : reading.rows
    if let rows = chosen ?? usual { x = gather(x, rows: rows, pass) }
    let numbers = headType == .maskedLM ? precision : .fp32
    if let headTransform { x = headTransform(x, precision: numbers, pass) }
    return JoinedProjection(classifier)(dropout(x, config.dropout(before: headType), pass), precision: numbers, pass)
  }

  /// Goes through the encoder alone, for `trace` to see.
  public func record(_ batch: Batch, in trace: Trace, _ pass: Pass) {
    _ = hiddenStates(EncoderInput(batch, virtualTokens: virtualTokens, pass), trace, pass)
  }

  private func hiddenStates(_ reading: EncoderInput, _ trace: Trace?, _ pass: Pass) -> Tensor {
    encoder(
      reading, precision: precision, recompute: gradientCheckpointing, frozen: hiddenStateCache, trace: trace, pass)
  }

  /// The table of words [vocabulary, width].
  public var wordEmbeddings: Parameter { encoder.embeddings.wordEmbeddings }

  /// Every projection but the classifier, in the checkpoint's order.
  public var projections: [Projection] { encoder.linears.flatMap(\.parts) + (headTransform.map { [$0.dense] } ?? []) }

  /// Whether the projection is a product of its own; one that shares it with others reads what they read.
  public func isSeparate(_ projection: Projection) -> Bool {
    !encoder.linears.contains { $0.parts.count > 1 && $0.parts.contains { $0 === projection } }
  }

  /// Names of the modules that normalise, in the checkpoint's order.
  public var normNames: [String] { (encoder.norms + (headTransform?.norm.map { [$0] } ?? [])).map(\.name) }

  /// Chooses the numbers that the encoder reads. What learns must be known by then. In bf16 every frozen matrix, and the
  /// table of words, is rounded for good; those in `except`, which are written to later, keep the room of Float32.
  public func setPrecision(_ precision: Precision, except: Set<String> = []) {
    self.precision = precision
    guard precision == .bf16 else { return }
    for weights in encoder.linears.map({ $0.parts.map(\.weight) }) + [[encoder.embeddings.wordEmbeddings]] {
      let frozen = weights.filter { !$0.isTrainable && !$0.isBF16 }
      if frozen.count == weights.count && !frozen.contains(where: { except.contains($0.name) }) {
        Parameter.convertToBF16(frozen)
      } else {
        frozen.forEach { $0.roundToBF16() }
      }
    }
  }

  /// Every weight of the model as it is on disk, adapters aside.
  public var parameters: [Parameter] {
    let norms = headTransform?.norm.map { [$0.gain, $0.bias] } ?? []
    let head = headType == .maskedLM ? [classifier.bias] : [classifier.weight, classifier.bias]
    return encoder.embeddingAndNormParameters + projections.flatMap { [$0.weight, $0.bias] } + norms + head
  }
}
