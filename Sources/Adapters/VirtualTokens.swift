/// What learns before every sequence: tokens, or keys and values.
import Autograd
import Models

/// Tokens whose vectors learn, with the places and the kind of tokens (Lester et al. 2021).
/// Sendable: read during a step; its parameters are written between steps.
final class PromptEmbedding: VirtualTokens, @unchecked Sendable {
  /// [n, d]
  let table: Parameter

  init(count: Int, width: Int) { table = Parameter("prompt_encoder.embedding.weight", shape: [count, width]) }

  var count: Int { table.rows }
  func tokens(_ pass: Pass) -> Tensor? { tensor(table, pass) }
  func keysAndValues(_ pass: Pass) -> Tensor? { nil }
}

/// Keys and values of every block [n, 2·d·layers], block by block, keys first (Li & Liang 2021): a table E, or
/// tanh(E·W₀ᵀ + b₀)·W₂ᵀ + b₂ with E [n, d], W₀ [m, d], W₂ [2·d·layers, m].
/// Sendable: as `Prompt`.
final class PrefixEncoder: VirtualTokens, @unchecked Sendable {
  let embedding: Parameter
  /// W₀, b₀ and W₂, b₂; empty where the table is what learns.
  private let transform: [LinearPart]

  /// - Parameter hidden: m; nil: a table.
  init(count: Int, hiddenSize: Int, layers: Int, encoderHiddenSize: Int?) {
    func part(_ index: Int, _ output: Int, _ input: Int) -> LinearPart {
      let name = "prompt_encoder.transform.\(index)."
      return LinearPart(
        weight: Parameter(name + "weight", shape: [output, input]), bias: Parameter(name + "bias", shape: [output]))
    }
    let all = 2 * hiddenSize * layers
    embedding = Parameter(
      "prompt_encoder.embedding.weight", shape: [count, encoderHiddenSize == nil ? all : hiddenSize])
    transform = encoderHiddenSize.map { [part(0, $0, hiddenSize), part(2, all, $0)] } ?? []
  }

  var transformParameters: [Parameter] { transform.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }
  var count: Int { embedding.rows }
  func tokens(_ pass: Pass) -> Tensor? { nil }

  func keysAndValues(_ pass: Pass) -> Tensor? {
    let x = tensor(embedding, pass)
    guard transform.count == 2 else { return x }
    return linear(tanh(linear(x, [transform[0]], pass), pass), [transform[1]], pass)
  }

  /// As torch starts a table, and linear layers.
  func initialize(seed: UInt64) {
    Initializer.normal(1).fill(embedding, seed: seed)
    for part in transform {
      let bound = Initializer.uniform(1 / Double(part.weight.columns).squareRoot())
      for parameter in [part.weight, part.bias].compactMap({ $0 }) { bound.fill(parameter, seed: seed) }
    }
  }
}

/// More positions than a model has.
public struct VirtualTokenFault: Error, CustomStringConvertible {
  let count: Int
  let positions: Int
  public var description: String {
    "'num_virtual_tokens': \(count); this model has \(positions) positions, of which a sequence needs 8 at least."
  }

  /// Throws where too few positions remain.
  static func check(_ count: Int, _ model: TextModel) throws {
    let positions = model.config.maxPositionEmbeddings
    if count + 8 > positions { throw VirtualTokenFault(count: count, positions: positions) }
  }
}
