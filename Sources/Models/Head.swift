/// The layers on the encoder's hidden states: an optional transform, and the last linear layer.
import Autograd
import Files
import Kernels

/// x → norm(f(x·Wᵀ + b)), the norm being optional        [n, d] → [n, d]
/// The pooler of a sequence classifier (f = tanh; ReLU in DistilBERT), or the transform of a masked-language-modeling
/// head (f = the encoder's activation).
struct HeadTransform: Sendable {
  let dense: Projection
  /// nil: tanh.
  let activation: Activation?
  let norm: LayerNorm?

  func callAsFunction(_ x: Tensor, precision: Precision, _ adapters: RowAdapters, _ pass: Pass) -> Tensor {
    let y = JoinedProjection(dense)(x, precision: precision, adapters, pass)
    let z = activation.map { activate(y, $0, precision: precision, pass) } ?? tanh(y, pass)
    return norm?(z, residual: nil, dropout: 0, adapters, pass) ?? z
  }
}

/// A head's layers, as `HeadType.makeHead` makes them.
struct Head: Sendable {
  let transform: HeadTransform?
  let classifier: Projection
  /// Before the classifier.
  let dropout: Double

  /// The head's own weights: a tied decoder has only its bias.
  func parameters(isTied: Bool) -> [Parameter] {
    let norm = transform?.norm.map { [$0.gain, $0.bias] } ?? []
    return norm + (isTied ? [classifier.bias] : [classifier.weight, classifier.bias])
  }
}

extension HeadType {
  /// - Parameters:
  ///   - classes: outputs; ignored for a tied decoder, which has one output per token of the vocabulary.
  ///   - reuse: whether to load the checkpoint's head if it has this size.
  /// - Throws: `ConfigFault`; the loader's errors.
  func makeHead(
    _ root: Scope, _ config: ModelConfig, _ embeddings: Embeddings, classes: Int, reuse: Bool
  ) throws -> Head {
    if isTied { return try makeTiedHead(root, config, embeddings, reuse: reuse) }
    let (hiddenSize, std) = (config.hiddenSize, config.initializerRange)
    var transform: HeadTransform?
    if isBySequence {
      let dense = try root[config.family.names.pooler].head(hiddenSize, hiddenSize, reuse: true, std: std)
      transform = HeadTransform(dense: dense, activation: config.family.usesTanhPooler ? nil : .relu, norm: nil)
    }
    return Head(
      transform: transform, classifier: try root["classifier"].head(hiddenSize, classes, reuse: reuse, std: std),
      dropout: config.classifierDropout(bySequence: isBySequence))
  }

  private func makeTiedHead(
    _ root: Scope, _ config: ModelConfig, _ embeddings: Embeddings, reuse: Bool
  ) throws -> Head {
    if config.json["tie_word_embeddings"] == false {
      throw ConfigFault(
        file: "config.json",
        problems: ["'tie_word_embeddings' is false; only a decoder tied to the word embeddings is supported."])
    }
    let (size, names) = (config.hiddenSize, config.family.names)
    let dense = try root[names.mlmDense].head(size, size, reuse: reuse, std: config.initializerRange)
    let norm = try LayerNorm(head: root[names.mlmNorm], config, reuse: reuse)
    let bias = try root.head(names.mlmBias, [config.vocabSize], initializer: .zero, reuse: reuse)
    embeddings.wordEmbeddings.gradientWrites = 2
    return Head(
      transform: HeadTransform(dense: dense, activation: config.activation, norm: norm),
      classifier: Projection(
        String(names.mlmBias.dropLast(".bias".count)), weight: embeddings.wordEmbeddings, bias: bias),
      dropout: 0)
  }
}
