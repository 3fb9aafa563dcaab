/// Tensors of an adapter that changes matrices.
import Checkpoints
import Encoders
import Kernels

extension AdapterTensors {
  /// The numbers of the tensor `name` of a target, row-major.
  /// - Throws: `AdapterFault` if it is missing or has another shape: sizes of the config are not believed.
  mutating func floats(_ name: String, of target: Projection, _ shape: [Int]) throws -> [Float] {
    try floats(fullName(name, of: target), shape)
  }

  /// The same for a tensor that targets share, by its whole name.
  mutating func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
    try checkpoint.floats(found(name, shape))
  }

  /// The same for a matrix.
  mutating func matrix(_ name: String, of target: Projection, _ rows: Int, _ columns: Int) throws -> DenseMatrix {
    DenseMatrix(rows: rows, columns: columns, try floats(name, of: target, [rows, columns]))
  }

  /// Whole numbers from 0 to below `limit`.
  /// - Throws: `AdapterFault` if there are others, or as for `floats`.
  mutating func indices(_ name: String, of target: Projection, _ shape: [Int], below limit: Int) throws -> [Int] {
    let name = fullName(name, of: target), values = try checkpoint.integers(found(name, shape))
    if let wrong = values.first(where: { !(0..<limit).contains($0) }) {
      throw mismatch("'\(name)' has the index \(wrong); expected 0 to \(limit - 1)")
    }
    return values
  }

  private mutating func found(_ name: String, _ shape: [Int]) throws -> String {
    guard let found = try use(name, shape) else { throw mismatch() }
    return found
  }

  /// The shape of a target's tensor in the file; nil: it has none.
  func shape(_ name: String, of target: Projection) throws -> [Int]? { try shape(fullName(name, of: target)) }

  /// Copies of a shared tensor that PEFT saves with each target.
  /// - Throws: `AdapterFault` if they are not the same.
  mutating func skipCopies(of shared: [Float], _ shape: [Int], _ name: String, of target: Projection) throws {
    guard try self.shape(name, of: target) != nil else { return }
    if try floats(name, of: target, shape) != shared {
      throw mismatch("'\(fullName(name, of: target))' differs from '\(sharedPrefix)\(name)'; PEFT saves the same twice")
    }
  }

  private func fullName(_ name: String, of target: Projection) -> String {
    "\(encoder.prefix)\(target.name).\(name)"
  }
}

/// Before the names of tensors that all targets share.
let sharedPrefix = "base_model."
