/// An encoder with a head: what a task trains and a predictor asks.
public import Autograd
public import Checkpoints
import Files
public import Kernels

/// Sendable: read during a step; the head, the seams, `precision`, `recompute` and `frozen` are assigned between passes.
public final class TextModel: @unchecked Sendable {
  public let config: ModelConfig
  public let kind: HeadKind
  public let encoder: BertEncoder
  let neck: Neck?
  /// The last product; an adapter may bring its own. Of a masked-language head: the table of words, with its own bias.
  public var classifier: Projection
  /// What an adapter puts before every sequence.
  public var preface: (any Preface)?
  /// What the encoder's products and its table of words are read as.
  public private(set) var precision = Precision.fp32
  /// Whether a training pass keeps only the inputs of blocks and computes the rest again in backward: less memory for
  /// more time, and the same bits.
  public var recompute = false
  /// States that need not be computed again, where some are kept; nobody may change a weight below them meanwhile.
  public var frozen: FrozenStates?
  /// Names of the weights that did not come from the checkpoint.
  public let fresh: [String]

  /// Builds the model over weights from a checkpoint or from chance.
  /// - Parameters:
  ///   - classes: outputs of the head; a masked-language head has the vocabulary's.
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
    let (width, std, names) = (config.width, config.initializerRange, config.family.names)
    switch kind {
    case .tokens: neck = nil
    case .sequence:
      let dense = try root[names.pooler].head(width, width, reuse: true, std: std)
      neck = Neck(dense: dense, activation: config.family.poolsByTanh ? nil : .relu, norm: nil)
    case .masked:
      if config.json["tie_word_embeddings"] == false {
        throw ConfigFault(
          file: "config.json",
          problems: ["'tie_word_embeddings' is false; a masked-language head is the table of words itself here."])
      }
      neck = Neck(
        dense: try root[names.maskedDense].head(width, width, reuse: reuseHead, std: std),
        activation: config.activation,
        norm: try LayerNorm(head: root[names.maskedNorm], config, reuse: reuseHead))
    }
    if kind == .masked {
      let words = encoder.embeddings.words
      words.writers = 2
      let bias = try root.head(names.maskedBias, [config.vocabulary], start: .zero, reuse: reuseHead)
      classifier = Projection(String(names.maskedBias.dropLast(".bias".count)), weight: words, bias: bias)
    } else {
      classifier = try root["classifier"].head(width, classes, reuse: reuseHead, std: std)
    }
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
    folder: String, kind: HeadKind, classes: Int = 0, reuseHead: Bool, seed: UInt64 = 0
  ) throws {
    try self.init(
      ModelConfig(folder: folder), Checkpoint(folder: folder), kind: kind, classes: classes, reuseHead: reuseHead,
      seed: seed)
  }

  /// Logits [rows, classes] of the tokens at `rows`, where given; else of all tokens or of every sequence.
  public func callAsFunction(_ batch: Batch, rows: [Int32]? = nil, trace: Trace? = nil, _ pass: Pass) -> Tensor {
    let reading = Reading(batch, behind: preface, pass)
    var x = states(reading, trace, pass)
    let chosen = rows.map { rows in reading.rows.map { own in rows.map { own[Int($0)] } } ?? rows }
    // A sequence is read by its first row, which may be a preface's, as PEFT has it.
    let usual = kind == .sequence ? reading.batch.starts.dropLast().map(Int32.init) : reading.rows
    if let rows = chosen ?? usual { x = gather(x, rows: rows, pass) }
    let numbers = kind == .masked ? precision : .fp32
    if let neck { x = neck(x, precision: numbers, pass) }
    return JoinedProjection(classifier)(dropout(x, config.dropout(before: kind), pass), precision: numbers, pass)
  }

  /// Goes through the encoder alone, for `trace` to see.
  public func show(_ batch: Batch, to trace: Trace, _ pass: Pass) {
    _ = states(Reading(batch, behind: preface, pass), trace, pass)
  }

  private func states(_ reading: Reading, _ trace: Trace?, _ pass: Pass) -> Tensor {
    encoder(reading, precision: precision, recompute: recompute, frozen: frozen, trace: trace, pass)
  }

  /// The table of words [vocabulary, width].
  public var words: Parameter { encoder.embeddings.words }

  /// Every projection but the classifier, in the checkpoint's order.
  public var projections: [Projection] { encoder.products.flatMap(\.parts) + (neck.map { [$0.dense] } ?? []) }

  /// Whether the projection is a product of its own; one that shares it with others reads what they read.
  public func isAlone(_ projection: Projection) -> Bool {
    !encoder.products.contains { $0.parts.count > 1 && $0.parts.contains { $0 === projection } }
  }

  /// Names of the modules that normalise, in the checkpoint's order.
  public var norms: [String] { (encoder.norms + (neck?.norm.map { [$0] } ?? [])).map(\.name) }

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
    let norms = neck?.norm.map { [$0.gain, $0.bias] } ?? []
    let head = kind == .masked ? [classifier.bias] : [classifier.weight, classifier.bias]
    return encoder.others + projections.flatMap { [$0.weight, $0.bias] } + norms + head
  }
}
