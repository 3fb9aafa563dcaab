/// Gradient checkpointing: saves a segment's input only and recomputes the segment in backward.
/// source: Chen et al. 2016 §3

extension Pass {
  /// y = body(x), bit for bit, and so are all gradients, as without checkpointing. Forward saves x and none of the
  /// tensors that `body` makes. Backward runs `body` again with the same random numbers, now recording, and then runs
  /// the new part of the tape.
  /// x must not be overwritten later. `body` runs twice and must compute the same both times.
  package func checkpointed(_ x: Tensor, _ body: @escaping (_ x: Tensor, Pass) -> Tensor) -> Tensor {
    guard isTraining && isRecording else { return body(x, self) }
    let firstSite = dropoutSites
    (isRecording, wantsGradient) = (false, false)
    let output = body(x, self)
    isRecording = true
    let y = tensor(output.rows, output.columns, output.buffer, tracked: wantsGradient)
    record(y) { [unowned self] dy in
      let (mark, lastSite) = (tapeLength, dropoutSites)
      dropoutSites = firstSite
      let input = tensor(x.rows, x.columns, x.buffer, tracked: x.isTracked)
      record(input) { [unowned self] dx in addGradient(dx, to: x.slot) }
      addGradient(dy, to: body(input, self).slot)
      unwind(to: mark)
      dropoutSites = lastSite
    }
    return y
  }
}
