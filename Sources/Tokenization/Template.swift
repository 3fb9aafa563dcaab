/// The post-processor's template: the special tokens around a text, and around and between the texts of a pair.
import Files

package struct Template: Sendable, Equatable {
  package struct SpecialToken: Sendable, Equatable {
    package var id: Int32
    package var token: String
  }

  /// Special tokens before the text, or the first of two, such as [CLS].
  package internal(set) var before = [SpecialToken]()
  /// Special tokens after the text, or the second of two, such as [SEP].
  package internal(set) var after = [SpecialToken]()
  /// Special tokens between the texts of a pair: [SEP], or RoBERTa's `</s></s>`.
  package internal(set) var between = [SpecialToken]()
  /// The token type of the second text of a pair, and of the special tokens after it.
  package internal(set) var secondTypeID: Int32 = 1
}

extension Template {
  /// Reads the `post_processor` of tokenizer.json: one of the two types that BERT models use.
  init(_ tree: JSON, file: String) throws(TokenizerFault) {
    switch tree["type"]?.string {
    case "TemplateProcessing": try self.init(template: tree, file: file)
    case "BertProcessing": try self.init(bert: tree, seps: 1, file: file)
    default:
      throw .unsupported(
        file: file, part: "the post_processor", found: described(tree),
        expected: "TemplateProcessing or BertProcessing")
    }
  }

  /// - Parameter seps: how often the token after a text is repeated between two texts.
  init(bert tree: JSON, seps: Int, file: String) throws(TokenizerFault) {
    before = [try Template.specialToken(tree, "cls", file)]
    after = [try Template.specialToken(tree, "sep", file)]
    between = Array(repeating: after[0], count: seps)
  }

  private init(template tree: JSON, file: String) throws(TokenizerFault) {
    let single = try Template.parts(tree, "single", file)
    guard single.count == 2 else {
      throw .wrongType(
        file: file, key: "post_processor.single", found: tree["single"]?.text(pretty: false) ?? "missing",
        expected: "special tokens around one Sequence")
    }
    (before, after, between) = (single[0], single[1], single[1])
    guard let items = tree["pair"]?.array else { return }
    let pair = try Template.parts(tree, "pair", file), sequences = items.compactMap { $0["Sequence"] }
    guard pair.count == 3, sequences[0]["id"] == "A", sequences[1]["id"] == "B", pair[0] == before, pair[2] == after
    else {
      throw .wrongType(
        file: file, key: "post_processor.pair", found: JSON.array(items).text(pretty: false),
        expected: "the special tokens of one text around the sequences A and B")
    }
    between = pair[1]
    secondTypeID = sequences[1]["type_id"]?.int.flatMap(Int32.init(exactly:)) ?? 0
  }

  /// The special tokens before, between and after the sequences of `single` or `pair`.
  private static func parts(
    _ tree: JSON, _ key: String, _ file: String
  ) throws(TokenizerFault) -> [[SpecialToken]] {
    var parts: [[SpecialToken]] = [[]]
    for item in try list(tree[key], "post_processor.\(key)", file) {
      if item["Sequence"] != nil {
        parts.append([])
      } else if let name = item["SpecialToken"]?["id"]?.string {
        parts[parts.count - 1] += try specialTokens(tree, name, file)
      } else {
        throw .wrongType(
          file: file, key: "post_processor.\(key)", found: item.text(pretty: false),
          expected: key == "single" ? "special tokens around one Sequence" : "special tokens around two")
      }
    }
    return parts
  }

  /// The tokens that `special_tokens` has under a name.
  private static func specialTokens(
    _ tree: JSON, _ name: String, _ file: String
  ) throws(TokenizerFault) -> [SpecialToken] {
    let key = "post_processor.special_tokens.\(name)", members = tree["special_tokens"]?[name]
    let ids = try list(members?["ids"], key + ".ids", file)
    let tokens = try list(members?["tokens"], key + ".tokens", file)
    var special = [SpecialToken]()
    for (id, token) in zip(ids, tokens) {
      guard let id = id.int.flatMap(Int32.init(exactly:)), let token = token.string else {
        throw .wrongType(
          file: file, key: key, found: "\(id.typeName) and \(token.typeName)", expected: "ids and tokens")
      }
      special.append(SpecialToken(id: id, token: token))
    }
    return special
  }

  /// `["[CLS]", 101]`
  private static func specialToken(_ tree: JSON, _ key: String, _ file: String) throws(TokenizerFault) -> SpecialToken {
    guard let pair = tree[key]?.array, pair.count == 2, let token = pair[0].string,
      let id = pair[1].int.flatMap(Int32.init(exactly:))
    else {
      throw .wrongType(
        file: file, key: "post_processor.\(key)", found: described(tree[key]), expected: "a token and its id")
    }
    return SpecialToken(id: id, token: token)
  }

  /// Every special token.
  var specialTokens: [SpecialToken] { before + between + after }

  /// Replaces the ids, by id.
  mutating func mapIDs(_ newID: (Int32) -> Int32) {
    func map(_ tokens: inout [SpecialToken]) { for i in tokens.indices { tokens[i].id = newID(tokens[i].id) } }
    map(&before)
    map(&between)
    map(&after)
  }

  /// The JSON that `init(_:file:)` reads.
  var json: JSON {
    func items(_ tokens: [SpecialToken], _ typeID: JSON) -> [JSON] {
      tokens.map { ["SpecialToken": ["id": .string($0.token), "type_id": typeID]] }
    }
    let second = JSON.int(Int(secondTypeID)), first = items(before, 0) + [["Sequence": ["id": "A", "type_id": 0]]]
    let rest: [JSON] = [["Sequence": ["id": "B", "type_id": second]]] + items(after, second)
    let members = specialTokens.map { special -> (String, JSON) in
      (
        special.token,
        ["id": .string(special.token), "ids": [.int(Int(special.id))], "tokens": [.string(special.token)]]
      )
    }
    return [
      "type": "TemplateProcessing", "single": .array(first + items(after, 0)),
      "pair": .array(first + items(between, 0) + rest),
      "special_tokens": .object(Dictionary(members) { first, _ in first }),
    ]
  }
}

/// A description of a value for error messages: its "type" member, an integer, or the JSON type.
func described(_ tree: JSON?) -> String {
  guard let tree else { return "missing" }
  return tree["type"]?.string ?? tree.int.map { "\($0)" } ?? tree.typeName
}

func list(_ tree: JSON?, _ key: String, _ file: String) throws(TokenizerFault) -> [JSON] {
  guard let array = tree?.array else {
    throw .wrongType(file: file, key: key, found: described(tree), expected: "a list")
  }
  return array
}
