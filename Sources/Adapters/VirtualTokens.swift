/// Trained virtual tokens before every sequence: the embeddings of prompt tuning, the keys and values of prefix tuning.
import Autograd
import Encoders

/// Embeddings of virtual tokens, which also get position and token type embeddings (Lester et al. 2021).
final class PromptEmbedding: VirtualTokens {
  /// [n, d]
  let embedding: Parameter

  /// - Parameter size: of the model's word embeddings.
  init(count: Int, size: Int) {
    embedding = Parameter("prompt_encoder.embedding.weight", shape: [count, size])
  }

  var count: Int { embedding.rows }
  func embeddings(_ pass: Pass) -> Tensor? { tensor(embedding, pass) }
  func keysAndValues(_ pass: Pass) -> Tensor? { nil }
}

/// Keys and values of every block [n, 2·d·layers], block by block, keys first (Li & Liang 2021): an embedding
/// E of that shape, or tanh(E·W₀ᵀ + b₀)·W₂ᵀ + b₂ with E [n, d], W₀ [m, d], W₂ [2·d·layers, m].
final class PrefixEncoder: VirtualTokens {
  let embedding: Parameter
  /// W₀, b₀ and W₂, b₂; empty if E itself holds the keys and values.
  private let transform: [LinearWeights]

  /// - Parameter encoderHiddenSize: m; nil: no network.
  init(count: Int, hiddenSize: Int, layers: Int, encoderHiddenSize: Int?) {
    func part(_ index: Int, _ output: Int, _ input: Int) -> LinearWeights {
      let name = "prompt_encoder.transform.\(index)."
      return LinearWeights(
        weight: Parameter(name + "weight", shape: [output, input]), bias: Parameter(name + "bias", shape: [output]))
    }
    let all = 2 * hiddenSize * layers
    embedding = Parameter(
      "prompt_encoder.embedding.weight", shape: [count, encoderHiddenSize == nil ? all : hiddenSize])
    transform = encoderHiddenSize.map { [part(0, $0, hiddenSize), part(2, all, $0)] } ?? []
  }

  var transformParameters: [Parameter] { transform.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }
  var count: Int { embedding.rows }
  func embeddings(_ pass: Pass) -> Tensor? { nil }

  func keysAndValues(_ pass: Pass) -> Tensor? {
    let x = tensor(embedding, pass)
    guard transform.count == 2 else { return x }
    return linear(tanh(linear(x, [transform[0]], pass), pass), [transform[1]], pass)
  }

  /// Torch's default initialization of embeddings and linear layers.
  func initialize(seed: UInt64) {
    Initializer.normal(1).fill(embedding, seed: seed)
    for part in transform {
      let bound = Initializer.uniform(1 / Double(part.weight.columns).squareRoot())
      for parameter in [part.weight, part.bias].compactMap({ $0 }) { bound.fill(parameter, seed: seed) }
    }
  }
}

/// More virtual tokens than the model has positions for.
package struct VirtualTokenFault: Error, CustomStringConvertible {
  let count: Int
  let positions: Int
  package var description: String {
    "'num_virtual_tokens': \(count); this model has \(positions) positions, and a sequence needs at least 8 of them."
  }

  /// Throws if too few positions remain for a sequence.
  static func check(_ count: Int, _ model: TextModel) throws {
    let positions = model.config.maxSequenceLength
    if count + 8 > positions { throw VirtualTokenFault(count: count, positions: positions) }
  }
}
