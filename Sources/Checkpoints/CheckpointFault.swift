/// Faults of checkpoints. A case has the values; `description` makes the sentence. Byte positions count from the start
/// of the file.
package enum CheckpointFault: Error, Equatable {
  case tooShort(file: String, bytes: Int)
  case headerTooLong(file: String, header: UInt64, limit: Int)
  case headerBeyondFile(file: String, header: UInt64, bytes: Int)
  case headerNotJSON(file: String, why: String)
  case metadataNotStrings(file: String, key: String?, found: String)
  case field(file: String, tensor: String, field: String, found: String, expected: String)
  case unknownDType(file: String, tensor: String, found: String)
  case shapeOverflow(file: String, tensor: String, shape: [Int])
  case offsetsReversed(file: String, tensor: String, begin: Int, end: Int)
  case offsetsBeyondFile(file: String, tensor: String, end: Int, data: Int)
  case sizeMismatch(file: String, tensor: String, dtype: DType, shape: [Int], expected: Int, found: Int)
  case partialByte(file: String, tensor: String, dtype: DType, shape: [Int], bits: Int)
  case overlap(file: String, tensor: String, with: String, begin: Int, end: Int)
  case hole(file: String, before: String?, begin: Int, end: Int)

  case torch(file: String, TorchFault)
  case noSafetensorsType(file: String, tensor: String, dtype: DType)

  case noWeights(folder: String)
  case otherFramework(folder: String, found: String)
  case incompleteDownload(folder: String, found: String)
  case index(file: String, found: String, expected: String)
  case shardName(index: String, tensor: String, shard: String)
  case shardMissing(index: String, tensor: String, shard: String)
  case notInShard(index: String, tensor: String, shard: String)

  case noTensor(file: String, name: String, nearest: String?)
  case notFloats(file: String, tensor: String, dtype: DType)
  case notIntegers(file: String, tensor: String, dtype: DType)
  case shapeMismatch(file: String, tensor: String, expected: [Int], found: [Int])
  case notFinite(file: String, tensor: String, value: String, position: [Int])
}

extension CheckpointFault: CustomStringConvertible {
  private static let advice = "The file is damaged, or is not a safetensors file: download or save it again."

  package var description: String {
    switch self {
    case .tooShort, .headerTooLong, .headerBeyondFile, .headerNotJSON, .metadataNotStrings: "\(header) \(Self.advice)"
    case .field, .shapeOverflow, .offsetsReversed, .offsetsBeyondFile, .sizeMismatch, .partialByte, .overlap, .hole:
      "\(entry) \(Self.advice)"
    case .unknownDType, .noSafetensorsType: entry
    case .torch(let file, let fault): "\(file): \(fault)"
    case .noWeights, .otherFramework, .incompleteDownload, .index, .shardName, .shardMissing, .notInShard: folder
    case .noTensor, .notFloats, .notIntegers, .shapeMismatch, .notFinite: request
    }
  }

  private var header: String {
    switch self {
    case .tooShort(let file, let bytes):
      "\(file): \(bytes) bytes; a safetensors file has at least 10: 8 for the header's length and 2 for the header."
    case .headerTooLong(let file, let header, let limit):
      "\(file): the header's length is \(header) bytes; expected at most \(limit)."
    case .headerBeyondFile(let file, let header, let bytes):
      "\(file): the header's length is \(header) bytes, after 8 bytes for the length, but the file has only \(bytes)."
    case .headerNotJSON(let file, let why):
      "\(file): the header is not a valid JSON object: \(why)"
    case .metadataNotStrings(let file, let key?, let found):
      "\(file): '__metadata__' has \(found) under '\(key)'; expected a string."
    case .metadataNotStrings(let file, nil, let found):
      "\(file): '__metadata__' is \(found); expected an object with strings."
    default: ""
    }
  }

