/// Losses of two logits per token, which score it as the first and as the last token of a span in its sequence.
internal import CKernels

/// loss = ½·Σᵢ [-log softmax(xᵢ₀)_first - log softmax(xᵢ₁)_last], over sequences i with a span, divided by `norm`; of a
/// sequence with several spans, the mean over them
/// logits x [n, 2], tokens of all sequences end to end; xᵢ₀ and xᵢ₁ are the columns of the rows of sequence i
/// If no sequence has a span, the loss and its gradient are 0; `norm` may then be 0 too.
/// - Parameters:
///   - lengths: tokens of each sequence.
///   - spans: the first and the last token of each sequence's spans; none: the sequence is ignored.
/// - Returns: the loss. Its gradient overwrites the logits and becomes theirs, for `Pass.backward`.
package func spanCrossEntropy(
  _ logits: Tensor, lengths: [Int], spans: [[ClosedRange<Int32>]], norm: Float, _ pass: Pass
) -> Double {
  check(logits, lengths)
  var columns: [Float] = [], sum = 0.0, start = 0
  for (length, spans) in zip(lengths, spans) {
    let x = logits.pointer + 2 * start, norm = norm > 0 ? 2 * norm * Float(spans.count) : 1
    read(x, length, into: &columns)
    var gradient = [Float](repeating: 0, count: columns.count)
    for span in spans {
      var own = columns
      sum += tune_cross_entropy(&own, [span.lowerBound, span.upperBound], nil, 2, length, 0, norm)
      for index in own.indices { gradient[index] += own[index] }
    }
    write(gradient, length, to: x)
    start += length
  }
  pass.addGradient(logits, to: logits.slot)
  return sum
}

/// loss = ½·scale·T²·Σᵢ [KL(softmax(tᵢ₀/T) ‖ softmax(xᵢ₀/T)) + KL(softmax(tᵢ₁/T) ‖ softmax(xᵢ₁/T))]
/// logits x, teacher t [n, 2]; otherwise as `divergence`.
package func spanDivergence(
  _ logits: Tensor, from teacher: consuming Tensor, lengths: [Int], temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  check(logits, lengths)
  return divergence(
    logits, from: teacher, temperature: temperature, scale: scale / 2,
    by: { logits, teacher, gradient, _, _, inverseTemperature, gradientScale in
      guard let logits, let teacher else { return 0 }
      var x: [Float] = [], t: [Float] = [], sum = 0.0, start = 0
      for length in lengths {
        read(logits + 2 * start, length, into: &x)
        read(teacher + 2 * start, length, into: &t)
        sum += t.withUnsafeMutableBufferPointer { t in
          tune_divergence(
            x, t.baseAddress, gradient == nil ? nil : t.baseAddress, 2, length, inverseTemperature, gradientScale)
        }
        if let gradient { write(t, length, to: gradient + 2 * start) }
        start += length
      }
      return sum
    }, pass)
}

private func check(_ logits: Tensor, _ lengths: [Int]) {
  precondition(
    logits.columns == 2 && lengths.reduce(0, +) == logits.rows,
    "sequences of \(lengths) tokens for \(logits.rows) × \(logits.columns) logits")
}

/// Rows [length, 2] as columns [2, length].
private func read(_ rows: UnsafePointer<Float>, _ length: Int, into columns: inout [Float]) {
  columns = (0..<2 * length).map { rows[2 * ($0 % length) + $0 / length] }
}

private func write(_ columns: [Float], _ length: Int, to rows: UnsafeMutablePointer<Float>) {
  for index in 0..<2 * length { rows[2 * (index % length) + index / length] = columns[index] }
}
