/// One forward and its backward on one thread: gives ops their memory, random numbers and tape. Does not know any op.
internal import CKernels
package import Kernels

package final class Pass {
  package let workspace: Workspace
  /// Receives the parameters' gradients. nil: inference; nothing is recorded and dropout is off.
  package let gradients: (any GradientSink)?
  private let randomKey: RandomKey?
  /// The number of dropout sites so far.
  package internal(set) var dropoutSites: UInt32 = 0
  /// False during a forward whose tape is not needed, see `checkpointed`.
  var isRecording: Bool
  /// Whether an op has made a tracked tensor since this was last set to false.
  var wantsGradient = false
  private var tape: [(node: Int, backward: (Tensor) -> Void)] = []
  /// Writes of gradients of shared parameters, which run after the tape.
  private var deferred: [() -> Void] = []
  private var slots: [Tensor?] = []

  /// A pass without gradients (inference) when `gradients` is nil.
  /// - Parameters:
  ///   - randomKey: of dropout; nil: a pass with gradients has no dropout.
  ///   - records: false for a forward pass with dropout and without a tape, whose backward another pass with the same key
  ///     computes.
  package init(
    _ workspace: Workspace, gradients: (any GradientSink)? = nil, randomKey: RandomKey? = RandomKey(seed: 0),
    records: Bool = true
  ) {
    self.workspace = workspace
    isRecording = records
    self.gradients = gradients
    self.randomKey = randomKey
  }

  package var isTraining: Bool { gradients != nil }
  package var hasDropout: Bool { isTraining && randomKey != nil }

  /// An uninitialized tensor [rows, columns]; `tracked` if its gradient is needed.
  package func make(_ rows: Int, _ columns: Int, tracked: Bool = false) -> Tensor {
    wantsGradient = wantsGradient || tracked
    return tensor(rows, columns, workspace.take(rows * columns), tracked: tracked)
  }

  /// A tensor with its own gradient slot over an existing buffer.
  func tensor(_ rows: Int, _ columns: Int, _ buffer: Buffer, tracked: Bool) -> Tensor {
    var node: Int?
    if tracked && isTraining && isRecording {
      node = slots.count
      slots.append(nil)
    }
    return Tensor(
      rows: rows, columns: columns, buffer: buffer, slot: GradientSlot(rows: rows, columns: columns, node: node))
  }

  /// `Workspace.divide` of this pass's workspace.
  func divide(
    _ count: Int, unit: Int = 1, cost: Int, _ body: @escaping (_ range: Range<Int>, Workspace) -> Void
  ) {
    workspace.divide(count, unit: unit, cost: cost, body)
  }

  /// The same for an elementwise kernel over all rows of a tensor.
  func divideRows(_ x: Tensor, _ body: @escaping (Range<Int>) -> Void) {
    divide(x.rows, cost: x.count / 2) { rows, _ in body(rows) }
  }

  /// Puts the backward function of y's op on the tape; it gets the gradient of y. Does nothing where y is not tracked.
  /// The closure must capture the pass `unowned`, because the pass holds the closure until backward has run.
  package func record(_ y: Tensor, _ backward: @escaping (Tensor) -> Void) {
    if let node = y.slot.node { tape.append((node, backward)) }
  }

  /// Calls `body` to write (beta 0) or add to (beta 1) the gradient of x. Does nothing where x is not tracked.
  package func accumulate(_ x: GradientSlot, _ body: (Matrix, _ beta: Float) -> Void) {
    guard let node = x.node else { return }
    if slots[node] == nil {
      slots[node] = make(x.rows, x.columns)
      body(slots[node]!.matrix, 0)
    } else {
      unshare(node)
      body(slots[node]!.matrix, 1)
    }
  }

  /// Adds `gradient` to the gradient of x. If x has none yet, its slot takes the buffer itself, so that a residual
  /// connection costs no copy.
  package func addGradient(_ gradient: Tensor, to x: GradientSlot) {
    guard let node = x.node else { return }
    if slots[node] == nil {
      slots[node] = gradient
    } else {
      unshare(node)
      add(gradient, into: slots[node]!.matrix)
    }
  }

  package func accumulate(_ w: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    gradients?.accumulate(w, body)
  }

  /// The same for a parameter that several ops may share. Its gradients are all written after the tape, so that shards
  /// wait for each other only then. `tensors` are the tensors that `body` reads by pointer; they are kept alive.
  func accumulate(
    shared w: Parameter, keeping tensors: [Tensor],
    _ body: @escaping (UnsafeMutablePointer<Float>, _ beta: Float) -> Void
  ) {
    guard w.gradientWrites > 1, w.isTrainable else { return accumulate(w, body) }
    deferred.append { [gradients] in withExtendedLifetime(tensors) { gradients?.accumulate(w, body) } }
  }

  /// Adds the rows of dy to rows of the gradient of a table that several ops may share.
  func accumulate(shared table: Parameter, rows: [Int32], of dy: Tensor) {
    guard table.gradientWrites > 1, table.isTrainable else {
      gradients?.accumulate(table, rows: rows, dy.pointer)
      return
    }
    deferred.append { [gradients] in
      // As a whole gradient: other ops write all of it.
      gradients?.accumulate(table) { gradient, beta in
        if beta == 0 { gradient.update(repeating: 0, count: table.count) }
        tune_scatter_add(dy.pointer, rows, gradient, rows.count, table.columns)
      }
    }
  }

  /// Runs the tape from the gradients that losses have left. Each entry is freed, with the tensors that it holds, after
  /// it has run.
  package func backward() {
    unwind(to: 0)
    while !deferred.isEmpty { deferred.removeFirst()() }
  }

  /// Runs the tape from `y`, whose gradient is `gradient`.
  package func backward(from y: Tensor, gradient: Tensor) {
    addGradient(gradient, to: y.slot)
    backward()
  }

  /// The number of entries on the tape.
  var tapeLength: Int { tape.count }

  /// Runs the entries from the end of the tape until `mark` are left.
  func unwind(to mark: Int) {
    while tape.count > mark {
      let (node, backward) = tape.removeLast()
      guard let gradient = slots[node] else { continue }
      slots[node] = nil
      backward(gradient)
    }
  }

  /// The settings of the next dropout site of this pass; nil where dropout is off.
  func dropout(_ probability: Double) -> tune_dropout? {
    guard isTraining, probability > 0, let randomKey else { return nil }
    dropoutSites += 1
    return randomKey.dropout(probability, site: dropoutSites)
  }

  /// y += x
  func add(_ x: Tensor, into y: Matrix) {
    let (base, d) = (y.base, x.columns)
    divideRows(x) { tune_add(x.pointer + $0.lowerBound * d, base + $0.lowerBound * d, $0.count * d) }
  }

  /// Copies a gradient that is held elsewhere too, before it is added to.
  private func unshare(_ node: Int) {
    guard var tensor = slots[node] else { return }
    slots[node] = nil
    if !isKnownUniquelyReferenced(&tensor.buffer) {
      let copy = make(tensor.rows, tensor.columns)
      copy.pointer.update(from: tensor.pointer, count: tensor.count)
      tensor = copy
    }
    slots[node] = tensor
  }
}

/// The random key of one pass, as in counter-based generators: its random numbers are a pure function of the key, the
/// dropout site and the element.
package struct RandomKey: Sendable {
  package let seed: UInt64
  package let step, shard: UInt32

  package init(seed: UInt64, step: Int = 0, shard: Int = 0) {
    self.seed = seed
    self.step = UInt32(truncatingIfNeeded: step)
    self.shard = UInt32(truncatingIfNeeded: shard)
  }

  /// The probability is rounded to 1/65536. The scale is computed from the rounded one, so that the mean is unchanged.
  func dropout(_ probability: Double, site: UInt32) -> tune_dropout {
    let threshold = (min(max(probability, 0), 1) * 65536).rounded()
    return tune_dropout(
      key: (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)), step: step, shard: shard,
      site: site, threshold: UInt32(threshold), first_row: 0, scale: Float(65536 / (65536 - threshold)))
  }
}

/// Calls `body` with a pointer to the value, or with nil.
func withPointer<T, R>(_ value: T?, _ body: (UnsafePointer<T>?) -> R) -> R {
  guard let value else { return body(nil) }
  return withUnsafePointer(to: value) { body($0) }
}
