/// The special tokens that tokenizer_config.json and special_tokens_map.json name, combined as in transformers 5.
import Files

/// The role of a special token; the raw value is its key on the Hub without `_token`.
enum SpecialTokenRole: String, CaseIterable, Sendable {
  case pad, unk, cls, sep, mask

  /// `[PAD]`, …
  var defaultContent: String { "[\(rawValue.uppercased())]" }
  var key: String { "\(rawValue)_token" }
}

struct SpecialTokens: Sendable {
  /// Tokens by key, such as `cls_token` or a model's own `entity_token`: a text, or an object with `content`.
  private var named = [String: JSON]()
  /// Tokens without a key; nil if no file has such a list.
  private(set) var extra: [JSON]?
  /// The tokens of added_tokens.json that are special.
  private(set) var contentsWithRole = Set<String>()

  /// The keys that transformers reads first, in this order.
  private static let roleKeys = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map { $0 + "_token" }

  /// - Parameter config: the members of tokenizer_config.json.
  init(_ config: [String: JSON]) {
    let additional = config["additional_special_tokens"]?.array
    switch config["extra_special_tokens"] {
    case .array(let tokens) where !tokens.isEmpty: extra = tokens
    case .object(let tokens) where !tokens.isEmpty:
      extra = additional
      named = tokens
    default: extra = additional ?? config["extra_special_tokens"]?.array
    }
    let tokens = config.filter { isToken($0.key, $0.value) }
    named.merge(tokens.filter { !Self.roleKeys.contains($0.key) && $0.value.string != nil }) { extra, _ in extra }
    // A saved list of the named ones, which transformers uses if there are no others.
    if named.isEmpty { named = config["model_specific_special_tokens"]?.object ?? [:] }
    named.merge(tokens) { token, _ in token }
  }

  /// Adds the members of special_tokens_map.json, which take precedence.
  mutating func merge(_ map: [String: JSON]) {
    for (key, value) in map {
      switch (key, value) {
      case ("extra_special_tokens", .array(let tokens)):
        var all = extra ?? []
        for token in tokens.map(asSpecial) where !all.contains(token) { all.append(token) }
        extra = all
      case ("extra_special_tokens", .object(let tokens)): named.merge(tokens) { _, token in token }
      case (_, .null): named[key] = nil
      default: if isToken(key, value) { named[key] = asSpecial(value) }
      }
    }
    contentsWithRole = Set((Self.roleKeys.compactMap { named[$0] } + (extra ?? [])).compactMap(content))
    // A list of the older name counts only if there is no other, and too late for added_tokens.json.
    if extra == nil { extra = map["additional_special_tokens"]?.array?.map(asSpecial) }
  }

  /// The token with this key; nil if no file names one.
  subscript(key: String) -> JSON? { named[key] }

  /// The named tokens in transformers' order, each with whether its position in this order is undefined: JSON objects
  /// are unordered.
  var inOrder: [(key: String, token: JSON, isUnordered: Bool)] {
    let roles = Self.roleKeys.compactMap { key in named[key].map { (key, $0, false) } }
    let own = named.keys.filter { !Self.roleKeys.contains($0) }.sorted()
    return roles + own.compactMap { key in named[key].map { (key, $0, true) } }
  }
}

/// Whether a member is a special token: "cls_token", but not "add_bos_token".
private func isToken(_ key: String, _ value: JSON) -> Bool {
  key.hasSuffix("_token") && (value.string != nil || value.object != nil)
}

/// The text of a token that is given as text or as an object.
func content(_ token: JSON) -> String? { token.string ?? token["content"]?.string }

/// The token with `special` set, if it is an object.
private func asSpecial(_ token: JSON) -> JSON {
  guard var members = token.object else { return token }
  members["special"] = true
  return .object(members)
}
