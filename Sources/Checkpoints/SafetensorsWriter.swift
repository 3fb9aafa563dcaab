/// Writes tensors of one dtype as a safetensors file, with the same bytes as the Rust library, which Python uses too.
/// Does not keep the file in memory, and leaves no partial file if writing fails.
package import Files

/// The dtypes of `writeSafetensors`; it rounds to nearest, ties to even.
package enum FloatFormat: String, Sendable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"

  /// Its name in recipes and options: fp32, fp16 or bf16.
  package var name: String {
    switch self {
    case .f32: "fp32"
    case .f16: "fp16"
    case .bf16: "bf16"
    }
  }

  /// Bytes of a number.
  package var size: Int { self == .f32 ? 4 : 2 }
}

/// Writes `tensors` to `path`, through a temporary file that is renamed when it is complete.
///
/// The bytes depend only on the arguments: tensors are sorted by the UTF-8 bytes of their names, and so are metadata
/// keys. The Hub's readers require `metadata: ["format": "pt"]`; the caller passes it.
/// - Parameter tensors: row-major values with distinct names; the product of a shape is the number of floats.
/// - Throws: `FileFault.unwritable` with the kernel's reason: no space, no permission, no such folder.
package func writeSafetensors(
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

/// The header's length in 8 bytes, then its JSON, padded with spaces so that the values start at a multiple of 8.
func safetensorsHeader(
  _ tensors: [(name: String, dtype: String, shape: [Int], bytes: Int)], _ metadata: [String: String]
) -> [UInt8] {
  var members: [String] = []
  if !metadata.isEmpty {
    members.append("\"__metadata__\":" + JSON.object(metadata.mapValues(JSON.string)).text(pretty: false))
  }
  var offset = 0
  for (name, dtype, shape, bytes) in tensors {
    precondition(name != "__metadata__", "writeSafetensors: a tensor cannot be named '__metadata__'")
    let end = offset + bytes
    // Not with JSON.text, which sorts the keys: the library writes them in this order.
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

/// Writes values, converted chunk by chunk.
private func write(
  _ floats: UnsafeBufferPointer<Float>, as dtype: FloatFormat, to descriptor: Int32, path: String
) throws(FileFault) {
  let size = 1 << 16
  var bits: [UInt16] = []
  for start in stride(from: 0, to: floats.count, by: size) {
    let chunk = UnsafeBufferPointer(rebasing: floats[start..<min(start + size, floats.count)])
    switch dtype {
    case .f32: try write(chunk.span.bytes, to: descriptor, path: path)
    case .f16:
      bits = chunk.map { f16($0).littleEndian }
      try write(bits.span.bytes, to: descriptor, path: path)
    case .bf16:
      bits = chunk.map { bf16($0).littleEndian }
      try write(bits.span.bytes, to: descriptor, path: path)
    }
  }
}
