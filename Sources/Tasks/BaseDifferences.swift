package import Encoders
/// Whether a base model is the one that an adapter was trained on: its weights, its settings and its tokenizer.
package import Files

extension TuneJSON {
  /// What this base has otherwise than the base of the run, one line each with both values; empty: nothing. Names and paths
  /// are not compared, nor what the file does not have, as older files lack some members.
  /// - Parameters:
  ///   - sha256: of the base's weights; not computed if the file has none.
  ///   - tokenizer: the identity of the tokenizer, as it is used with this base.
  package func differences(
    of config: ModelConfig, tokenizer: JSON, sha256: @autoclosure () -> String
  ) -> [String] {
    var lines = differences(of: config) + differences(of: tokenizer)
    if let expected = base?.sha256, case let found = sha256(), found != expected {
      lines.insert("weights: SHA-256 \(found); the adapter was trained with \(expected)", at: 0)
    }
    return lines
  }

  /// Those of the base's settings only.
  package func differences(of config: ModelConfig) -> [String] {
    differences(config.outputSettings, base?.config ?? [:])
  }

  /// Those of the tokenizer only, which is given by its identity.
  package func differences(of tokenizer: JSON) -> [String] {
    tokenizerDifferences(tokenizer.object ?? [:], self.tokenizer?.object ?? [:])
  }

  private func tokenizerDifferences(_ found: [String: JSON], _ expected: [String: JSON]) -> [String] {
    var (found, expected) = (found, expected)
    let special = differences(
      found.removeValue(forKey: "special_tokens")?.object ?? [:], expected["special_tokens"]?.object ?? [:])
    if found["strip_accents"] != expected["strip_accents"] {
      // null means that accents are removed if the text is lower-cased.
      if found["strip_accents"] == .null { found["strip_accents"] = found["do_lower_case"] }
      if expected["strip_accents"] == .null { expected["strip_accents"] = expected["do_lower_case"] }
    }
    return differences(found, expected) + special
  }

  private func differences(_ found: [String: JSON], _ expected: [String: JSON]) -> [String] {
    found.sorted { $0.key < $1.key }.compactMap { key, value in
      guard let other = expected[key], !isSame(other, value) else { return nil }
      return "\(key): \(value.text(pretty: false)); the adapter was trained with \(other.text(pretty: false))"
    }
  }
}

/// Equal; a whole number that was written as 160000.0 may be read as 160000.
private func isSame(_ first: JSON, _ second: JSON) -> Bool {
  if let first = first.array, let second = second.array {
    return first.count == second.count && zip(first, second).allSatisfy(isSame)
  }
  return first == second || first.number != nil && first.number == second.number
}
