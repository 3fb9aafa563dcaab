/// What a forward went through, for those who match it against another's: as much of it as they ask for.
public import Autograd

public final class Trace {
  /// Which states, and whose queries, keys and values, are kept: the rest of the forward is not held up by it.
  let states, blocks: Set<Int>
  private var hiddenStates: [Int: Tensor] = [:]
  private var queryKeyValues: [Int: Tensor] = [:]

  /// - Parameters:
  ///   - states: 0 is the embeddings' output, k that of the k-th block.
  ///   - blocks: whose queries, keys and values are looked at, counted from 1.
  public init(states: Set<Int>, blocks: Set<Int>) {
    self.states = states
    self.blocks = blocks
  }

  /// Whether no forward has come by yet.
  public var isEmpty: Bool { hiddenStates.isEmpty && queryKeyValues.isEmpty }

  /// [n, d]
  public func hiddenState(_ number: Int) -> Tensor {
    guard let x = hiddenStates[number] else {
      preconditionFailure("state \(number) is not there, or nobody asked for it")
    }
    return x
  }

  /// Queries, keys and values of a block, side by side: [n, 3d]
  public func queryKeyValue(_ block: Int) -> Tensor {
    guard let x = queryKeyValues[block] else { preconditionFailure("block \(block) is not there, or nobody asked") }
    return x
  }

  /// Whether the block may not be computed again in backward: there are numbers in it that somebody wants, or others
  /// than its own ops add to its input's gradient, and would be added in another order.
  func captures(block: Int) -> Bool { blocks.contains(block) || states.contains(block - 1) }

  /// Whether anything below the state of this number is looked at.
  public func captures(below state: Int) -> Bool { states.contains { $0 < state } || blocks.contains { $0 <= state } }

  func capture(_ x: @autoclosure () -> Tensor, state number: Int) {
    if states.contains(number) { hiddenStates[number] = x() }
  }

  func capture(_ x: @autoclosure () -> Tensor, queryKeyValueOf block: Int) {
    if blocks.contains(block) { queryKeyValues[block] = x() }
  }
}
