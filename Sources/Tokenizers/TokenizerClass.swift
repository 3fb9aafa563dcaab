/// Which of transformers' classes opens a folder's tokenizer: it decides which file's settings apply.
import Files

enum TokenizerClass: Sendable {
  /// `BertTokenizer`: takes the vocabulary from tokenizer.json or vocab.txt, and all settings from tokenizer_config.json.
  case bert
  /// `PreTrainedTokenizerFast`: takes tokenizer.json as it is.
  case generic

  private static let bertNames = ["Bert", "DistilBert", "Electra", "MobileBert"].map { $0 + "Tokenizer" }
  private static let genericNames = ["PreTrainedTokenizer", "TokenizersBackend", "PythonBackend"]
  /// The values of `model_type` in config.json whose tokenizer is `BertTokenizer`.
  private static let bertModels = ["bert", "distilbert", "electra", "mobilebert"]

  /// The class that the files name; else that of the model; else what the vocabulary's file needs.
  /// - Parameters:
  ///   - files: the members of tokenizer_config.json and of config.json, in this order, each with its path.
  /// - Throws: `TokenizerFault.unsupported` for a class of another kind of model.
  init(_ files: [(path: String, members: [String: JSON])], hasJSON: Bool) throws(TokenizerFault) {
    for (path, members) in files {
      guard let name = members["tokenizer_class"]?.string, !name.isEmpty else { continue }
      let base = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
      if Self.bertNames.contains(base) {
        self = .bert
      } else if Self.genericNames.contains(base) {
        guard hasJSON else { throw .noTokenizerJSON(file: path, name: name) }
        self = .generic
      } else {
        throw .tokenizerClass(file: path, found: name, expected: Self.bertNames + ["PreTrainedTokenizerFast"])
      }
      return
    }
    let isBERT = Self.bertModels.contains(files.last?.members["model_type"]?.string ?? "")
    self = isBERT || !hasJSON ? .bert : .generic
  }
}
