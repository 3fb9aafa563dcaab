/// Less memory for more time: a stretch of a pass of which only the input is kept.        source: Chen et al. 2016 §3

extension Pass {
  /// y = body(x), bit for bit, and so are all gradients. Forward keeps x and nothing of what `body` made; backward
  /// runs `body` again with the same chance, now recording, and at once back through it.
  /// Nobody may overwrite x's numbers, as nobody may whom `linear` reads. `body` runs twice, and must do the same twice.
  public func checkpointed(_ x: Tensor, _ body: @escaping (_ x: Tensor, Pass) -> Tensor) -> Tensor {
    guard isTraining && isRecording else { return body(x, self) }
    let first = sites
    (isRecording, wantsGradient) = (false, false)
    let made = body(x, self)
    isRecording = true
    let y = tensor(made.rows, made.columns, made.buffer, tracked: wantsGradient)
    record(y) { [unowned self] dy in
      let (mark, last) = (tapeLength, sites)
      sites = first
      let again = tensor(x.rows, x.columns, x.buffer, tracked: x.isTracked)
      record(again) { [unowned self] dx in pass(dx, to: x.slot) }
      pass(dy, to: body(again, self).slot)
      unwind(to: mark)
      sites = last
    }
    return y
  }
}
