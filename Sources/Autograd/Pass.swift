/// One forward, and its backward, on one thread: where ops get memory, chance and a tape. Knows no op.
internal import CKernels
public import Kernels

public final class Pass {
  public let workspace: Workspace
  /// Where gradients of parameters go; nil: nothing is recorded, and dropout is off.
  public let gradients: (any GradientSink)?
  private let randomKey: RandomKey
  /// Dropout sites so far.
  public internal(set) var sites: UInt32 = 0
  /// False while a forward runs whose tape nobody will read.
  var isRecording = true
  /// Whether an op has asked for a gradient since this was last set to false.
  var wantsGradient = false
  private var tape: [(node: Int, backward: (Tensor) -> Void)] = []
  /// Gradients of parameters that several ops share, for when the tape is done.
  private var deferred: [() -> Void] = []
  private var slots: [Tensor?] = []

  /// A pass without gradients (inference) when `gradients` is nil.
  public init(_ workspace: Workspace, gradients: (any GradientSink)? = nil, randomKey: RandomKey = RandomKey(seed: 0)) {
    self.workspace = workspace
    self.gradients = gradients
    self.randomKey = randomKey
  }

  public var isTraining: Bool { gradients != nil }

  /// An undefined [rows, columns]; `tracked` when its gradient will be asked for.
  public func make(_ rows: Int, _ columns: Int, tracked: Bool = false) -> Tensor {
    wantsGradient = wantsGradient || tracked
    return tensor(rows, columns, workspace.take(rows * columns), tracked: tracked)
  }

  /// A new place on the tape over numbers that are there.
  func tensor(_ rows: Int, _ columns: Int, _ buffer: Buffer, tracked: Bool) -> Tensor {
    var node: Int?
    if tracked && isTraining && isRecording {
      node = slots.count
      slots.append(nil)
    }
    return Tensor(
      rows: rows, columns: columns, buffer: buffer, slot: GradientSlot(rows: rows, columns: columns, node: node))
  }

  /// Remembers how to send y's gradient on. Does nothing where y is not tracked. The closure must hold the pass
  /// `unowned`: the pass holds the closure until backward has run.
  public func record(_ y: Tensor, _ backward: @escaping (Tensor) -> Void) {
    if let node = y.slot.node { tape.append((node, backward)) }
  }

  /// Lets `body` write (beta 0) or add to (beta 1) the gradient of x; skipped where x is not tracked.
  public func accumulate(_ x: GradientSlot, _ body: (Matrix, _ beta: Float) -> Void) {
    guard let node = x.node else { return }
    if slots[node] == nil {
      slots[node] = make(x.rows, x.columns)
      body(slots[node]!.matrix, 0)
    } else {
      unshare(node)
      body(slots[node]!.matrix, 1)
    }
  }

  /// Gives `gradient` to x: the buffer itself where x has none yet, so that a residual costs no copy.
  public func pass(_ gradient: Tensor, to x: GradientSlot) {
    guard let node = x.node else { return }
    if slots[node] == nil {
      slots[node] = gradient
    } else {
      unshare(node)
      tune_add(gradient.pointer, slots[node]!.pointer, gradient.count)
    }
  }

  public func accumulate(_ w: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    gradients?.accumulate(w, body)
  }

  /// The same for a parameter that several ops may share: all its writers come at once when the tape is done, so that
  /// shards wait for each other only then. `tensors` are what `body` reads by pointer.
  func accumulate(
    shared w: Parameter, keeping tensors: [Tensor],
    _ body: @escaping (UnsafeMutablePointer<Float>, _ beta: Float) -> Void
  ) {
    guard w.useCount > 1, w.isTrainable else { return accumulate(w, body) }
    deferred.append { [gradients] in withExtendedLifetime(tensors) { gradients?.accumulate(w, body) } }
  }

  /// Runs the tape from all that has a gradient by now: losses give theirs to what they read. Every step frees what it
  /// held.
  public func backward() {
    unwind(to: 0)
    while !deferred.isEmpty { deferred.removeFirst()() }
  }

  /// Runs the tape from `y`, whose gradient is `gradient`.
  public func backward(from y: Tensor, gradient: Tensor) {
    pass(gradient, to: y.slot)
    backward()
  }

  /// How much is on the tape.
  var tapeLength: Int { tape.count }

  /// Runs what came onto the tape since it was `mark` long.
  func unwind(to mark: Int) {
    while tape.count > mark {
      let (node, backward) = tape.removeLast()
      guard let gradient = slots[node] else { continue }
      slots[node] = nil
      backward(gradient)
    }
  }

  /// The next dropout site of this pass, or nil where nothing is dropped.
  func dropout(_ probability: Double) -> tune_dropout? {
    guard isTraining && probability > 0 else { return nil }
    sites += 1
    return randomKey.dropout(probability, site: sites)
  }

  /// A gradient that another tensor still holds is copied before it is added to.
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

/// The randomness of one pass, as a pure function of where we are: the same place draws the same numbers again.
public struct RandomKey: Sendable {
  public let seed: UInt64
  public let step, shard: UInt32

  public init(seed: UInt64, step: Int = 0, shard: Int = 0) {
    self.seed = seed
    self.step = UInt32(truncatingIfNeeded: step)
    self.shard = UInt32(truncatingIfNeeded: shard)
  }

  /// The probability is rounded to 1/65536; what is kept is scaled by what was rounded, so that means stay.
  func dropout(_ probability: Double, site: UInt32) -> tune_dropout {
    let threshold = (min(max(probability, 0), 1) * 65536).rounded()
    return tune_dropout(
      key: (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)), step: step, shard: shard,
      site: site, threshold: UInt32(threshold), scale: Float(65536 / (65536 - threshold)))
  }
}

/// Calls `body` with a pointer to the value, or with nil.
func withPointer<T, R>(_ value: T?, _ body: (UnsafePointer<T>?) -> R) -> R {
  guard let value else { return body(nil) }
  return withUnsafePointer(to: value) { body($0) }
}
