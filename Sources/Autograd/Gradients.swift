/// Which parameters learn, and one flat buffer for their gradients.

/// The parameters that learn, side by side in one flat numbering.
public struct ParameterTable: Sendable {
  public let parameters: [Parameter]
  public let count: Int

  /// Makes exactly `parameters` trainable, in this order; all of `others` frozen.
  public init(training parameters: [Parameter], freezing others: [Parameter] = []) {
    others.forEach { $0.tableIndex = nil }
    var next = 0
    for (index, parameter) in parameters.enumerated() {
      parameter.makeWritable()
      parameter.tableIndex = Parameter.TableIndex(index: index, offset: next)
      next += (parameter.count + 15) / 16 * 16
    }
    self.parameters = parameters
    count = next
  }

  /// All their numbers, one after the other.
  public var values: [Float] {
    get {
      var values: [Float] = []
      // An array that grows by doubling would for a moment be twice the model more.
      values.reserveCapacity(parameters.reduce(0) { $0 + $1.count })
      for parameter in parameters { values += parameter.values }
      return values
    }
    nonmutating set {
      var next = 0
      for parameter in parameters {
        _ = parameter.values.update(from: newValue[next..<next + parameter.count])
        next += parameter.count
      }
    }
  }
}

/// What a pass adds its parameters' gradients to.
public protocol GradientSink: AnyObject {
  /// Lets `body` write (beta 0) or add to (beta 1) the gradient of `parameter`, now and not later; skipped where it is
  /// frozen.
  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void)
}

/// One flat buffer of gradients for a `ParameterTable`, zero where nobody wrote.
/// Sendable: one thread at a time writes a parameter's gradient; `Replicas` hands it on.
public final class Gradients: GradientSink, @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>
  public let count: Int
  public let table: ParameterTable
  /// By parameter; bytes of their own, so that one thread may set a flag while another reads its neighbour.
  private let written: UnsafeMutablePointer<Bool>

  public init(_ table: ParameterTable) {
    self.table = table
    count = table.count
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: count)
    written = .allocate(capacity: max(table.parameters.count, 1))
    reset()
  }

  deinit {
    pointer.deallocate()
    written.deallocate()
  }

  public func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    guard let place = parameter.tableIndex else { return }
    body(pointer + place.offset, written[place.index] ? 1 : 0)
    written[place.index] = true
  }

  /// Starts a new sum: the next writer of each parameter writes instead of adding.
  public func reset() { written.initialize(repeating: false, count: table.parameters.count) }

  /// Zeroes what nobody wrote since `reset`.
  public func finish() {
    for (index, parameter) in table.parameters.enumerated() where !written[index] {
      accumulate(parameter) { pointer, _ in pointer.update(repeating: 0, count: parameter.count) }
    }
  }
}
