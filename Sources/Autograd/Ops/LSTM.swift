/// Long short-term memory over the sequences of a packed batch.        source: Hochreiter & Schmidhuber 1997; Gers et al. 2000
internal import CKernels
internal import Kernels

/// One direction of one layer, as torch's nn.LSTM: the rows of every weight are those of the gates i, f, g, o.
package struct LSTMWeights: Sendable {
  /// [4h, d] and [4h, h]
  package let input, hidden: Parameter
  /// [4h] each; their sum is used.
  package let inputBias, hiddenBias: Parameter

  package init(input: Parameter, hidden: Parameter, inputBias: Parameter, hiddenBias: Parameter) {
    (self.input, self.hidden, self.inputBias, self.hiddenBias) = (input, hidden, inputBias, hiddenBias)
  }

  package var parameters: [Parameter] { [input, hidden, inputBias, hiddenBias] }
}

/// c_t = σ(f)·c_{t-1} + σ(i)·tanh(g)   h_t = σ(o)·tanh(c_t)   gates i, f, g, o = W_ih·x_t + b_ih + W_hh·h_{t-1} + b_hh
/// x [n, d]   →   y [n, 2h]: the states of a forward and of a backward LSTM side by side, both 0 before each sequence.
/// As torch's nn.LSTM(bidirectional=True) over packed sequences. `sequenceOffsets` as for `attention`.
package func bidirectionalLSTM(
  _ x: Tensor, forward: LSTMWeights, backward: LSTMWeights, sequenceOffsets: [Int], _ pass: Pass
) -> Tensor {
  precondition(sequenceOffsets.last == x.rows, "bidirectionalLSTM: \(x.rows) rows, sequences at \(sequenceOffsets)")
  let directions = [(forward, false), (backward, true)].map { weights, isReversed in
    let steps = TimeSteps(sequenceOffsets, isReversed: isReversed)
    let input = [LinearWeights(weight: weights.input, bias: weights.inputBias)]
    let states = recurrence(linear(gather(x, rows: steps.rows, pass), input, pass), weights, steps, pass)
    return (states: states, rows: steps.rows)
  }
  return sideBySide(directions, pass)
}

/// The order in which an LSTM reads the rows of several sequences: step by step, at each step those of the sequences that
/// are long enough, the longest first (torch's PackedSequence).
private struct TimeSteps {
  /// The row of the batch at each place of the order.
  private(set) var rows: [Int32] = []
  /// The places of each step.
  private(set) var ranges: [Range<Int>] = []

  init(_ offsets: [Int], isReversed: Bool) {
    let sequences = zip(offsets, offsets.dropFirst()).map { $0..<$1 }
    // Of sequences of one length the first comes first, so that the order is determined.
    let order = sequences.indices.sorted { (-sequences[$0].count, $0) < (-sequences[$1].count, $1) }
    for step in 0..<(order.first.map { sequences[$0].count } ?? 0) {
      let active = order.prefix { sequences[$0].count > step }.map { sequences[$0] }
      ranges.append(rows.count..<rows.count + active.count)
      rows += active.map { Int32(isReversed ? $0.upperBound - 1 - step : $0.lowerBound + step) }
    }
  }

  /// The place of the same sequence at the step before, for each place after the first step.
  var previous: [Int32] {
    zip(ranges, ranges.dropFirst()).flatMap { before, step in (0..<step.count).map { Int32(before.lowerBound + $0) } }
  }
}

