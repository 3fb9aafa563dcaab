/// Writes tensors of one dtype as a safetensors file, byte for byte as the Rust library (and so Python's) would.
/// Does not keep the file in memory, and leaves nothing behind when writing fails.
public import Files

/// What `writeSafetensors` can write Floats as; rounding is to nearest, ties to even.
public enum FloatFormat: String, Sendable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"

  var size: Int { self == .f32 ? 4 : 2 }
}

/// Writes `tensors` to `path`, through a temporary file that is renamed when it is whole.
///
/// The bytes depend on the arguments alone: tensors lie in the order of their names' bytes, metadata keys are sorted.
/// The Hub's readers want `metadata: ["format": "pt"]`; the caller says so.
/// - Parameter tensors: row-major values; the product of a shape is the count of its floats, names differ.
/// - Throws: `FileFault.unwritable` with the kernel's reason: no space, no permission, no such folder.
public func writeSafetensors(
  to path: String, tensors: [(name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)],
  dtype: FloatFormat = .f32, metadata: [String: String] = [:]
) throws(FileFault) {
  let tensors = tensors.sorted { precedes($0.name, $1.name) }
  for (tensor, next) in zip(tensors, tensors.dropFirst()) {
    precondition(tensor.name != next.name, "writeSafetensors: two tensors are named '\(tensor.name)'")
  }
  for (name, shape, floats) in tensors {
    precondition(
      shape.reduce(1, *) == floats.count, "writeSafetensors: '\(name)' has \(floats.count) floats for shape \(shape)")
  }
  try replaceFile(at: path) { (descriptor) throws(FileFault) in
    let entries = tensors.map { ($0.name, dtype.rawValue, $0.shape, $0.floats.count * dtype.size) }
    try write(safetensorsHeader(entries, metadata).span.bytes, to: descriptor, path: path)
    for tensor in tensors { try write(tensor.floats, as: dtype, to: descriptor, path: path) }
  }
}

/// The header's length in 8 bytes, then its JSON, padded with spaces so that the values begin at a multiple of 8.
func safetensorsHeader(
  _ tensors: [(name: String, dtype: String, shape: [Int], bytes: Int)], _ metadata: [String: String]
) -> [UInt8] {
  var members: [String] = []
  if !metadata.isEmpty {
    members.append("\"__metadata__\":" + JSON.object(metadata.mapValues(JSON.string)).text(pretty: false))
  }
  var offset = 0
  for (name, dtype, shape, bytes) in tensors {
    precondition(name != "__metadata__", "writeSafetensors: '__metadata__' is no tensor's name")
    let end = offset + bytes
    // By hand, since the library writes these keys in this order and JSON.text sorts them.
    let axes = shape.map(String.init).joined(separator: ",")
    members.append(
      JSON.string(name).text(pretty: false)
        + ":{\"dtype\":\"\(dtype)\",\"shape\":[\(axes)],\"data_offsets\":[\(offset),\(end)]}")
    offset = end
  }
  var text = Array("{\(members.joined(separator: ","))}".utf8)
  while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
  return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
}

/// Streams values, converting a chunk at a time.
private func write(
  _ floats: UnsafeBufferPointer<Float>, as dtype: FloatFormat, to descriptor: Int32, path: String
) throws(FileFault) {
  let chunk = 1 << 16
  var halves: [UInt16] = []
  for start in stride(from: 0, to: floats.count, by: chunk) {
    let part = UnsafeBufferPointer(rebasing: floats[start..<min(start + chunk, floats.count)])
    switch dtype {
    case .f32: try write(part.span.bytes, to: descriptor, path: path)
    case .f16:
      halves = part.map { f16($0).littleEndian }
      try write(halves.span.bytes, to: descriptor, path: path)
    case .bf16:
      halves = part.map { bf16($0).littleEndian }
      try write(halves.span.bytes, to: descriptor, path: path)
    }
  }
}