  private var entry: String {
    switch self {
    case .field(let file, let tensor, let field, let found, let expected):
      "\(file): '\(tensor)' has \(found) as \(field); expected \(expected)."
    case .unknownDType(let file, let tensor, let found):
      "\(file): '\(tensor)' has the dtype '\(found)', which is not one of the format's: "
        + DType.allCases.filter(\.isInSafetensors).map(\.rawValue).joined(separator: ", ")
        + ". The file is damaged, or of a newer version of the format: save it again with one of these."
    case .noSafetensorsType(let file, let tensor, let dtype):
      "\(file): '\(tensor)' is \(dtype.rawValue), a type that safetensors files cannot have. Save the model without it."
    case .shapeOverflow(let file, let tensor, let shape):
      "\(file): '\(tensor)' has shape \(shape), whose size in bytes overflows a 64-bit integer."
    case .offsetsReversed(let file, let tensor, let begin, let end):
      "\(file): '\(tensor)' ends (\(end)) before it begins (\(begin))."
    case .offsetsBeyondFile(let file, let tensor, let end, let data):
      "\(file): '\(tensor)' ends at byte \(end) of the values; the file has \(data) bytes of values."
    case .sizeMismatch(let file, let tensor, let dtype, let shape, let expected, let found):
      "\(file): '\(tensor)' is \(dtype.rawValue) of shape \(shape), \(expected) bytes; its offsets span \(found)."
    case .partialByte(let file, let tensor, let dtype, let shape, let bits):
      "\(file): '\(tensor)' is \(dtype.rawValue) of shape \(shape), \(bits) bits; expected a multiple of 8."
    case .overlap(let file, let tensor, let with, let begin, let end):
      "\(file): '\(tensor)' and '\(with)' share the bytes \(begin)..<\(end); every byte must belong to one tensor."
    case .hole(let file, let before, let begin, let end):
      "\(file): the bytes \(begin)..<\(end)\(before.map { " before '\($0)'" } ?? " at the end") belong to no tensor."
    default: ""
    }
  }

  private var folder: String {
    switch self {
    case .noWeights(let folder):
      "\(folder): no weights: expected model.safetensors or pytorch_model.bin, or the shards of one with their index."
    case .otherFramework(let folder, let found):
      "\(folder): has only \(found), the weights of another framework; expected model.safetensors or pytorch_model.bin. "
        + "Load the model with transformers, and save it again with save_pretrained."
    case .incompleteDownload(let folder, let found):
      "\(folder): no weights, but \(found), which a download left unfinished. Download the model again."
    case .index(let file, let found, let expected):
      "\(file): \(found); expected \(expected)."
    case .shardName(let index, let tensor, let shard):
      "\(index): maps '\(tensor)' to '\(shard)'; expected the plain name of a weight file beside the index."
    case .shardMissing(let index, let tensor, let shard):
      "\(index): maps '\(tensor)' to '\(shard)', which is not in the folder. Download the missing shard."
    case .notInShard(let index, let tensor, let shard):
      "\(index): maps '\(tensor)' to '\(shard)', which has no such tensor. Download index and shards of one revision."
    default: ""
    }
  }

  private var request: String {
    switch self {
    case .noTensor(let file, let name, let nearest):
      "\(file): no tensor '\(name)'.\(nearest.map { " Did you mean '\($0)'?" } ?? "")"
    case .notFloats(let file, let tensor, let dtype):
      "\(file): the weight '\(tensor)' is \(dtype.rawValue); expected F32, F16, BF16 or F64. Save the model in one of "
        + "these formats."
    case .notIntegers(let file, let tensor, let dtype):
      "\(file): '\(tensor)' is \(dtype.rawValue); expected whole numbers."
    case .shapeMismatch(let file, let tensor, let expected, let found):
      "\(file): '\(tensor)' has shape \(found); expected \(expected). Does the configuration belong to this checkpoint?"
    case .notFinite(let file, let tensor, let value, let position):
      "\(file): the weight '\(tensor)' has \(value) at \(position); expected finite numbers. The file is damaged, or a "
        + "run that diverged saved it: download it again, or use an earlier checkpoint."
    default: ""
    }
  }
}
