/// Sequences end to end, without padding: what a model reads.
public struct Batch: Sendable {
  /// Token ids, their segment (0 or 1), and their place in their own sequence; one entry a token.
  public private(set) var ids: [Int32] = []
  public private(set) var tokenTypeIDs: [Int32] = []
  public private(set) var positionIDs: [Int32] = []
  /// First rows of the sequences, and at the end the number of rows.
  public private(set) var sequenceOffsets: [Int] = [0]

  public init() {}

  public init(_ sequences: [[Int32]]) { for sequence in sequences { append(sequence) } }

  /// - Parameter place: that of its first token.
  public mutating func append(_ sequence: [Int32], tokenTypeIDs: [Int32]? = nil, from place: Int32 = 0) {
    precondition(
      !sequence.isEmpty && (tokenTypeIDs?.count ?? sequence.count) == sequence.count, "a sequence has tokens")
    ids += sequence
    self.tokenTypeIDs += tokenTypeIDs ?? Array(repeating: 0, count: sequence.count)
    positionIDs += place..<place + Int32(sequence.count)
    sequenceOffsets.append(ids.count)
  }

  /// Tokens in all.
  public var count: Int { ids.count }
  public var sequences: Int { sequenceOffsets.count - 1 }
}
