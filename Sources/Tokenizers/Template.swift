import Files

/// What stands before and after a text: [CLS] and [SEP]. Does not know pairs of texts.
struct Template: Sendable, Equatable {
  struct Piece: Sendable, Equatable {
    var id: Int32
    var token: String
  }

  var before = [Piece]()
  var after = [Piece]()
}

extension Template {
  /// Reads the `post_processor` of tokenizer.json, of either kind that BERT models come with.
  init(_ tree: JSON, file: String) throws(TokenizerFault) {
    switch tree["type"]?.string {
    case "TemplateProcessing": try self.init(template: tree, file: file)
    case "BertProcessing":
      self.init()
      before = [try Template.piece(tree, "cls", file)]
      after = [try Template.piece(tree, "sep", file)]
    default:
      throw .unsupported(
        file: file, part: "the post_processor", found: described(tree),
        supported: "TemplateProcessing or BertProcessing")
    }
  }

  private init(template tree: JSON, file: String) throws(TokenizerFault) {
    self.init()
    var sawText = false
    for item in try list(tree["single"], "post_processor.single", file) {
      if item["Sequence"] != nil, !sawText {
        sawText = true
      } else if let name = item["SpecialToken"]?["id"]?.string {
        let key = "post_processor.special_tokens.\(name)"
        let special = tree["special_tokens"]?[name]
        let ids = try list(special?["ids"], key + ".ids", file)
        let tokens = try list(special?["tokens"], key + ".tokens", file)
        for (id, token) in zip(ids, tokens) {
          guard let id = id.int.flatMap(Int32.init(exactly:)), let token = token.string else {
            throw .wrongKind(
              file: file, key: key, found: "\(id.typeName) and \(token.typeName)", expected: "ids and tokens")
          }
          if sawText { after.append(Piece(id: id, token: token)) } else { before.append(Piece(id: id, token: token)) }
        }
      } else {
        throw .wrongKind(
          file: file, key: "post_processor.single", found: item.text(pretty: false),
          expected: "special tokens around one Sequence")
      }
    }
  }

  /// `["[CLS]", 101]`
  private static func piece(_ tree: JSON, _ key: String, _ file: String) throws(TokenizerFault) -> Piece {
    guard let pair = tree[key]?.array, pair.count == 2, let token = pair[0].string,
      let id = pair[1].int.flatMap(Int32.init(exactly:))
    else {
      throw .wrongKind(
        file: file, key: "post_processor.\(key)", found: described(tree[key]), expected: "a token and its id")
    }
    return Piece(id: id, token: token)
  }

  /// The tree that `init(_:file:)` reads, with BERT's way of joining a pair.
  var tree: JSON {
    func items(_ pieces: [Piece], _ segment: JSON) -> [JSON] {
      pieces.map { ["SpecialToken": ["id": .string($0.token), "type_id": segment]] }
    }
    let single = items(before, 0) + [["Sequence": ["id": "A", "type_id": 0]]] + items(after, 0)
    let second: [JSON] = [["Sequence": ["id": "B", "type_id": 1]]] + items(after, 1)
    let specials = (before + after).map { piece -> (String, JSON) in
      (piece.token, ["id": .string(piece.token), "ids": [.int(Int(piece.id))], "tokens": [.string(piece.token)]])
    }
    return [
      "type": "TemplateProcessing", "single": .array(single), "pair": .array(single + second),
      "special_tokens": .object(Dictionary(specials) { first, _ in first }),
    ]
  }
}

/// What is there in place of what was wanted: the type that a part names, or the kind of value.
func described(_ tree: JSON?) -> String {
  guard let tree else { return "missing" }
  return tree["type"]?.string ?? tree.int.map { "\($0)" } ?? tree.typeName
}

func list(_ tree: JSON?, _ key: String, _ file: String) throws(TokenizerFault) -> [JSON] {
  guard let array = tree?.array else {
    throw .wrongKind(file: file, key: key, found: described(tree), expected: "a list")
  }
  return array
}
