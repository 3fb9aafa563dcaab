/// Captures hidden states, and queries, keys and values, of a forward, for distillation losses.
package import Autograd

package final class Trace {
  /// Which hidden states, and which blocks' queries, keys and values, are captured. The others are not kept.
  let states, blocks: Set<Int>
  private var hiddenStates: [Int: Tensor] = [:]
  private var queryKeyValues: [Int: Tensor] = [:]

  /// - Parameters:
  ///   - states: hidden states to capture, numbered as transformers' `hidden_states`: 0 is the output of the
  ///     embeddings, k that of the k-th block.
  ///   - blocks: blocks whose queries, keys and values to capture, counted from 1.
  package init(states: Set<Int>, blocks: Set<Int>) {
    self.states = states
    self.blocks = blocks
  }

  /// Whether nothing has been captured yet.
  package var isEmpty: Bool { hiddenStates.isEmpty && queryKeyValues.isEmpty }

  /// [n, d]
  package func hiddenState(_ number: Int) -> Tensor {
    guard let x = hiddenStates[number] else { preconditionFailure("hidden state \(number) was not captured") }
    return x
  }

  /// Queries, keys and values of a block, side by side: [n, 3d]
  package func queryKeyValue(_ block: Int) -> Tensor {
    guard let x = queryKeyValues[block] else {
      preconditionFailure("queries, keys and values of block \(block) were not captured")
    }
    return x
  }

  /// Whether the block cannot be checkpointed: tensors inside it are captured, or its input is, whose gradient would
  /// then be summed in another order.
  func captures(block: Int) -> Bool { blocks.contains(block) || states.contains(block - 1) }

  /// Whether anything below the hidden state of this number is captured.
  package func captures(below state: Int) -> Bool { states.contains { $0 < state } || blocks.contains { $0 <= state } }

  func capture(_ x: @autoclosure () -> Tensor, state number: Int) {
    if states.contains(number) { hiddenStates[number] = x() }
  }

  func capture(_ x: @autoclosure () -> Tensor, queryKeyValueOf block: Int) {
    if blocks.contains(block) { queryKeyValues[block] = x() }
  }
}
