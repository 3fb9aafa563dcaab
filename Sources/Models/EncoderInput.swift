/// What the encoder gets: a batch with the virtual tokens of the pass's adapter before every sequence.
import Autograd

/// A batch as the encoder reads it, with the virtual tokens, and the adapters of the pass.
struct EncoderInput {
  let batch: Batch
  let adapters: RowAdapters
  /// The rows of the original batch's tokens; nil: all rows.
  private(set) var rows: [Int32]?
  /// Embeddings of the virtual tokens. They are added to the placeholder rows at the start of every sequence, whose id is
  /// -1 and whose word embedding is zero.
  private(set) var virtualEmbeddings: Tensor?
  private(set) var pastKeyValues: PastKeyValues?

  var hasVirtualTokens: Bool { virtualEmbeddings != nil || pastKeyValues != nil }

  init(_ batch: Batch, _ adapters: RowAdapters, _ pass: Pass) {
    self.adapters = adapters
    guard let virtualTokens = adapters.virtualTokens else {
      self.batch = batch
      return
    }
    virtualEmbeddings = virtualTokens.embeddings(pass)
    let extended = batch.withVirtualTokens(virtualTokens.count, id: virtualEmbeddings == nil ? nil : -1)
    self.batch = extended.batch
    if virtualEmbeddings != nil { rows = extended.rows }
    pastKeyValues = virtualTokens.keysAndValues(pass).map {
      PastKeyValues($0, sequenceOffsets: extended.batch.sequenceOffsets)
    }
  }
}

extension Batch {
  /// Moves every sequence's position ids up by `count`. With `id`, also inserts `count` tokens of this id and token
  /// type 0 before every sequence. `rows` are the rows of the original tokens.
  fileprivate func withVirtualTokens(_ count: Int, id: Int32?) -> (batch: Batch, rows: [Int32]) {
    var batch = Batch(), rows: [Int32] = []
    let inserted = id == nil ? 0 : count
    for (start, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      let first = batch.count + inserted
      rows += Int32(first)..<Int32(first + end - start)
      batch.append(
        Array(repeating: id ?? 0, count: inserted) + ids[start..<end],
        tokenTypeIDs: Array(repeating: 0, count: inserted) + tokenTypeIDs[start..<end], from: Int32(count - inserted))
    }
    return (batch, rows)
  }
}
