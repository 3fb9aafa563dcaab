import Autograd
import Checkpoints
/// Tensors of an adapter that changes matrices.
import Kernels
import Models

extension AdapterTensors {
  /// The numbers of the tensor `name` of a target, row-major; zeros, and a problem, if it is missing or has another shape.
  mutating func floats(_ name: String, of target: Projection, _ shape: [Int]) throws -> [Float] {
    try floats(fullName(name, of: target), shape)
  }

  /// The same for a tensor that targets share, by its whole name.
  mutating func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
    let parameter = Parameter(name, shape: shape)
    try read(parameter, savedName: name)
    return Array(parameter.values)
  }

  /// The same for a matrix.
  mutating func matrix(_ name: String, of target: Projection, _ rows: Int, _ columns: Int) throws -> DenseMatrix {
    DenseMatrix(rows: rows, columns: columns, try floats(name, of: target, [rows, columns]))
  }

  /// Whole numbers from 0 to below `limit`; zeros, and a problem, if there are others, or as for `floats`.
  mutating func indices(_ name: String, of target: Projection, _ shape: [Int], below limit: Int) throws -> [Int] {
    let name = fullName(name, of: target), zeros = Array(repeating: 0, count: shape.reduce(1, *))
    guard let found = try use(name, shape) else { return zeros }
    let values = try checkpoint.integers(found)
    guard let wrong = values.first(where: { !(0..<limit).contains($0) }) else { return values }
    mismatch("'\(name)' has the index \(wrong); expected 0 to \(limit - 1)")
    return zeros
  }

  /// The shape of a target's tensor in the file; nil: it has none.
  func shape(_ name: String, of target: Projection) throws -> [Int]? { try shape(fullName(name, of: target)) }

  /// Copies of a shared tensor that PEFT saves with each target: they must be the same.
  mutating func skipCopies(of shared: [Float], _ shape: [Int], _ name: String, of target: Projection) throws {
    guard try self.shape(name, of: target) != nil else { return }
    if try floats(name, of: target, shape) != shared {
      mismatch("'\(fullName(name, of: target))' differs from '\(sharedPrefix)\(name)'; PEFT saves the same twice")
    }
  }

  private func fullName(_ name: String, of target: Projection) -> String {
    "\(encoder.prefix)\(target.name).\(name)"
  }
}

/// Before the names of tensors that all targets share.
let sharedPrefix = "base_model."
