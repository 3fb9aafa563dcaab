/// Which of transformers' classes opens a folder's tokenizer: it decides which file's settings apply.
import Files

enum TokenizerClass: Sendable {
  /// `BertTokenizer`: takes the vocabulary from tokenizer.json or vocab.txt, and all settings from tokenizer_config.json.
  case bert
  /// `RobertaTokenizer`: takes the vocabulary and the merges from tokenizer.json, or vocab.json and merges.txt, and all
  /// settings from tokenizer_config.json.
  case roberta
  /// `PreTrainedTokenizerFast`: takes tokenizer.json as it is.
  case generic

  private static let bertNames = ["Bert", "DistilBert", "Electra", "MobileBert"].map { $0 + "Tokenizer" }
  private static let robertaName = "RobertaTokenizer"
  private static let genericNames = ["PreTrainedTokenizer", "TokenizersBackend", "PythonBackend"]
  /// The class of each `model_type` of config.json. Where it is the generic one, it is used whatever class the files name.
  private static let byModel: [String: TokenizerClass] = [
    "bert": .bert, "distilbert": .bert, "electra": .bert, "mobilebert": .bert, "roberta": .roberta,
    "modernbert": .generic,
  ]

  /// nil: a class of another kind of model. A name may end in "Fast".
  init?(named name: String) {
    let base = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
    if Self.bertNames.contains(base) {
      self = .bert
    } else if base == Self.robertaName {
      self = .roberta
    } else if Self.genericNames.contains(base) {
      self = .generic
    } else {
      return nil
    }
  }

  /// The class that the files name; else that of the model; else what the vocabulary's file needs.
  /// - Parameters:
  ///   - files: the members of tokenizer_config.json and of config.json, in this order, each with its path.
  ///   - hasJSON: whether there is a tokenizer.json. `hasLines`: a vocab.txt.
  /// - Throws: `TokenizerFault.tokenizerClass` for a class of another kind of model; `noTokenizerJSON`.
  init(
    _ files: [(path: String, members: [String: JSON])], hasJSON: Bool, hasLines: Bool
  ) throws(TokenizerFault) {
    let model = files.last?.members["model_type"]?.string ?? ""
    let (path, members) = files.first { $0.members["tokenizer_class"]?.string?.isEmpty == false } ?? ("", [:])
    let name = members["tokenizer_class"]?.string
    let ofModel = Self.byModel[model]
    if let name, ofModel != .generic {
      guard let named = Self(named: name) else {
        throw .tokenizerClass(
          file: path, found: name, expected: Self.bertNames + [Self.robertaName, "PreTrainedTokenizerFast"])
      }
      self = named
    } else {
      self = ofModel ?? (hasJSON ? .generic : hasLines ? .bert : .roberta)
    }
    if self == .generic, !hasJSON {
      throw ofModel == .generic || name == nil
        ? .noTokenizerJSON(file: files.last?.path ?? "", name: "that of \(model)", isChosen: false)
        : .noTokenizerJSON(file: path, name: name ?? "", isChosen: true)
    }
  }

  /// As error messages name it.
  var name: String {
    switch self {
    case .bert: "BertTokenizer"
    case .roberta: Self.robertaName
    case .generic: "PreTrainedTokenizerFast"
    }
  }

  /// The special tokens that the class has where no file names one, by key.
  var defaultTokens: [(key: String, content: String)] {
    switch self {
    case .bert: SpecialTokenRole.allCases.map { ($0.key, $0.defaultContent) }
    case .roberta:
      [
        ("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("sep_token", "</s>"),
        ("pad_token", "<pad>"), ("cls_token", "<s>"), ("mask_token", "<mask>"),
      ]
    case .generic: []
    }
  }

  /// The default token with a role; BERT's for the generic class.
  subscript(role: SpecialTokenRole) -> String {
    defaultTokens.first { $0.key == role.key }?.content ?? role.defaultContent
  }
}
