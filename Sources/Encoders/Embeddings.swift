/// The sum of word embeddings and, where the family has them, position and token type embeddings, normalized.
import Autograd
import Kernels

struct Embeddings: Sendable {
  var wordEmbeddings: Parameter
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
    wordEmbeddings = try scope.wordEmbeddings(config)
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
    let positionIDs = paddingID.map(batch.positionIDs(after:)) ?? batch.positionIDs
    let tokenTypeIDs = usesTokenTypes ? batch.tokenTypeIDs : [Int32](repeating: 0, count: batch.count)
    var sum = adapters.compute(batch.count, changes: { areReplaced(by: $0.set) }, pass) { rows, adapters in
      let ids = Array(batch.ids[rows])
      return embed(
        wordEmbeddings: adapters.wordEmbeddings(wordEmbeddings), ids: ids,
        positionEmbeddings: positionEmbeddings.map { adapters[$0] }, positionIDs: Array(positionIDs[rows]),
        tokenTypeEmbeddings: tokenTypeEmbeddings.map { adapters[$0] }, tokenTypeIDs: Array(tokenTypeIDs[rows]),
        tokenRows: adapters.tokenRows.map { ($0.rows, $0.indices(of: ids)) }, precision: precision, pass)
    }
    for (embeddings, offsets) in input.virtualEmbeddings {
      sum = addToSequenceStarts(sum, embeddings, sequenceOffsets: offsets, pass)
    }
    let x = dropout(norm(sum, residual: nil, dropout: 0, adapters, pass), probability, pass)
    return projection?(x, precision: precision, adapters, pass) ?? x
  }

  /// Whether a set has its own embeddings, of some tokens or all.
  private func areReplaced(by set: AdapterSet) -> Bool {
    set.tokenRows != nil || set.base.wordEmbeddings !== wordEmbeddings || set.replaces(tables)
  }

  var joinedProjections: [JoinedProjection] { projection.map { [$0] } ?? [] }

  /// The embedding matrices, in the checkpoint's order.
  var tables: [Parameter] {
    [wordEmbeddings] + [positionEmbeddings, tokenTypeEmbeddings].compactMap { $0 }
  }
}

extension Scope {
  /// Word embeddings, in the scope of the embeddings.
  fileprivate func wordEmbeddings(_ config: ModelConfig) throws -> Parameter {
    try self[config.family.names.wordEmbeddings].parameter("weight", [config.vocabSize, config.embeddingSize])
  }
}

extension WeightLoader {
  /// The word embeddings alone, with zeros for tokens that the checkpoint lacks.
  func wordEmbeddings(_ config: ModelConfig) throws -> Parameter {
    try root[config.family.names.baseModelPrefix]["embeddings"].wordEmbeddings(config)
  }
}

extension Batch {
  /// Position ids as RoBERTa counts them: padding has its own id; the other tokens count on from the id above.
  fileprivate func positionIDs(after padding: Int32) -> [Int32] {
    var positions = positionIDs
    for (start, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      var next = padding + 1 + positions[start]
      for row in start..<end {
        let isPadding = ids[row] == padding && !paddingHasPositions
        positions[row] = isPadding ? padding : next
        next += isPadding ? 0 : 1
      }
    }
    return positions
  }
}
