/// Faults of files that `torch.save` wrote. `CheckpointFault.torch` adds the file's name.

package enum TorchFault: Error, Equatable {
  case otherForm(found: String)
  case truncated(at: Int, count: Int, size: Int)
  case archive(found: String, expected: String)
  case entry(String, found: String, expected: String)
  case wrongChecksum(entry: String)
  case opcode(String, at: Int)
  case protocolVersion(Int)
  case global(String)
  case pickle(at: Int, found: String, expected: String)
  case noStateDict(found: String)
  case storage(String, found: String, expected: String)
  case tensor(String, found: String, expected: String)
  case copies(bytes: Int, limit: Int)
}

extension TorchFault: CustomStringConvertible {
  private static let damaged = "The file is damaged: download or copy it again."
  private static let weightsOnly =
    "tune reads weights and calls nothing that a file names. Save them alone: torch.save(model.state_dict(), FILE)."

  package var description: String {
    switch self {
    case .otherForm(let found):
      "\(found); expected what torch.save writes: a zip archive, or the stream of versions before 1.6. \(Self.damaged)"
    case .truncated(let position, let count, let size):
      "\(count) bytes are needed at byte \(position), and it has only \(size). \(Self.damaged)"
    case .archive(let found, let expected):
      "the zip archive has \(found); expected \(expected). \(Self.damaged)"
    case .entry(let name, let found, let expected):
      "the archive's entry '\(name)' is \(found); expected \(expected). Save the model again with torch.save."
    case .wrongChecksum(let entry):
      "the archive's entry '\(entry)' does not have its checksum. \(Self.damaged)"
    case .opcode(let name, let position):
      "the pickle has the opcode \(name) at byte \(position), which a state dict does not need. \(Self.weightsOnly)"
    case .protocolVersion(let version):
      "the pickle is of protocol \(version); expected 2 or 3, torch.save's default. \(Self.weightsOnly)"
    case .global(let name):
      "the pickle asks for '\(name)', which a state dict does not need. \(Self.weightsOnly)"
    case .pickle(let position, let found, let expected):
      "the pickle has \(found) before byte \(position); expected \(expected). \(Self.damaged)"
    case .noStateDict(let found):
      "it holds \(found); expected a state dict, a dictionary of tensors. \(Self.weightsOnly)"
    case .storage(let key, let found, let expected):
      "the storage '\(key)' has \(found); expected \(expected). \(Self.damaged)"
    case .tensor(let name, let found, let expected):
      "'\(name)' has \(found); expected \(expected). Save it as a plain tensor: x.contiguous(), x.resolve_conj()."
    case .copies(let bytes, let limit):
      "its compressed entries and tensors with strides take \(bytes) bytes; expected at most \(limit). Save contiguous "
        + "tensors, and do not compress the archive."
    }
  }
}
