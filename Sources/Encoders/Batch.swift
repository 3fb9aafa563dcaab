/// A batch of packed sequences: tokens end to end, without padding.
package struct Batch: Sendable {
  /// One entry per token: token ids, token type ids (0 or 1), and position ids, which begin again in every sequence.
  package private(set) var ids: [Int32] = []
  package private(set) var tokenTypeIDs: [Int32] = []
  package private(set) var positionIDs: [Int32] = []
  /// First rows of the sequences, and the number of rows at the end.
  package private(set) var sequenceOffsets: [Int] = [0]
  /// Whether padding tokens have positions as other tokens do, also in RoBERTa: they then replace a text's tokens.
  package var paddingHasPositions = false

  package init() {}

  package init(_ sequences: [[Int32]]) { for sequence in sequences { append(sequence) } }

  /// - Parameter position: position id of the sequence's first token.
  package mutating func append(_ sequence: [Int32], tokenTypeIDs: [Int32]? = nil, from position: Int32 = 0) {
    precondition(
      !sequence.isEmpty && (tokenTypeIDs?.count ?? sequence.count) == sequence.count,
      "a sequence of \(sequence.count) tokens with \(tokenTypeIDs?.count ?? 0) token type ids")
    ids += sequence
    self.tokenTypeIDs += tokenTypeIDs ?? Array(repeating: 0, count: sequence.count)
    positionIDs += position..<position + Int32(sequence.count)
    sequenceOffsets.append(ids.count)
  }

  /// Appends the sequences of another batch.
  package mutating func append(_ other: Batch) {
    sequenceOffsets += other.sequenceOffsets.dropFirst().map { $0 + count }
    (ids, tokenTypeIDs) = (ids + other.ids, tokenTypeIDs + other.tokenTypeIDs)
    positionIDs += other.positionIDs
  }

  /// The offsets of the sequences in some rows, and the end of the last.
  func sequenceOffsets(in rows: Range<Int>) -> [Int] {
    rows == 0..<count ? sequenceOffsets : sequenceOffsets.filter { (rows.lowerBound...rows.upperBound).contains($0) }
  }

  /// The number of tokens.
  package var count: Int { ids.count }
  /// The number of sequences.
  package var sequences: Int { sequenceOffsets.count - 1 }
}
