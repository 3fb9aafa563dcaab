/// Whether a base model is the one that an adapter was trained on: its weights, its settings and its tokenizer.
import Files
public import Models
public import Tokenizers

extension TuneJSON {
  /// What this base has otherwise than the base of the run, one line each with both values; empty: nothing. Names and paths
  /// are not compared, nor what the file does not have, as older files lack some members.
  /// - Parameters:
  ///   - sha256: of the base's weights; not computed if the file has none.
  ///   - tokenizer: as it is used with this base.
  public func differences(
    of config: ModelConfig, _ tokenizer: WordPiece, sha256: @autoclosure () -> String
  ) -> [String] {
    var lines = differences(config.outputSettings, base?.config ?? [:])
    lines += differences(inEffect(tokenizer.identity), self.tokenizer.map(inEffect) ?? [:])
    if let expected = base?.sha256, case let found = sha256(), found != expected {
      lines.insert("weights: SHA-256 \(found); the adapter was trained with \(expected)", at: 0)
    }
    return lines
  }

  private func differences(_ found: [String: JSON], _ expected: [String: JSON]) -> [String] {
    found.sorted { $0.key < $1.key }.compactMap { key, value in
      guard let other = expected[key], other != value else { return nil }
      return "\(key): \(value.text(pretty: false)); the adapter was trained with \(other.text(pretty: false))"
    }
  }

  /// A tokenizer's settings, flat, and with the value that `strip_accents` null stands for.
  private func inEffect(_ tokenizer: JSON) -> [String: JSON] {
    var members = tokenizer.object ?? [:]
    if members["strip_accents"] == .null { members["strip_accents"] = members["do_lower_case"] }
    return members.merging(members.removeValue(forKey: "special_tokens")?.object ?? [:]) { first, _ in first }
  }
}
