/// Copies the tensors of a checkpoint into one safetensors file, with unchanged bytes and dtypes, of some only selected
/// rows. Does not convert, and does not keep the output in memory.
import Files

extension Checkpoint {
  /// Writes all tensors to `path`, through a temporary file that is renamed when it is complete; in the order of the
  /// Rust library: widest dtype first, then by name.
  /// - Parameter rows: by tensor name, the rows to copy, in this order; of other tensors all rows are copied.
  /// - Throws: `FileFault.unwritable`; `CheckpointFault.noTensor` for a name in `rows` that the checkpoint lacks, and
  ///   `.notFloats` for one whose rows may not begin at a byte; `.noSafetensorsType`.
  package func copy(to path: String, rows: [String: [Int]], metadata: [String: String] = ["format": "pt"]) throws {
    for name in rows.keys { _ = try info(name) }
    var tensors = [StoredTensor]()
    for name in names {
      let info = try info(name), bytes = try bytes(name)
      guard info.dtype.isInSafetensors else {
        throw CheckpointFault.noSafetensorsType(file: try file(of: name).path, tensor: name, dtype: info.dtype)
      }
      if rows[name] != nil, info.dtype.bits < 8 {
        throw CheckpointFault.notFloats(file: try file(of: name).path, tensor: name, dtype: info.dtype)
      }
      tensors.append(StoredTensor(name: name, dtype: info.dtype, shape: info.shape, bytes: bytes, rows: rows[name]))
    }
    let layout = Dictionary(uniqueKeysWithValues: zip(DType.allCases.reversed(), 0...))
    tensors.sort {
      $0.dtype == $1.dtype ? precedes($0.name, $1.name) : layout[$0.dtype, default: 0] < layout[$1.dtype, default: 0]
    }
    let header = safetensorsHeader(
      tensors.map { ($0.name, $0.dtype.rawValue, $0.writtenShape, $0.writtenShape.reduce($0.dtype.bits, *) / 8) },
      metadata)
    try replaceFile(at: path) { (descriptor) throws(FileFault) in
      try write(header.span.bytes, to: descriptor, path: path)
      for tensor in tensors { try tensor.write(to: descriptor, path: path) }
    }
  }
}

/// A tensor of the source file, and the rows to copy; nil: all of them.
private struct StoredTensor {
  var name: String
  var dtype: DType
  var shape: [Int]
  var bytes: UnsafeRawBufferPointer
  var rows: [Int]?

  var writtenShape: [Int] { rows.map { [$0.count] + shape.dropFirst() } ?? shape }

  func write(to descriptor: Int32, path: String) throws(FileFault) {
    guard let rows else { return try Files.write(RawSpan(_unsafeBytes: bytes), to: descriptor, path: path) }
    let rowSize = shape.dropFirst().reduce(dtype.bits, *) / 8
    for start in stride(from: 0, to: rows.count, by: 1024) {
      var chunk = [UInt8]()
      for row in rows[start..<min(start + 1024, rows.count)] {
        precondition((0..<(shape.first ?? 0)).contains(row), "copy: '\(name)' of shape \(shape) has no row \(row)")
        chunk.append(contentsOf: bytes[(row * rowSize)..<((row + 1) * rowSize)])
      }
      try Files.write(chunk.span.bytes, to: descriptor, path: path)
    }
  }
}
