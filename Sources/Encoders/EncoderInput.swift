/// What the encoder gets: a batch with the virtual tokens of the pass's adapters before the sequences that use them.
import Autograd
import Kernels

/// A batch as the encoder reads it, with the virtual tokens, and the adapters of the pass.
struct EncoderInput {
  let batch: Batch
  /// For the rows of `batch`.
  let adapters: RowAdapters
  /// The rows of the original batch's tokens; nil: all rows.
  private(set) var rows: [Int32]?
  /// Embeddings of the virtual tokens, and the offsets of the sequences that have them. They are added to the placeholder
  /// rows at the start of these sequences, whose id is -1 and whose word embedding is zero.
  private(set) var virtualEmbeddings: [(embeddings: Tensor, sequenceOffsets: [Int])] = []
  /// By the first row of the sequences that have them.
  private var pastKeyValues: [Int: PastKeyValues] = [:]

  var hasVirtualTokens: Bool { !virtualEmbeddings.isEmpty || !pastKeyValues.isEmpty }

  init(_ batch: Batch, _ adapters: RowAdapters, _ pass: Pass) {
    let prompts = adapters.parts.compactMap { part in
      part.set.virtualTokens.map { Prompt($0, rows: part.rows ?? 0..<batch.count, pass) }
    }
    if prompts.isEmpty {
      (self.batch, self.adapters) = (batch, adapters)
      return
    }
    let extended = batch.with(prompts), offsets = extended.batch.sequenceOffsets
    let moved = Dictionary(uniqueKeysWithValues: zip(batch.sequenceOffsets, offsets))
    func newRow(_ row: Int) -> Int {
      guard let row = moved[row] else { preconditionFailure("an adapter with virtual tokens for a part of a sequence") }
      return row
    }
    self.batch = extended.batch
    self.adapters = adapters.moved(newRow)
    if prompts.contains(where: { $0.embeddings != nil }) { rows = extended.rows }
    for prompt in prompts {
      let first = newRow(prompt.rows.lowerBound), end = newRow(prompt.rows.upperBound)
      let own = self.batch.sequenceOffsets(in: first..<end)
      if let embeddings = prompt.embeddings { virtualEmbeddings.append((embeddings, own)) }
      if let keysAndValues = prompt.keysAndValues {
        pastKeyValues[first] = PastKeyValues(keysAndValues, sequenceOffsets: own.map { $0 - first })
      }
    }
  }

  /// Attention, with past keys and values where sequences have them.
  /// - Returns: as many rows as qkv has.
  func attend(
    _ qkv: Tensor, block index: Int, heads: Int, dropout: Double, precision: Precision, _ pass: Pass
  ) -> Tensor {
    adapters.compute(qkv.rows, changes: { pastKeyValues[$0.firstRow] != nil }, pass) { rows, _ in
      let qkv = slice(qkv, rows: rows, pass)
      if let past = pastKeyValues[rows.lowerBound] {
        return past.attend(qkv, block: index, heads: heads, dropout: dropout, pass)
      }
      return attention(
        qkv, sequenceOffsets: batch.sequenceOffsets(in: rows).map { $0 - rows.lowerBound }, heads: heads,
        dropout: dropout, precision: precision, pass)
    }
  }
}

/// The virtual tokens before every sequence of some rows.
private struct Prompt {
  /// Of the batch without virtual tokens.
  let rows: Range<Int>
  let count: Int
  let embeddings, keysAndValues: Tensor?

  init(_ tokens: any VirtualTokens, rows: Range<Int>, _ pass: Pass) {
    (self.rows, count) = (rows, tokens.count)
    (embeddings, keysAndValues) = (tokens.embeddings(pass), tokens.keysAndValues(pass))
  }
}

extension Batch {
  /// Moves the position ids of the prompts' sequences up. Prompts with embeddings also have tokens of id -1 and token
  /// type 0 inserted before every sequence. `rows` are the rows of the original tokens.
  fileprivate func with(_ prompts: [Prompt]) -> (batch: Batch, rows: [Int32]) {
    var batch = Batch(), rows: [Int32] = [], next = prompts[...]
    batch.paddingHasPositions = paddingHasPositions
    for (start, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      while let prompt = next.first, prompt.rows.upperBound <= start { next.removeFirst() }
      let prompt = next.first.flatMap { $0.rows.contains(start) ? $0 : nil }
      let count = prompt?.count ?? 0, inserted = prompt?.embeddings == nil ? 0 : count
      let first = batch.count + inserted
      rows += Int32(first)..<Int32(first + end - start)
      batch.append(
        Array(repeating: -1, count: inserted) + ids[start..<end],
        tokenTypeIDs: Array(repeating: 0, count: inserted) + tokenTypeIDs[start..<end], from: Int32(count - inserted))
    }
    return (batch, rows)
  }
}
