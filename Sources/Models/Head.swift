/// The layers on the encoder's hidden states: an optional transform, and the last linear layer.
import Autograd
import Files
import Kernels

/// x → norm(f(x·Wᵀ + b)), the norm being optional        [n, d] → [n, d]
/// The pooler of a sequence classifier, or the transform of a masked-language-modeling head.
struct HeadTransform: Sendable {
  let dense: Projection
  let activation: Activation
  let norm: LayerNorm?
  /// Before it.
  let dropout: Double

  func callAsFunction(_ x: Tensor, precision: Precision, _ adapters: RowAdapters, _ pass: Pass) -> Tensor {
    let y = JoinedProjection(dense)(Autograd.dropout(x, dropout, pass), precision: precision, adapters, pass)
    let z = activation == .tanh ? tanh(y, pass) : activate(y, activation, precision: precision, pass)
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
    (transform?.norm?.parameters ?? []) + (isTied ? classifier.bias.map { [$0] } ?? [] : classifier.parameters)
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
    let layout = config.family.architecture.heads[self]
    let dropout = isTied ? 0 : config.classifierDropout(bySequence: isBySequence)
    if isTied, config.json["tie_word_embeddings"] == false {
      throw ConfigFault(
        file: "config.json",
        problems: ["'tie_word_embeddings' is false; only a decoder tied to the word embeddings is supported."])
    }
    // A pooler, or ModernBERT's transform, does not depend on the labels.
    let transform = try layout.transform.map {
      try makeTransform($0, root, config, dropout: dropout, reuse: reuse || !isTied)
    }
    return Head(
      transform: transform,
      classifier: isTied
        ? try makeDecoder(layout.output, root, config, embeddings, reuse: reuse)
        : try root[layout.output].head(
          config.hiddenSize, classes, reuse: reuse,
          std: config.rotary == nil ? config.initializerRange : 1 / Double(config.hiddenSize).squareRoot()),
      dropout: dropout)
  }

  private func makeTransform(
    _ layout: HeadLayout.Transform, _ root: Scope, _ config: ModelConfig, dropout: Double, reuse: Bool
  ) throws -> HeadTransform {
    let size = isTied ? config.embeddingSize : config.hiddenSize, rotary = config.rotary
    let depth = rotary == nil ? 1 : 2 * Double(config.numHiddenLayers)
    return HeadTransform(
      dense: try root[layout.dense].head(
        config.hiddenSize, size, hasBias: rotary?.hasHeadBias ?? true, reuse: reuse,
        std: config.initializerRange / depth.squareRoot()),
      activation: layout.activation ?? rotary?.headActivation ?? config.activation,
      norm: try layout.norm.map { try LayerNorm(head: root[$0], size: size, config, reuse: reuse) },
      dropout: layout.hasDropoutBefore ? dropout : 0)
  }

  /// A linear layer with the weight of the word embeddings.
  private func makeDecoder(
    _ name: String, _ root: Scope, _ config: ModelConfig, _ embeddings: Embeddings, reuse: Bool
  ) throws -> Projection {
    let bias =
      config.rotary?.hasDecoderBias ?? true
      ? try root[name].head("bias", [config.vocabSize], initializer: .zero, reuse: reuse) : nil
    embeddings.wordEmbeddings.gradientWrites = 2
    return Projection(name, weight: embeddings.wordEmbeddings, bias: bias)
  }
}