/// The states h [n, h] from the gates' sums without W_hh·h + b_hh [n, 4h], which it overwrites.
private func recurrence(_ gates: Tensor, _ weights: LSTMWeights, _ steps: TimeSteps, _ pass: Pass) -> Tensor {
  let size = weights.hidden.columns, isTracked = gates.isTracked || weights.parameters.contains(where: \.isTrainable)
  let y = pass.make(gates.rows, size, tracked: isTracked), cells = pass.make(gates.rows, size)
  var before: Range<Int>?
  for step in steps.ranges {
    for row in step { tune_add(weights.hiddenBias.pointer, gates.pointer + row * 4 * size, 4 * size) }
    if let before {
      let states = y.matrix.rows(before.lowerBound..<before.lowerBound + step.count)
      gemm(states, weights.hidden.matrix.transposed, into: gates.matrix.rows(step), beta: 1, pass)
    }
    tune_lstm(
      gates.pointer + step.lowerBound * 4 * size, before.map { cells.pointer + $0.lowerBound * size },
      cells.pointer + step.lowerBound * size, y.pointer + step.lowerBound * size, step.count, size)
    before = step
  }
  let slot = gates.slot
  pass.record(y) { [unowned pass] dy in
    unroll(gates, cells, dy, weights, steps, pass)
    pass.accumulate(weights.hiddenBias) { tune_column_sums(gates.pointer, 4 * size, $0, gates.rows, 4 * size, $1) }
    let later = gates.matrix.rows((steps.ranges.first?.count ?? 0)..<gates.rows)
    let previous = gather(y, rows: steps.previous, Pass(pass.workspace))
    pass.accumulate(weights.hidden) { dw, beta in
      gemm(later.transposed, previous.matrix, into: Matrix(dw, rows: 4 * size, columns: size), beta: beta, pass)
    }
    pass.addGradient(gates, to: slot)
  }
  return y
}

/// Backward through the steps, the last first: the gradients of the gates' sums overwrite the gates.
private func unroll(
  _ gates: Tensor, _ cells: Tensor, _ dy: Tensor, _ weights: LSTMWeights, _ steps: TimeSteps, _ pass: Pass
) {
  let size = dy.columns, width = steps.ranges.first?.count ?? 0
  // Of the sequences of a step; those that end at it have no gradient from the step after it.
  let dstates = pass.make(width, size), dcells = pass.make(width, size)
  dcells.pointer.update(repeating: 0, count: dcells.count)
  for (index, step) in steps.ranges.enumerated().reversed() {
    let next = index + 1 < steps.ranges.count ? steps.ranges[index + 1] : 0..<0, first = step.lowerBound
    if !next.isEmpty {
      let states = dstates.matrix.rows(0..<next.count)
      gemm(gates.matrix.rows(next), weights.hidden.matrix, into: states, pass)
    }
    dstates.pointer.advanced(by: next.count * size).update(repeating: 0, count: (step.count - next.count) * size)
    tune_add(dy.pointer + first * size, dstates.pointer, step.count * size)
    tune_lstm_backward(
      gates.pointer + first * 4 * size, index == 0 ? nil : cells.pointer + steps.ranges[index - 1].lowerBound * size,
      cells.pointer + first * size, dstates.pointer, dcells.pointer, step.count, size)
  }
}

/// y [n, Σ columns]: row i of a part is in its columns of row `rows[i]`.
private func sideBySide(_ parts: [(states: Tensor, rows: [Int32])], _ pass: Pass) -> Tensor {
  let width = parts.reduce(0) { $0 + $1.states.columns }
  let y = pass.make(parts[0].states.rows, width, tracked: parts.contains { $0.states.isTracked })
  var first = 0
  for (states, rows) in parts {
    let columns = states.columns
    for (row, place) in zip(rows, 0...) {
      (y.pointer + Int(row) * width + first).update(from: states.pointer + place * columns, count: columns)
    }
    first += columns
  }
  let slots = parts.map { (slot: $0.states.slot, rows: $0.rows) }
  pass.record(y) { [unowned pass] dy in
    var first = 0
    for (slot, rows) in slots {
      let part = pass.make(slot.rows, slot.columns)
      for (row, place) in zip(rows, 0...) {
        (part.pointer + place * slot.columns).update(
          from: dy.pointer + Int(row) * width + first, count: slot.columns)
      }
      pass.addGradient(part, to: slot)
      first += slot.columns
    }
  }
  return y
}
