/// The trainable parameters, and one flat buffer for their gradients.
import CKernels

/// The trainable parameters in one flat numbering.
package struct ParameterTable: Sendable {
  package let parameters: [Parameter]
  /// Length of a gradient buffer. Each parameter's part is padded to a multiple of 16 numbers.
  package let count: Int

  /// Makes exactly `parameters` trainable, in this order, and freezes all of `others`.
  package init(training parameters: [Parameter], freezing others: [Parameter] = []) {
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

  /// The values of all parameters, one after the other, without padding.
  package var values: [Float] {
    var values: [Float] = []
    // Reserved, because an array that grows by doubling would briefly take twice the model's memory in addition.
    values.reserveCapacity(parameters.reduce(0) { $0 + $1.count })
    for parameter in parameters { values += parameter.values }
    return values
  }

  /// Exchanges the parameters' values with others, in the form of `values`.
  package func exchangeValues(with others: inout [Float]) {
    others.withUnsafeMutableBufferPointer { others in
      var next = 0
      for parameter in parameters {
        tune_swap(others.baseAddress! + next, parameter.pointer, parameter.count)
        next += parameter.count
      }
    }
  }
}

/// Receives the parameters' gradients from a pass.
package protocol GradientSink: AnyObject {
  /// Calls `body` before it returns, to write (beta 0) or add to (beta 1) the gradient of `parameter`. Does nothing for
  /// a frozen parameter.
  func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void)
  /// Adds row i of dy [rows.count, d] to row `rows[i]` of the gradient of a table, unless that is negative.
  func accumulate(_ table: Parameter, rows: [Int32], _ dy: UnsafePointer<Float>)
}

extension GradientSink {
  package func accumulate(_ table: Parameter, rows: [Int32], _ dy: UnsafePointer<Float>) {
    accumulate(table) { gradient, beta in
      if beta == 0 { gradient.update(repeating: 0, count: table.count) }
      tune_scatter_add(dy, rows, gradient, rows.count, table.columns)
    }
  }
}

/// One flat buffer of gradients for a `ParameterTable`.
/// Sendable: one thread at a time writes a parameter's gradient; `Replicas` decides which.
package final class Gradients: GradientSink, @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int
  package let table: ParameterTable
  /// By parameter. One byte each, so that one thread may set a flag while another reads the next one.
  private let isWritten: UnsafeMutablePointer<Bool>

  package init(_ table: ParameterTable) {
    self.table = table
    count = table.count
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: count)
    isWritten = .allocate(capacity: max(table.parameters.count, 1))
    reset()
  }

  deinit {
    pointer.deallocate()
    isWritten.deallocate()
  }

  package func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {
    guard let entry = parameter.tableIndex else { return }
    body(pointer + entry.offset, isWritten[entry.index] ? 1 : 0)
    isWritten[entry.index] = true
  }

  /// Starts a new sum: the first gradient of each parameter overwrites the old one.
  package func reset() { isWritten.initialize(repeating: false, count: table.parameters.count) }

  /// Whether the gradient of the parameter with this index was written since `reset`.
  package func hasWritten(_ index: Int) -> Bool { isWritten[index] }

  /// Zeroes the gradients that were not written since `reset`.
  package func finish() {
    for (index, parameter) in table.parameters.enumerated() where !isWritten[index] {
      accumulate(parameter) { pointer, _ in pointer.update(repeating: 0, count: parameter.count) }
    }
  }
}

/// Receives no gradients: for a pass whose parameters are all frozen, which computes gradients of tensors.
package final class NoGradients: GradientSink {
  package init() {}
  package func accumulate(_ parameter: Parameter, _ body: (UnsafeMutablePointer<Float>, _ beta: Float) -> Void) {}
}
