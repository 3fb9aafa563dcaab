/// Python code that answers with an adapter: transformers loads the base, PEFT the adapter. Model cards contain it.
import Datasets
package import Encoders
import Files

package struct PythonSnippet {
  /// The base's name, and the architecture of its encoder.
  private let base: String
  private let family: Family
  private let task: any TaskInference
  /// Tokens per text, including [CLS] and [SEP].
  private let maxLength: Int
  /// PEFT's `num_virtual_tokens`.
  private let virtualTokens: Int
  /// Whether the virtual tokens are keys and values (prefix tuning).
  private let isPrefix: Bool
  /// `add_prefix_space` of byte-level BPE; nil: another kind of tokenizer.
  private let addPrefixSpace: Bool?
  /// Whether the adapter's folder has a tokenizer with tokens that the base has no embeddings for.
  private let hasNewTokens: Bool

  package init(
    base: String, family: Family, task: any TaskInference, maxLength: Int, virtualTokens: Int, isPrefix: Bool,
    addPrefixSpace: Bool? = nil, hasNewTokens: Bool = false
  ) {
    self.hasNewTokens = hasNewTokens
    (self.base, self.family, self.task, self.maxLength) = (base, family, task, maxLength)
    (self.virtualTokens, self.isPrefix, self.addPrefixSpace) = (virtualTokens, isPrefix, addPrefixSpace)
  }

  private var headType: HeadType { type(of: task).headType }
  private var isPair: Bool { (task as? any TextInference)?.reading.pairs == true }

  package var text: String {
    """
    \(ownWords?.pythonImports ?? "")import torch
    from peft import PeftModel
    \(ownWords == .punctuation ? "from tokenizers.pre_tokenizers import BertPreTokenizer\n" : "")from transformers import AutoTokenizer, \(autoModel)

    BASE = \(python(base))  # put its folder here, or its name on the Hub
    ADAPTER = "."  # this folder
    \(texts)
    \(load)
    \(model)\(prefixSpace)

    \(ownWords.map { $0.python + "\n" } ?? "")inputs = tokenizer(\(arguments))
    with torch.no_grad():
        \(forward)
    \(answer)
    """
  }

  private var forward: String {
    switch headType {
    case .questionAnswering:
      "outputs = model.get_base_model()(**inputs)  # PEFT's own forward drops the token types"
    case .embedding: "states = model(**inputs).last_hidden_state[0]"
    default: "logits = model(**inputs).logits[0]\(ownRows)"
    }
  }

  private var autoModel: String { type(of: task).description.autoModel }

  private var model: String {
    let model = "model = PeftModel.from_pretrained(base, ADAPTER).eval()"
    if !hasNewTokens { return model + "\ntokenizer = AutoTokenizer.from_pretrained(BASE)" }
    return """
      tokenizer = AutoTokenizer.from_pretrained(ADAPTER)  # it has the new tokens
      base.resize_token_embeddings(max(len(tokenizer), base.config.vocab_size), mean_resizing=False)
      \(model)
      """
  }

  private var texts: String {
    if headType.isTied { return "" }
    if let marking = (task as? RelationExtraction)?.marking {
      // The types of the training data are not known here.
      let pair = EntityPair(subject: .init(0..<9, type: "CHEMICAL"), object: .init(19..<23, type: "GENE"))
      let text = marking.text("Gefitinib inhibits EGFR.", pair)
      return "TEXT = \(python(text))  # with the types of the training data\nlabels = \(python(task.labels))"
    }
    if headType == .questionAnswering {
      return "QUESTION = \"What did aspirin cause?\"\nCONTEXT = \"The patient developed nausea after aspirin.\"\n"
    }
    if headType == .embedding { return "TEXT = \"The patient developed nausea after aspirin.\"\n" }
    let pair = isPair ? "TEXT_PAIR = \"Nausea is an adverse event of aspirin.\"\n" : ""
    return "TEXT = \"The patient developed nausea after aspirin.\"\n\(pair)\nlabels = \(python(task.labels))"
  }

  private var load: String {
    let plain = "base = \(autoModel).from_pretrained(BASE, dtype=torch.float32)"
    let load =
      !headType.hasClassifier || headType == .questionAnswering
      ? plain
      : """
      base = \(autoModel).from_pretrained(
          BASE, id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
          ignore_mismatched_sizes=True, dtype=torch.float32)
      """
    if !isPrefix || headType.isTied { return load }
    // PEFT 0.21 looks for the argument in the signature, where transformers 5.24 has no longer got it.
    return load + """

      forward = base.forward
      base.forward = lambda past_key_values=None, **inputs: forward(past_key_values=past_key_values, **inputs)
      """
  }

  private var prefixSpace: String {
    addPrefixSpace == true ? "\ntokenizer.backend_tokenizer.pre_tokenizer.add_prefix_space = True" : ""
  }

  /// How the text is split into words before the tokenizer has it: with byte-level BPE a word has other tokens in a text
  /// than alone, as in the training data. nil: the tokenizer splits the text.
  private var ownWords: WordSplitting? { addPrefixSpace == nil ? nil : (task as? TokenClassification)?.splitWords }

  private var arguments: String {
    if ownWords != nil { return "words, is_split_into_words=True, \(options)" }
    if headType == .questionAnswering { return "QUESTION, CONTEXT, \(options)" }
    let texts = headType.isTied ? "f\"Aspirin is a {tokenizer.mask_token}.\"" : isPair ? "TEXT, TEXT_PAIR" : "TEXT"
    return "\(texts), \(options)"
  }

  private var options: String {
    let types = family.architecture.hasTokenTypes ? "" : ", return_token_type_ids=False"
    return
      "return_tensors=\"pt\", truncation=\(headType == .questionAnswering ? "\"only_second\"" : "True"), max_length=\(maxLength)\(types)"
  }

  /// The rows of a prompt come before those of the text.
  private var ownRows: String { virtualTokens > 0 && !isPrefix && !headType.isBySequence ? "[\(virtualTokens):]" : "" }

  private var answer: String {
    switch headType {
    case .tokenClassification:
      """
      # The label of a word is that of its first token.
      for token, row in zip(inputs.tokens(), logits):
          print(token, model.config.id2label[int(row.argmax())])
      """
    case .sequenceClassification:
      switch type(of: task).labelKind {
      case .one: probabilities("\(scaledLogits).softmax(-1)")
      case .set: probabilities("\(scaledLogits).sigmoid()")
      case .number: "print(float(logits[0]))"
      case .span: preconditionFailure("a sequence classifier has no spans")
      }
    case .questionAnswering:
      """
      start, end = (int(logits[0].argmax()) for logits in (outputs.start_logits, outputs.end_logits))
      print(tokenizer.decode(inputs["input_ids"][0][start:end + 1]))
      """
    case .embedding:
      (task.headLayers.pooling.mode == .mean ? "vector = states.mean(0)" : "vector = states[0]")
        + (task.headLayers.pooling.normalizes ? "\nvector = torch.nn.functional.normalize(vector, dim=0)" : "")
        + "\nprint(vector.tolist())"
    case .maskedLM:
      """
      position = inputs["input_ids"][0].tolist().index(tokenizer.mask_token_id)
      print(tokenizer.convert_ids_to_tokens(logits[position].topk(5).indices))
      """
    }
  }
}

