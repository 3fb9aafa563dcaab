/// Reads the header of a safetensors file and checks all of it against the file. Does not read values.
/// Source: github.com/huggingface/safetensors, "Format"; unlike its `Metadata::validate`, rejects duplicate names.
import Files

struct SafetensorsHeader {
  /// The largest size of the JSON in bytes; the limit of the reference library.
  static let maxBytes = 100_000_000

  let tensors: [String: TensorInfo]
  let metadata: [String: String]

  /// - Parameter bytes: the whole file.
  init(_ bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointFault) {
    let start = try Self.length(bytes, file: file) + 8
    let members = try Self.json(UnsafeRawBufferPointer(rebasing: bytes[8..<start]), file: file)
    var tensors: [String: TensorInfo] = [:]
    for (name, entry) in members where name != "__metadata__" {
      tensors[name] = try Entry(file: file, tensor: name, json: entry).info(from: start, to: bytes.count)
    }
    try Self.checkCoverage(tensors, from: start, to: bytes.count, file: file)
    self.tensors = tensors
    metadata = try Self.metadata(members["__metadata__"], file: file)
  }

  private static func length(_ bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointFault) -> Int {
    guard bytes.count >= 10 else { throw .tooShort(file: file, bytes: bytes.count) }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= maxBytes else { throw .headerTooLong(file: file, header: length, limit: maxBytes) }
    guard length <= bytes.count - 8 else { throw .headerBeyondFile(file: file, header: length, bytes: bytes.count) }
    return Int(length)
  }

  private static func json(_ header: UnsafeRawBufferPointer, file: String) throws(CheckpointFault) -> [String: JSON] {
    guard header.first == UInt8(ascii: "{") else {
      throw .headerNotJSON(file: file, why: "it does not begin with '{'.")
    }
    do throws(FileFault) {
      // A text that begins with '{' is an object or invalid.
      return try JSON(parsing: header, named: file).object ?? [:]
    } catch {
      if case .json(_, let why) = error { throw .headerNotJSON(file: file, why: why) }
      throw .headerNotJSON(file: file, why: "\(error)")
    }
  }

  private static func metadata(_ json: JSON?, file: String) throws(CheckpointFault) -> [String: String] {
    guard let json else { return [:] }
    guard let members = json.object else { throw .metadataNotStrings(file: file, key: nil, found: json.typeName) }
    var strings: [String: String] = [:]
    for (key, value) in members {
      guard let string = value.string else { throw .metadataNotStrings(file: file, key: key, found: value.typeName) }
      strings[key] = string
    }
    return strings
  }

  /// Checks that every byte after the header belongs to exactly one tensor.
  private static func checkCoverage(
    _ tensors: [String: TensorInfo], from start: Int, to end: Int, file: String
  ) throws(CheckpointFault) {
    let sorted = tensors.sorted {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound) < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound)
    }
    var covered = start
    var previous = ""
    for (name, info) in sorted {
      let begin = info.bytes.lowerBound
      if begin > covered { throw .hole(file: file, before: name, begin: covered, end: begin) }
      if begin < covered {
        let shared = min(covered, info.bytes.upperBound)
        throw .overlap(file: file, tensor: name, with: previous, begin: begin, end: shared)
      }
      covered = info.bytes.upperBound
      previous = name
    }
    if covered < end { throw .hole(file: file, before: nil, begin: covered, end: end) }
  }
}

/// One tensor's entry: `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`. Other keys are ignored, as in
/// the reference library.
private struct Entry {
  let file: String
  let tensor: String
  let json: JSON

  /// - Parameters: the byte range of the values in the file.
  func info(from start: Int, to end: Int) throws(CheckpointFault) -> TensorInfo {
    guard json.object != nil else {
      throw wrong("its entry", json, expected: "an object with dtype, shape, data_offsets")
    }
    let dtype = try dtype()
    let shape = try counts("shape", expected: "a list of whole numbers from 0")
    let offsets = try counts("data_offsets", expected: "two whole numbers from 0")
    guard offsets.count == 2 else {
      throw wrong("data_offsets", json["data_offsets"], expected: "two whole numbers from 0")
    }
    guard offsets[0] <= offsets[1] else {
      throw .offsetsReversed(file: file, tensor: tensor, begin: offsets[0], end: offsets[1])
    }
    guard offsets[1] <= end - start else {
      throw .offsetsBeyondFile(file: file, tensor: tensor, end: offsets[1], data: end - start)
    }
    let size = try bytes(of: shape, dtype)
    let found = offsets[1] - offsets[0]
    guard size == found else {
      throw .sizeMismatch(file: file, tensor: tensor, dtype: dtype, shape: shape, expected: size, found: found)
    }
    return TensorInfo(dtype: dtype, shape: shape, bytes: start + offsets[0]..<start + offsets[1])
  }

  private func dtype() throws(CheckpointFault) -> DType {
    guard let name = json["dtype"]?.string else { throw wrong("dtype", json["dtype"], expected: "a string") }
    guard let dtype = DType(rawValue: name), dtype.isInSafetensors else {
      throw .unknownDType(file: file, tensor: tensor, found: name)
    }
    return dtype
  }

  private func counts(_ field: String, expected: String) throws(CheckpointFault) -> [Int] {
    guard let list = json[field]?.array else { throw wrong(field, json[field], expected: expected) }
    var counts: [Int] = []
    for element in list {
      // By case and not by `element.int`, which takes 8.0 for 8.
      guard case .int(let count) = element, count >= 0 else { throw wrong(field, element, expected: expected) }
      counts.append(count)
    }
    return counts
  }

  /// The library rejects a tensor whose last byte is not full.
  private func bytes(of shape: [Int], _ dtype: DType) throws(CheckpointFault) -> Int {
    var bits = dtype.bits
    for axis in shape {
      let (product, isOver) = bits.multipliedReportingOverflow(by: axis)
      if isOver { throw .shapeOverflow(file: file, tensor: tensor, shape: shape) }
      bits = product
    }
    guard bits % 8 == 0 else { throw .partialByte(file: file, tensor: tensor, dtype: dtype, shape: shape, bits: bits) }
    return bits / 8
  }

  private func wrong(_ field: String, _ found: JSON?, expected: String) -> CheckpointFault {
    .field(file: file, tensor: tensor, field: field, found: found.map(quote) ?? "nothing", expected: expected)
  }
}

/// A value as an error message shows it: its text, or its type if the text is long.
private func quote(_ json: JSON) -> String {
  switch json {
  case .array(let list) where list.count > 8: json.typeName
  case .array(let list) where list.contains { $0.array != nil || $0.object != nil }: json.typeName
  case .string(let text) where text.utf8.count > 60: json.typeName
  case .object: json.typeName
  default: json.text(pretty: false)
  }
}
