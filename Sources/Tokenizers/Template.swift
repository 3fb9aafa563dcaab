/// The post-processor's template: the special tokens around a text. Does not support pairs of texts.
import Files

struct Template: Sendable, Equatable {
  struct SpecialToken: Sendable, Equatable {
    var id: Int32
    var token: String
  }

  /// Special tokens before the text, such as [CLS].
  var before = [SpecialToken]()
  /// Special tokens after the text, such as [SEP].
  var after = [SpecialToken]()
}

extension Template {
  /// Reads the `post_processor` of tokenizer.json: one of the two types that BERT models use.
  init(_ tree: JSON, file: String) throws(TokenizerFault) {
    switch tree["type"]?.string {
    case "TemplateProcessing": try self.init(template: tree, file: file)
    case "BertProcessing":
      self.init()
      before = [try Template.specialToken(tree, "cls", file)]
      after = [try Template.specialToken(tree, "sep", file)]
    default:
      throw .unsupported(
        file: file, part: "the post_processor", found: described(tree),
        expected: "TemplateProcessing or BertProcessing")
    }
  }

  private init(template tree: JSON, file: String) throws(TokenizerFault) {
    self.init()
    var isAfterText = false
    for item in try list(tree["single"], "post_processor.single", file) {
      if item["Sequence"] != nil, !isAfterText {
        isAfterText = true
      } else if let name = item["SpecialToken"]?["id"]?.string {
        let key = "post_processor.special_tokens.\(name)"
        let members = tree["special_tokens"]?[name]
        let ids = try list(members?["ids"], key + ".ids", file)
        let tokens = try list(members?["tokens"], key + ".tokens", file)
        for (id, token) in zip(ids, tokens) {
          guard let id = id.int.flatMap(Int32.init(exactly:)), let token = token.string else {
            throw .wrongType(
              file: file, key: key, found: "\(id.typeName) and \(token.typeName)", expected: "ids and tokens")
          }
          let specialToken = SpecialToken(id: id, token: token)
          if isAfterText { after.append(specialToken) } else { before.append(specialToken) }
        }
      } else {
        throw .wrongType(
          file: file, key: "post_processor.single", found: item.text(pretty: false),
          expected: "special tokens around one Sequence")
      }
    }
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

  /// The JSON that `init(_:file:)` reads, with BERT's template for pairs added.
  var json: JSON {
    func items(_ tokens: [SpecialToken], _ typeID: JSON) -> [JSON] {
      tokens.map { ["SpecialToken": ["id": .string($0.token), "type_id": typeID]] }
    }
    let single = items(before, 0) + [["Sequence": ["id": "A", "type_id": 0]]] + items(after, 0)
    let second: [JSON] = [["Sequence": ["id": "B", "type_id": 1]]] + items(after, 1)
    let members = (before + after).map { special -> (String, JSON) in
      (
        special.token,
        ["id": .string(special.token), "ids": [.int(Int(special.id))], "tokens": [.string(special.token)]]
      )
    }
    return [
      "type": "TemplateProcessing", "single": .array(single), "pair": .array(single + second),
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
