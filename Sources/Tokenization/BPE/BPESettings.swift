/// Parses the sections of tokenizer.json for `ByteLevelBPE`, and rejects what would change the output in another way.
import Files

/// The `model` section without its vocabulary and merges.
struct BPESettings {
  var unkToken: String?
  var ignoreMerges: Bool
  private var fusesUnknown: Bool
  private var fallsBackToBytes: Bool

  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    let members = tree?.object ?? [:]
    let known = [
      "type", "vocab", "unk_token", "ignore_merges", "fuse_unk", "byte_fallback", "dropout",
      "continuing_subword_prefix", "end_of_word_suffix",
    ]
    if let key = members.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unsupported(file: file, part: "a setting of the model", found: "'\(key)'", expected: "no such setting")
    }
    if let dropout = members["dropout"], dropout != .null, dropout.number != 0 {
      throw .unsupported(file: file, part: "'model.dropout'", found: dropout.text(pretty: false), expected: "null")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard let text = members[key], text != .null, text != "" else { continue }
      throw .unsupported(file: file, part: "'model.\(key)'", found: text.text(pretty: false), expected: "null")
    }
    if let token = members["unk_token"], token != .null {
      guard let text = token.string else {
        throw .wrongType(file: file, key: "model.unk_token", found: token.typeName, expected: "a token or null")
      }
      unkToken = text
    }
    ignoreMerges = try flag(members, "ignore_merges", false, file)
    fusesUnknown = try flag(members, "fuse_unk", false, file)
    fallsBackToBytes = try flag(members, "byte_fallback", false, file)
  }

  /// Rejects the settings for bytes without a token, if there are such bytes.
  func checkMissingBytes(hasAll: Bool, _ file: String) throws(TokenizerFault) {
    if hasAll { return }
    for (key, value) in [("byte_fallback", fallsBackToBytes), ("fuse_unk", fusesUnknown && unkToken != nil)] where value
    {
      throw .unsupported(
        file: file, part: "'model.\(key)', with a vocabulary that lacks some of the 256 bytes,", found: "true",
        expected: "false")
    }
  }
}

/// The byte-level pre-tokenizer's settings.
struct ByteLevelSettings: Equatable {
  /// Puts a space before every text that begins with another character.
  var addPrefixSpace: Bool
  /// Splits with GPT-2's pattern.
  var usesPattern: Bool

  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    let parts = flattened(tree, "pretokenizers")
    guard parts.count == 1, let members = parts[0].object, members["type"] == "ByteLevel" else {
      throw .unsupported(
        file: file, part: "the pre_tokenizer", found: parts.isEmpty ? described(tree) : names(parts),
        expected: "ByteLevel")
    }
    addPrefixSpace = try requiredFlag(members, "add_prefix_space", "pre_tokenizer", file)
    usesPattern = try flag(members, "use_regex", true, file)
  }
}

/// Whether the normalizer is NFC; false if there is none. Rejects all others.
func isNFC(_ tree: JSON?, _ file: String) throws(TokenizerFault) -> Bool {
  let parts = flattened(tree, "normalizers")
  for part in parts where part["type"] != "NFC" {
    throw .unsupported(file: file, part: "the normalizer", found: names(parts), expected: "NFC or null")
  }
  return !parts.isEmpty
}

/// The parts of a section: of a `Sequence` those that it lists under `key`; none for null.
func flattened(_ tree: JSON?, _ key: String) -> [JSON] {
  guard let tree, tree != .null else { return [] }
  guard tree["type"] == "Sequence", let parts = tree[key]?.array else { return [tree] }
  return parts.flatMap { flattened($0, key) }
}

func names(_ parts: [JSON]) -> String { parts.map { described($0) }.joined(separator: " and ") }

func requiredFlag(
  _ members: [String: JSON], _ key: String, _ section: String, _ file: String
) throws(TokenizerFault) -> Bool {
  guard let flag = members[key]?.bool else {
    throw .wrongType(file: file, key: "\(section).\(key)", found: described(members[key]), expected: "true or false")
  }
  return flag
}
