/// A safetensors file, mapped into memory; its header is checked completely before any value is read.
/// For several files see `Checkpoint`.
import Files

/// Returned pointers are valid while the object lives.
///
/// ```swift
/// let file = try SafetensorsFile(path: "adapter_model.safetensors")
/// let weight = try file.floats("classifier.weight")    // [Float], from F32, F16, BF16 or F64
/// ```
/// The file must not be truncated or overwritten in place while it is open: see `MappedFile`.
public final class SafetensorsFile: Sendable {
  public let path: String
  public let tensors: [String: TensorInfo]
  /// The header's `__metadata__`; empty when there is none.
  public let metadata: [String: String]
  private let map: MappedFile

  /// - Throws: `FileFault` if the file cannot be read, `CheckpointFault` if its header is invalid.
  public init(path: String) throws {
    map = try MappedFile(path: path)
    let header = try SafetensorsHeader(map.bytes, file: path)
    (self.path, tensors, metadata) = (path, header.tensors, header.metadata)
  }

  /// Of the file at opening.
  var identity: FileIdentity? { map.identity }

  /// All bytes of the file.
  var bytes: UnsafeRawBufferPointer { map.bytes }

  /// See `Checkpoint.releasePages`.
  func releasePages() { Files.releasePages(map.bytes) }

  /// Dtype, shape and byte range of a tensor; throws `.noTensor` with the nearest name.
  public func info(_ name: String) throws(CheckpointFault) -> TensorInfo {
    guard let info = tensors[name] else {
      throw .noTensor(file: path, name: name, nearest: nearest(to: name, among: tensors.keys.sorted()))
    }
    return info
  }

  /// The bytes of a tensor as they are in the file: little-endian, possibly not aligned.
  public func bytes(_ name: String) throws(CheckpointFault) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: map.bytes[try info(name).bytes])
  }

  /// Writes a tensor's `info(name).count` values, converted from F32, F16, BF16 or F64, to `target`, row-major.
  /// F64 is rounded to the nearest Float. Throws `.notFloats` for the other dtypes.
  public func floats(_ name: String, into target: UnsafeMutablePointer<Float>) throws(CheckpointFault) {
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
  public func floats(_ name: String) throws(CheckpointFault) -> [Float] {
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

  /// The values in the mapped file, without a copy; nil unless they are F32 at an address that is a multiple of 4.
  /// The caller keeps this object alive while the pointer is in use.
  public func mappedFloats(_ name: String) throws(CheckpointFault) -> UnsafePointer<Float>? {
    guard try info(name).dtype == .f32, let start = try bytes(name).baseAddress else { return nil }
    guard Int(bitPattern: start) % MemoryLayout<Float>.alignment == 0 else { return nil }
    return start.assumingMemoryBound(to: Float.self)
  }
}

private func convert<Bits: FixedWidthInteger & BitwiseCopyable>(
  _ source: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<Float>, _ toFloat: (Bits) -> Float
) {
  let size = MemoryLayout<Bits>.size
  for index in 0..<source.count / size {
    target[index] = toFloat(Bits(littleEndian: source.loadUnaligned(fromByteOffset: index * size, as: Bits.self)))
  }
}
