/// The sum of word embeddings and, where the family has them, position and token type embeddings, normalized.
import Autograd
import Kernels

struct Embeddings: Sendable {
  let wordEmbeddings: Parameter
  /// nil for a family without learned positions, or without token types.
  let positionEmbeddings, tokenTypeEmbeddings: Parameter?
  let norm: LayerNorm
  /// From the embeddings' size to that of the hidden states (ELECTRA); nil: they are the same.
  let projection: JoinedProjection?
  private let usesTokenTypes: Bool
  /// nil: positions count from 0.
  private let paddingID: Int32?

  /// - Parameter encoder: the scope of the encoder.
  init(_ encoder: Scope, _ config: ModelConfig) throws {
    let scope = encoder["embeddings"], size = config.embeddingSize, architecture = config.family.architecture
    wordEmbeddings = try scope[architecture.names.wordEmbeddings].parameter("weight", [config.vocabSize, size])
    positionEmbeddings =
      config.rotary == nil
      ? try scope["position_embeddings"].parameter("weight", [config.maxPositionEmbeddings, size]) : nil
    tokenTypeEmbeddings =
      architecture.hasTokenTypes
      ? try scope["token_type_embeddings"].parameter("weight", [config.typeVocabSize, size]) : nil
    norm = try LayerNorm(scope[architecture.names.embeddingNorm], size: size, config)
    projection =
      size == config.hiddenSize
      ? nil : JoinedProjection(try encoder["embeddings_project"].projection(size, config.hiddenSize))
    usesTokenTypes = architecture.usesTokenTypes
    paddingID = config.paddingID
  }

  func callAsFunction(_ input: EncoderInput, dropout probability: Double, precision: Precision, _ pass: Pass)
    -> Tensor
  {
    let (batch, adapters) = (input.batch, input.adapters)
    var sum = embed(
      wordEmbeddings: adapters[wordEmbeddings], ids: batch.ids,
      positionEmbeddings: positionEmbeddings.map { adapters[$0] },
      positionIDs: paddingID.map(batch.positionIDs(after:)) ?? batch.positionIDs,
      tokenTypeEmbeddings: tokenTypeEmbeddings.map { adapters[$0] },
      tokenTypeIDs: usesTokenTypes ? batch.tokenTypeIDs : [Int32](repeating: 0, count: batch.count),
      tokenRows: adapters.tokenRows.map { ($0.rows, $0.indices(of: batch.ids)) }, precision: precision, pass)
    if let embeddings = input.virtualEmbeddings {
      sum = addToSequenceStarts(sum, embeddings, sequenceOffsets: batch.sequenceOffsets, pass)
    }
    let x = dropout(norm(sum, residual: nil, dropout: 0, adapters, pass), probability, pass)
    return projection?(x, precision: precision, adapters, pass) ?? x
  }

  var joinedProjections: [JoinedProjection] { projection.map { [$0] } ?? [] }

  /// The embedding matrices, in the checkpoint's order.
  var tables: [Parameter] {
    [wordEmbeddings] + [positionEmbeddings, tokenTypeEmbeddings].compactMap { $0 }
  }
}

extension Batch {
  /// Position ids as RoBERTa counts them: padding has its own id; the other tokens count on from the id above.
  fileprivate func positionIDs(after padding: Int32) -> [Int32] {
    var positions = positionIDs
    for (start, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      var next = padding + 1 + positions[start]
      for row in start..<end {
        positions[row] = ids[row] == padding ? padding : next
        next += ids[row] == padding ? 0 : 1
      }
    }
    return positions
  }
}
