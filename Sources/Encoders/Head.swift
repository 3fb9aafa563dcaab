/// The layers on the encoder's hidden states: an optional transform, and the last linear layer.
package import Autograd
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

/// The layers of a head whose sizes depend on the number of classes.
package struct OutputLayers: Sendable {
  /// The last linear layer; nil: an embedding model has none.
  package let classifier: Projection?
  /// The transitions of a CRF; nil: it has none.
  package let chain: ChainWeights?

  package init(_ classifier: Projection?, chain: ChainWeights? = nil) {
    (self.classifier, self.chain) = (classifier, chain)
  }

  package var parameters: [Parameter] { (classifier?.parameters ?? []) + (chain?.parameters ?? []) }

  /// A copy, which may be trained without changing these layers.
  package var copy: OutputLayers {
    OutputLayers(
      classifier?.copy,
      chain: chain.map {
        ChainWeights(start: $0.start.copy(), transitions: $0.transitions.copy(), end: $0.end.copy())
      })
  }
}

/// A head's layers, as `HeadType.makeHead` makes them.
struct Head: Sendable {
  let transform: HeadTransform?
  let tagLayers: TagLayers
  let output: OutputLayers
  /// Before the classifier, and before an LSTM.
  let dropout: Double

  /// The head's own weights: a tied decoder has only its bias.
  func parameters(isTied: Bool) -> [Parameter] {
    (transform?.norm?.parameters ?? []) + tagLayers.parameters
      + (isTied ? output.classifier?.bias.map { [$0] } ?? [] : output.parameters)
  }
}

extension HeadType {
  /// - Parameters:
  ///   - layers: besides the linear layer.
  ///   - classes: outputs; ignored for a tied decoder, which has one output per token of the vocabulary.
  ///   - reuse: whether to load the checkpoint's head if it has this size.
  /// - Throws: `ConfigFault`; the loader's errors.
  func makeHead(
    _ root: Scope, _ config: ModelConfig, _ embeddings: Embeddings, _ layers: HeadLayers, classes: Int, reuse: Bool
  ) throws -> Head {
    guard let layout = config.family.architecture.heads[self] else {
      return Head(
        transform: nil, tagLayers: try TagLayers(layers, root, config, reuse: reuse), output: OutputLayers(nil),
        dropout: 0)
    }
    let dropout = config.dropout(before: self)
    if isTied, config.json["tie_word_embeddings"] == false {
      throw ConfigFault(
        file: "config.json",
        problems: ["'tie_word_embeddings' is false; only a decoder tied to the word embeddings is supported."])
    }
    // A pooler, or ModernBERT's transform, does not depend on the labels.
    let transform = try layout.transform.map {
      try makeTransform($0, root, config, dropout: dropout, reuse: reuse || !isTied)
    }
    let inputs = layers.lstm.map { 2 * $0.hiddenSize } ?? config.hiddenSize
    let classifier =
      isTied
      ? try makeDecoder(layout.output, root, config, embeddings, reuse: reuse)
      : try root[layers.lstm == nil ? layout.output : HeadLayers.lstmOutput].head(
        inputs, classes, reuse: reuse,
        std: config.rotary == nil ? config.initializerRange : 1 / Double(inputs).squareRoot())
    return Head(
      transform: transform, tagLayers: try TagLayers(layers, root, config, reuse: reuse),
      output: OutputLayers(
        classifier, chain: layers.decoder == .crf ? try ChainWeights(root, classes: classes, reuse: reuse) : nil),
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
    if embeddings.wordEmbeddings.gradientWrites < 2 { embeddings.wordEmbeddings.gradientWrites = 2 }
    return Projection(name, weight: embeddings.wordEmbeddings, bias: bias)
  }
}
