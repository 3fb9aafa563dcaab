/// An encoder with a head: the model that is trained, evaluated and used for prediction.
package import Autograd
package import Checkpoints
import Files
package import Kernels

/// No pass writes to it: adapters are an argument of a pass.
/// Sendable: its weights and its variables are written only between passes.
package final class TextModel: @unchecked Sendable {
  package let config: ModelConfig
  package let headType: HeadType
  /// The head's layers besides the linear one.
  package let headLayers: HeadLayers
  package let encoder: TransformerEncoder
  let head: Head
  /// The precision of the encoder's GEMM operands and word embeddings.
  package private(set) var precision = Precision.fp32
  /// Whether forward saves only the blocks' inputs, and backward recomputes the rest. Saves memory, takes more time,
  /// and gives the same bits.
  package var gradientCheckpointing = false
  /// Cached hidden states of the frozen lowest blocks, for passes with the adapters that it was made for. While it is
  /// set, the weights below must not change.
  package var hiddenStateCache: HiddenStateCache?
  /// Names of the head weights that were newly initialized instead of loaded from the checkpoint.
  package let newlyInitialized: [String]
  /// Of the weights; nil: they are not from a checkpoint.
  private let source: WeightSource?

  /// Builds the model with weights from a checkpoint or with random weights.
  /// - Parameters:
  ///   - layers: of the head, besides the linear one.
  ///   - classes: outputs of the head; ignored for a tied decoder, which has one output per token of the vocabulary.
  ///   - reuseHead: whether to load the checkpoint's head if it has this size.
  ///   - seed: of random initialization.
  /// - Throws: `WeightFault` with every weight that is missing, unexpected or of another shape; `ConfigFault`.
  package init(
    _ config: ModelConfig, _ source: WeightSource, headType: HeadType, layers: HeadLayers = HeadLayers(), classes: Int,
    reuseHead: Bool, seed: UInt64
  ) throws {
    let loader = WeightLoader(source, for: config, seed: seed)
    let root = loader.root
    self.config = config
    (self.headType, headLayers) = (headType, layers)
    encoder = try TransformerEncoder(root, config)
    head = try headType.makeHead(root, config, encoder.embeddings, layers, classes: classes, reuse: reuseHead)
    try loader.finish()
    newlyInitialized = loader.newlyInitialized
    self.source = source.checkpoint.map { _ in source }
  }

  /// Builds the model with weights from a checkpoint of the same family; nil: random weights.
  package convenience init(
    _ config: ModelConfig, _ checkpoint: Checkpoint?, headType: HeadType, layers: HeadLayers = HeadLayers(),
    classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    let source = checkpoint.map { WeightSource($0, of: config.family) } ?? .random
    try self.init(
      config, source, headType: headType, layers: layers, classes: classes, reuseHead: reuseHead, seed: seed)
  }

  /// Another head on the encoder of `other`. Both may be used, and trained, in turns.
  /// - Parameters:
  ///   - source: of the head's weights.
  ///   - larger: the config of `other` with more tokens, whose word embeddings the model then has its own of; nil: the same.
  package init(
    sharingEncoderOf other: TextModel, withTokensOf larger: ModelConfig? = nil, _ source: WeightSource,
    headType: HeadType, layers: HeadLayers, classes: Int, reuseHead: Bool, seed: UInt64
  ) throws {
    config = larger ?? other.config
    let loader = WeightLoader(source, for: config, seed: seed)
    encoder =
      try config.vocabSize == other.config.vocabSize
      ? other.encoder : other.encoder.with(wordEmbeddings: loader.wordEmbeddings(config))
    precision = other.precision
    (self.headType, headLayers) = (headType, layers)
    head = try headType.makeHead(
      loader.root, config, encoder.embeddings, layers, classes: classes, reuse: reuseHead)
    try loader.finishHead()
    newlyInitialized = loader.newlyInitialized
    self.source = source.checkpoint.map { _ in source }
    if precision == .bf16, encoder.embeddings.wordEmbeddings.isFloat32 { round([encoder.embeddings.wordEmbeddings]) }
  }

  /// Loads a Hub folder: config.json and the weights.
  package convenience init(
    folder: String, headType: HeadType, layers: HeadLayers = HeadLayers(), classes: Int = 0, reuseHead: Bool,
    seed: UInt64 = 0
  ) throws {
    try self.init(
      ModelConfig(folder: folder), Checkpoint(folder: folder), headType: headType, layers: layers, classes: classes,
      reuseHead: reuseHead, seed: seed)
  }

  /// [vocabSize, hiddenSize]
  package var wordEmbeddings: Parameter { encoder.embeddings.wordEmbeddings }

  /// All projections except the classifier, in the checkpoint's order.
  package var projections: [Projection] {
    encoder.joinedProjections.flatMap(\.parts) + (head.transform.map { [$0.dense] } ?? [])
  }

  /// Whether the projection is computed by its own GEMM. Queries, keys and values share one, and so its input.
  package func isSeparate(_ projection: Projection) -> Bool {
    !encoder.joinedProjections.contains { $0.parts.count > 1 && $0.parts.contains { $0 === projection } }
  }

  /// Names of the LayerNorm modules, in the checkpoint's order.
  package var normNames: [String] { (encoder.norms + (head.transform?.norm.map { [$0] } ?? [])).map(\.name) }

  /// The normalizations of transformers' class that have no weights: its first pre-norm block has an Identity.
  package var identityNormNames: [String] {
    let names = config.family.names
    return config.rotary == nil ? [] : ["\(names.blocks).0.\(names.attentionNorm)"]
  }

  /// Quantizes the encoder's frozen matrices to int8 for inference, which cannot be undone; word embeddings and the head are
  /// not. Call it before `setPrecision`.
  package func quantize() {
    for projection in encoder.joinedProjections.flatMap(\.parts)
    where !projection.weight.isTrainable && projection.weight.isFloat32 {
      projection.weight.pack { Int8Weights($0) }
    }
  }

  /// Sets the precision of the encoder's matrices. The trainable parameters must have been chosen. With bf16 all frozen
  /// matrices and the word embeddings are rounded to bfloat16, which cannot be undone. Where some matrices of a joined
  /// projection are trained, the frozen ones are rounded but stay Float32.
  /// - Parameters:
  ///   - sets: of the passes to come. The frozen matrices that they keep beside a replaced one are also rounded; matrices
  ///     that an adapter replaces are not.
  ///   - hasGradients: whether a gradient will go through the encoder. If not, its matrices are packed.
  package func setPrecision(_ precision: Precision, adapters sets: [AdapterSet] = [], hasGradients: Bool = true) {
    self.precision = precision
    guard precision == .bf16 else { return }
    for weights in encoder.joinedProjections.map({ $0.parts.map(\.weight) }) {
      if !hasGradients { weights.filter(\.isFloat32).forEach { $0.pack { BF16Panels($0) } } }
      round(weights)
    }
    round([encoder.embeddings.wordEmbeddings])
    sets.flatMap(\.companionMatrices).forEach { $0.roundToBF16() }
  }

  private func round(_ weights: [Parameter]) {
    let frozen = weights.filter { !$0.isTrainable && $0.isFloat32 }
    if frozen.count == weights.count { Parameter.convertToBF16(frozen) } else { frozen.forEach { $0.roundToBF16() } }
  }

  /// A weight of the encoder in Float32 with the checkpoint's numbers, also after `quantize` and `setPrecision`.
  /// - Throws: the checkpoint's errors.
  package func original(_ weight: Parameter) throws -> Parameter {
    guard !weight.isFloat32, let source else { return weight.asFloat32 }
    return try WeightLoader(source, for: config, seed: 0).parameter(
      weight.name, shape: weight.shape, memory: nil, initializer: nil)
  }

  /// All weights of the model as on disk, without adapters.
  package var parameters: [Parameter] {
    encoder.embeddingAndNormParameters + projections.flatMap(\.parameters)
      + head.parameters(isTied: headType.isTied)
  }

  /// Names of the modules between the encoder and the classifier.
  package var headTransformModules: [String] {
    head.transform.map { [$0.dense.name] + ($0.norm.map { [$0.name] } ?? []) } ?? []
  }

  /// Names of the modules of a scalar mix and an LSTM.
  package var tagLayerModules: [String] { head.tagLayers.modules }

  /// The layers whose sizes depend on the number of classes; an adapter may have others.
  package var outputLayers: OutputLayers { head.output }

  /// The last linear layer; an adapter may have another. A tied decoder's weight is the word embeddings. An embedding model
  /// has none.
  package var classifier: Projection {
    guard let classifier = head.output.classifier else { preconditionFailure("an embedding model has no classifier") }
    return classifier
  }

  /// Names of the head's weights that are random: not in the checkpoint, and not among `names`, which an adapter has. A
  /// tied decoder's bias may be missing, because it is initialized with 0.
  package func missingHeadWeights(besides names: Set<String>) -> [String] {
    let optional = headType.isTied ? classifier.bias.map { [$0.name] } ?? [] : []
    return newlyInitialized.filter { !names.contains($0) && !optional.contains($0) }
  }
}