extension PythonSnippet {
  private var scaledLogits: String {
    (task as? any RecordInference)?.temperature.map { "(logits / \($0))" } ?? "logits"
  }
}

private func probabilities(_ expression: String) -> String {
  """
  for label, probability in zip(labels, \(expression)):
      print(label, float(probability))
  """
}

extension WordSplitting {
  fileprivate var pythonImports: String {
    switch self {
    case .outerPunctuation: "import string\nimport unicodedata\n\n"
    case .contractions: "import re\nimport string\nimport unicodedata\n\n"
    case .punctuation, .whitespace: ""
    }
  }

  /// Makes `words` of `TEXT`.
  fileprivate var python: String {
    switch self {
    case .punctuation: "words = [word for word, _ in BertPreTokenizer().pre_tokenize_str(TEXT)]"
    case .outerPunctuation:
      """
      punctuation = "".join(c for c in set(TEXT) if c in string.punctuation or unicodedata.category(c)[0] == "P")
      words = []
      for chunk in TEXT.split():
          before, word = len(chunk) - len(chunk.lstrip(punctuation)), chunk.strip(punctuation)
          words += [*chunk[:before], *[word] * bool(word), *chunk[before + len(word):]]
      """
    case .contractions:
      #"""
      punctuation = "".join(c for c in set(TEXT) if c in string.punctuation or unicodedata.category(c)[0] == "P")
      clitic = re.compile(r"(n['’]t|['’](re|ve|ll|s|d|m))\Z", re.ASCII | re.IGNORECASE)
      words = []
      for chunk in TEXT.split():
          after = []
          while end := chunk[-1:] if chunk[-1:] in punctuation else (clitic.search(chunk) or [""])[0]:
              chunk, after = chunk[:-len(end)], [end, *after]
          word = chunk.lstrip(punctuation)
          words += [*chunk[:len(chunk) - len(word)], *[word] * bool(word), *after]
      """#
    case .whitespace: "words = TEXT.split()"
    }
  }
}

/// A literal; JSON's strings and lists of strings are Python's.
private func python(_ text: String) -> String { JSON.string(text).text(pretty: false) }
private func python(_ texts: [String]) -> String { JSON.array(texts.map(JSON.string)).text(pretty: false) }
