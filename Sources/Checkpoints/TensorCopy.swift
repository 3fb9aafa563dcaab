/// Copies a checkpoint's tensors into one safetensors file, bytes and dtypes as they are, of some only chosen rows.
/// Does not convert, and does not keep what it writes in memory.
import Files

extension Checkpoint {
  /// Writes all tensors to `path`, through a temporary file that is renamed when it is whole; in the order of the Rust
  /// library, which is widest dtype first, then by name.
  /// - Parameter rows: by a tensor's name, the rows that the copy has, in this order; all of them where it is silent.
  /// - Throws: `FileFault.unwritable`; `CheckpointFault.noTensor` for a name in `rows` that there is not.
  public func copy(to path: String, rows: [String: [Int]], metadata: [String: String] = ["format": "pt"]) throws {
    for name in rows.keys { _ = try info(name) }
    var tensors = [StoredTensor]()
    for name in names {
      let info = try info(name), bytes = try bytes(name)
      tensors.append(StoredTensor(name: name, dtype: info.dtype, shape: info.shape, bytes: bytes, rows: rows[name]))
    }
    tensors.sort { $0.dtype.rank != $1.dtype.rank ? $0.dtype.rank < $1.dtype.rank : precedes($0.name, $1.name) }
    let header = safetensorsHeader(
      tensors.map { ($0.name, $0.dtype.rawValue, $0.writtenShape, $0.writtenShape.reduce($0.dtype.size, *)) }, metadata)
    try replaceFile(at: path) { (descriptor) throws(FileFault) in
      try write(header.span.bytes, to: descriptor, path: path)
      for tensor in tensors { try tensor.write(to: descriptor, path: path) }
    }
  }
}

/// A tensor as it lies in a file, and the rows that are wanted of it.
private struct StoredTensor {
  var name: String
  var dtype: DType
  var shape: [Int]
  var bytes: UnsafeRawBufferPointer
  var rows: [Int]?

  var writtenShape: [Int] { rows.map { [$0.count] + shape.dropFirst() } ?? shape }

  func write(to descriptor: Int32, path: String) throws(FileFault) {
    guard let rows else { return try Files.write(RawSpan(_unsafeBytes: bytes), to: descriptor, path: path) }
    let width = shape.dropFirst().reduce(dtype.size, *)
    for start in stride(from: 0, to: rows.count, by: 1024) {
      var part = [UInt8]()
      for row in rows[start..<min(start + 1024, rows.count)] {
        precondition((0..<(shape.first ?? 0)).contains(row), "copy: '\(name)' of shape \(shape) has no row \(row)")
        part.append(contentsOf: bytes[(row * width)..<((row + 1) * width)])
      }
      try Files.write(part.span.bytes, to: descriptor, path: path)
    }
  }
}

extension DType {
  /// The order in which the Rust library lays tensors out: widest first, so that all are aligned.
  fileprivate var rank: Int {
    switch self {
    case .i64: 0
    case .f64: 1
    case .f32: 2
    case .i32: 3
    case .bf16: 4
    case .f16: 5
    case .i16: 6
    case .i8: 7
    case .u8: 8
    case .bool: 9
    }
  }
}
