/// Which parameters learn, and one flat buffer for their gradients.
internal import CKernels

/// The parameters that learn, side by side in one flat numbering.
public struct ParameterTable: Sendable {
  public let parameters: [Parameter]
  public let count: Int

  /// Makes exactly `parameters` trainable, in this order; all of `others` frozen.
  public init(training parameters: [Parameter], freezing others: [Parameter] = []) {
    others.forEach { $0.offset = nil }
    var next = 0
    for parameter in parameters {
      parameter.own()
      parameter.offset = next
      next += (parameter.count + 15) / 16 * 16
    }
    self.parameters = parameters
    count = next
  }

  /// All their numbers, one after the other.
  public var values: [Float] {
    get { parameters.flatMap { $0.values } }
    nonmutating set {
      var next = 0
      for parameter in parameters {
        _ = parameter.values.update(from: newValue[next..<next + parameter.count])
        next += parameter.count
      }
    }
  }
}

/// One flat buffer of gradients for a `ParameterTable`, zero where nobody wrote.
/// Sendable: one thread at a time holds it; `Replicas` hands it on.
public final class Gradients: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>
  public let count: Int
  private let table: ParameterTable
  private var written: Set<Int> = []

  public init(_ table: ParameterTable) {
    self.table = table
    count = table.count
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: count)
  }

  deinit { pointer.deallocate() }

  /// Lets `body` write (beta 0) or add to (beta 1) the gradient of `parameter`.
  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    guard let offset = parameter.offset else { return }
    body(pointer + offset, written.insert(offset).inserted ? 0 : 1)
  }

  /// self += other
  public func add(_ other: Gradients) { tune_add(other.pointer, pointer, count) }

  /// Starts a new sum: the next writer of each parameter writes instead of adding.
  public func reset() { written.removeAll(keepingCapacity: true) }

  /// Zeroes what nobody wrote since `reset`.
  public func finish() {
    for parameter in table.parameters where !written.contains(parameter.offset ?? -1) {
      accumulate(parameter) { pointer, _ in pointer.update(repeating: 0, count: parameter.count) }
    }
  }
}
