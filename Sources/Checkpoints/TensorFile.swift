/// A file of named tensors, mapped into memory: safetensors, or what `torch.save` wrote. Its list of tensors is checked
/// completely before any value is read. For several files see `Checkpoint`.
import Files

/// Returned pointers are valid while the object lives.
///
/// ```swift
/// let file = try TensorFile(path: "adapter_model.safetensors")
/// let weight = try file.floats("classifier.weight")    // [Float], from F32, F16, BF16 or F64
/// ```
/// The file must not be truncated or overwritten in place while it is open: see `MappedFile`.
package final class TensorFile: Sendable {
  package let path: String
  package let tensors: [String: TensorInfo]
  /// The `__metadata__` of a safetensors file; empty when there is none.
  package let metadata: [String: String]
  /// What was done to read the names, for the user.
  package let notes: [String]
  /// Of the values that `torch.save` stored.
  let checksums: [TorchFile.Checksum]
  private let map: MappedFile
  private let copies: [MappedFile]

  /// - Throws: `FileFault` if the file cannot be read, `CheckpointFault` if its list of tensors is invalid.
  package init(path: String) throws {
    map = try MappedFile(path: path)
    let bytes = map.bytes
    if let found = IncompleteDownload(bytes) { throw FileFault.incompleteDownload(path: path, found) }
    var notes: [String] = []
    let named: [String: TensorInfo]
    // By its contents; the name decides what is expected of a file that is neither.
    if TorchFile.recognizes(bytes) || path.hasSuffix(".bin") {
      do {
        let torch = try TorchFile(bytes)
        (named, copies, checksums, metadata) = (torch.tensors, torch.copies, torch.checksums, [:])
        if let wrapper = torch.wrapper { notes.append("\(path): the weights under '\(wrapper)' are read") }
      } catch let fault as TorchFault {
        throw CheckpointFault.torch(file: path, fault)
      }
    } else {
      let header = try SafetensorsHeader(bytes, file: path)
      (named, copies, checksums, metadata) = (header.tensors, [], [], header.metadata)
    }
    let isWrapped = !named.isEmpty && named.keys.allSatisfy { $0.hasPrefix(parallelPrefix) }
    if isWrapped { notes.append("\(path): '\(parallelPrefix)' before every name, of DataParallel, is left out") }
    tensors =
      isWrapped
      ? Dictionary(uniqueKeysWithValues: named.map { (String($0.dropFirst(parallelPrefix.count)), $1) }) : named
    (self.path, self.notes) = (path, notes)
  }

  /// Of the file at opening.
  var identity: FileIdentity? { map.identity }

  /// All bytes of the file, as they are on disk.
  var bytes: UnsafeRawBufferPointer { map.bytes }

  /// See `Checkpoint.releasePages`.
  func releasePages() { for map in [map] + copies { Files.releasePages(map.bytes) } }

  /// Dtype, shape and byte range of a tensor; throws `.noTensor` with the nearest name.
  package func info(_ name: String) throws(CheckpointFault) -> TensorInfo {
    guard let info = tensors[name] else {
      throw .noTensor(file: path, name: name, nearest: nearest(to: name, among: tensors.keys.sorted()))
    }
    return info
  }

  /// The bytes of a tensor: little-endian, row-major, possibly not aligned.
  package func bytes(_ name: String) throws(CheckpointFault) -> UnsafeRawBufferPointer {
    let info = try info(name)
    return UnsafeRawBufferPointer(rebasing: (info.copy.map { copies[$0] } ?? map).bytes[info.bytes])
  }

  /// Writes a tensor's `info(name).count` values, converted from F32, F16, BF16 or F64, to `target`, row-major.
  /// F64 is rounded to the nearest Float. Throws `.notFloats` for the other dtypes.
  package func floats(_ name: String, into target: UnsafeMutablePointer<Float>) throws(CheckpointFault) {
    let info = try info(name)
    let source = try bytes(name)
    switch info.dtype {
    case .f32: UnsafeMutableRawBufferPointer(start: target, count: source.count).copyMemory(from: source)
    case .f16: convert(source, into: target) { (bits: UInt16) in float(f16: bits) }
    case .bf16: convert(source, into: target) { (bits: UInt16) in float(bf16: bits) }
    case .f64: convert(source, into: target) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
    default: throw .notFloats(file: path, tensor: name, dtype: info.dtype)
    }
  }

  /// A tensor's values as an array, row-major.
  package func floats(_ name: String) throws(CheckpointFault) -> [Float] {
    let count = try info(name).count
    var fault: CheckpointFault?
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, written in
      guard let start = buffer.baseAddress else { return }
      do throws(CheckpointFault) {
        try floats(name, into: start)
        written = count
      } catch {
        fault = error
      }
    }
    if let fault { throw fault }
    return values
  }

  /// A tensor's whole numbers, row-major, from an integer type or from F32.
  package func integers(_ name: String) throws(CheckpointFault) -> [Int] {
    let dtype = try info(name).dtype, source = try bytes(name)
    func values<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> [Int] {
      let size = MemoryLayout<Value>.size
      return (0..<source.count / size).map {
        Int(clamping: Value(littleEndian: source.loadUnaligned(fromByteOffset: $0 * size, as: Value.self)))
      }
    }
    switch dtype {
    case .u8: return values(UInt8.self)
    case .i8: return values(Int8.self)
    case .u16: return values(UInt16.self)
    case .i16: return values(Int16.self)
    case .u32: return values(UInt32.self)
    case .i32: return values(Int32.self)
    case .i64: return values(Int64.self)
    case .f32:
      let whole = try floats(name).compactMap { Int(exactly: $0) }
      if whole.count == (try info(name).count) { return whole }
    default: break
    }
    throw .notIntegers(file: path, tensor: name, dtype: dtype)
  }

  /// The values in the mapped file, without a copy; nil unless they are F32 at an address that is a multiple of 4.
  /// The caller keeps this object alive while the pointer is in use.
  package func mappedFloats(_ name: String) throws(CheckpointFault) -> UnsafePointer<Float>? {
    guard try info(name).dtype == .f32, let start = try bytes(name).baseAddress else { return nil }
    guard Int(bitPattern: start) % MemoryLayout<Float>.alignment == 0 else { return nil }
    return start.assumingMemoryBound(to: Float.self)
  }
}

/// What torch's DataParallel puts before the names of a module.
let parallelPrefix = "module."

private func convert<Bits: FixedWidthInteger & BitwiseCopyable>(
  _ source: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<Float>, _ toFloat: (Bits) -> Float
) {
  let size = MemoryLayout<Bits>.size
  for index in 0..<source.count / size {
    target[index] = toFloat(Bits(littleEndian: source.loadUnaligned(fromByteOffset: index * size, as: Bits.self)))
  }
}
