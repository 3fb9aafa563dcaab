/// Errors for invalid, damaged and unsupported files of byte-level BPE.
import Files
import FoundationEssentials
import Hashing
import Testing

@testable import Tokenization

private let vocabulary = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "ab", "Ġ", "<mask>"]

private let vocabularyText =
  "{" + vocabulary.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ") + "}"

private let roberta = ["vocab.json": vocabularyText, "merges.txt": "#version: 0.2\na b\n"]

/// The tokenizer.json of the folder `roberta`, changed by `modify`.
private func bpeJSON(_ modify: (inout [String: JSON]) -> Void = { _ in }) throws -> String {
  let saved = try withFolder(roberta) { folder in
    try loadTokenizer(folder: folder).save(to: folder, hasTokenTypes: false)
    return try JSON(path: "\(folder)/tokenizer.json")
  }
  var members = saved.object ?? [:]
  modify(&members)
  return JSON.object(members).text()
}

private func fault(_ files: [String: String]) -> String {
  do {
    _ = try withFolder(files) { try loadTokenizer(folder: $0) }
    return "no error"
  } catch { return "\(error)" }
}

private func fault(_ section: String, _ changes: [String: JSON]) throws -> String {
  fault([
    "tokenizer.json": try bpeJSON {
      $0[section] = .object(($0[section]?.object ?? [:]).merging(changes) { _, new in new })
    }
  ])
}

private func fault(config: JSON) throws -> String {
  fault(["tokenizer.json": try bpeJSON(), "tokenizer_config.json": config.text()])
}

@Test func `a folder without vocabulary or merges reports the missing files`() throws {
  let message = "neither tokenizer.json nor vocab.txt, nor both vocab.json and merges.txt"
  #expect(fault([:]).contains(message) && fault(["vocab.json": vocabularyText]).contains(message))
  #expect(throws: FileFault.missing(path: "/nowhere")) { try ByteLevelBPE(folder: "/nowhere") }
  #expect(fault(roberta) == "no error")
  let bert = #"{"tokenizer_class": "BertTokenizer"}"#
  #expect(fault(roberta.merging(["tokenizer_config.json": bert]) { $1 }).contains("vocab.txt"))
}

@Test func `settings of the model that would change the output are named`() throws {
  #expect(try fault("model", ["type": "Unigram"]).contains("the model is Unigram; expected WordPiece or BPE"))
  #expect(try fault("model", ["dropout": 0.1]).contains("'model.dropout' is 0.1; expected null"))
  #expect(try fault("model", ["dropout": 0.0]) == "no error")
  #expect(
    try fault("model", ["continuing_subword_prefix": "##"]).contains("'model.continuing_subword_prefix' is \"##\""))
  #expect(try fault("model", ["end_of_word_suffix": "</w>"]).contains("'model.end_of_word_suffix' is \"</w>\""))
  #expect(try fault("model", ["byte_fallback": true]).contains("'model.byte_fallback', with a vocabulary that lacks"))
  #expect(try fault("model", ["fuse_unk": true, "unk_token": "<unk>"]).contains("'model.fuse_unk', with a vocabulary"))
  #expect(try fault("model", ["fuse_unk": true]) == "no error")
  #expect(try fault("model", ["unk_token": "[UNK]"]).contains("the unk token '[UNK]' is not in the vocabulary"))
  #expect(try fault("model", ["cache": true]).contains("a setting of the model is 'cache'"))
  #expect(try fault("model", ["vocab": []]).contains("'model.vocab' is a list"))
}

@Test func `other normalizers, pre-tokenizers and post-processors are named`() throws {
  #expect(try fault("normalizer", ["type": "NFKC"]).contains("the normalizer is NFKC; expected NFC or null"))
  #expect(
    try fault("normalizer", ["type": "Sequence", "normalizers": [["type": "NFC"], ["type": "Lowercase"]]])
      .contains("the normalizer is NFC and Lowercase"))
  #expect(try fault("pre_tokenizer", ["type": "Metaspace"]).contains("the pre_tokenizer is Metaspace"))
  #expect(
    try fault(
      "pre_tokenizer", ["type": "Sequence", "pretokenizers": [["type": "Digits"], ["type": "ByteLevel"]]]
    ).contains("the pre_tokenizer is Digits and ByteLevel"))
  #expect(try fault("pre_tokenizer", ["add_prefix_space": nil]).contains("'pre_tokenizer.add_prefix_space'"))
  #expect(try fault("post_processor", ["type": "Other"]).contains("the post_processor is Other"))
  #expect(try fault("post_processor", ["cls": ["<s>", 100]]).contains("token '<s>' has id 100"))
  #expect(try fault("post_processor", ["trim_offsets": 1]).contains("'post_processor.trim_offsets' is 1"))
  let template: JSON = ["type": "BertProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]]
  #expect(
    try fault("post_processor", ["type": "Sequence", "processors": [template, template]])
      .contains("a sequence with two templates"))
  #expect(
    try fault("post_processor", ["type": "TemplateProcessing", "single": [["Sequence": ["id": "A"]]], "pair": []])
      .contains("'post_processor.pair' is []; expected the special tokens of one text around the sequences A and B"))
}

@Test func `merges that cannot be read, or do not fit the vocabulary, are named`() throws {
  func merges(_ text: String) -> String { fault(roberta.merging(["merges.txt": text]) { $1 }) }
  #expect(merges("#version: 0.2\na b\n\nb a\n").contains("merge 1 is ''; expected two tokens"))
  #expect(merges("a b c\n").contains("merge 0 is 'a b c'"))
  #expect(merges("a b\r\n\n\n") == "no error")
  #expect(merges("a b\nb a\n").contains("merge 1, 'b a', has a part or a result that is not in the vocabulary"))
  #expect(try fault("model", ["merges": ["ab"]]).contains("merge 0 is 'ab'"))
  #expect(try fault("model", ["merges": [["a"]]]).contains("merge 0 is '[\"a\"]'"))
  #expect(try fault("model", ["merges": ["a b"]]) == "no error")
  #expect(try fault("model", ["merges": nil]).contains("'model.merges' is null; expected a list"))
}

@Test func `a damaged vocab.json is named`() {
  func vocabulary(_ text: String) -> String { fault(roberta.merging(["vocab.json": text]) { $1 }) }
  #expect(vocabulary("[]").contains("vocab.json: the vocabulary is damaged at byte 0; expected '{'"))
  #expect(vocabulary("{}").contains("the vocabulary is empty"))
  #expect(vocabulary(vocabularyText + "x").contains("expected the end of the file"))
  #expect(vocabulary("{\"a\": 1}").contains("token 'a' has id 1, but the vocabulary has 1 tokens"))
  #expect(vocabulary("{\"a\": 0, \"b\": 1, \"ab\": 2}").contains("the cls token '<s>' is not in the vocabulary"))
}

@Test func `files that contradict each other are named`() throws {
  #expect(
    try fault(config: ["add_prefix_space": true]).contains(
      "tokenizer.json: 'add_prefix_space' is false, but in "))
  #expect(try fault(config: ["add_prefix_space": false]) == "no error")
  #expect(try fault(config: ["added_tokens_decoder": ["20": ["content": "<new>"]]]).contains("'<new>' has the id 20"))
}

/// A tokenizer.json with changed members of one section, of `RobertaTokenizer`.
private func robertaFault(_ section: String, _ changes: [String: JSON], config: [String: JSON] = [:]) throws -> String {
  let json = try bpeJSON { $0[section] = .object(($0[section]?.object ?? [:]).merging(changes) { $1 }) }
  let config = JSON.object(config.merging(["tokenizer_class": "RobertaTokenizerFast"]) { $1 })
  return fault(["tokenizer.json": json, "tokenizer_config.json": config.text()])
}

@Test func `settings of tokenizer.json that RobertaTokenizer ignores are named, unless the other file has them`() throws
{
  for (section, changes, key) in [
    ("pre_tokenizer", ["add_prefix_space": true], "pre_tokenizer.add_prefix_space"),
    ("pre_tokenizer", ["use_regex": false], "pre_tokenizer.use_regex"),
    ("normalizer", ["type": "NFC"], "normalizer"), ("model", ["unk_token": "<unk>"], "model.unk_token"),
    ("model", ["ignore_merges": true], "model.ignore_merges"),
    ("post_processor", ["cls": ["<unk>", 3]], "post_processor"),
    ("post_processor", ["type": "BertProcessing"], "post_processor.pair"),
  ] as [(String, [String: JSON], String)] {
    let message = try robertaFault(section, changes)
    #expect(
      message.contains("tokenizer.json: '\(key)' is") && message.contains("RobertaTokenizer takes its settings from"))
    #expect(message.contains("tokenizer_config.json"))
  }
  #expect(
    try robertaFault("pre_tokenizer", ["add_prefix_space": true], config: ["add_prefix_space": false]) == "no error")
  #expect(try robertaFault("model", [:]) == "no error")
}

@Test func `a class that reads another kind of vocabulary is named`() throws {
  let bert = JSON.object(["tokenizer_class": "BertTokenizer"]).text()
  let message = fault(["tokenizer.json": try bpeJSON(), "tokenizer_config.json": bert])
  #expect(message.contains("the model is BPE; expected WordPiece") && message.contains("BertTokenizer"))
  let other = fault(["tokenizer.json": try tokenizerJSON(), "config.json": #"{"model_type": "roberta"}"#])
  #expect(other.contains("the model is WordPiece; expected BPE") && other.contains("RobertaTokenizer"))
  #expect(
    fault(roberta.merging(["tokenizer_config.json": #"{"tokenizer_class": "GPT2Tokenizer"}"#]) { $1 })
      .contains("'tokenizer_class' is GPT2Tokenizer; expected one of"))
  // ModernBERT's is the generic class, whatever the files name.
  let files = ["config.json": #"{"model_type": "modernbert"}"#, "tokenizer_config.json": bert]
  #expect(fault(files.merging(["tokenizer.json": try bpeJSON()]) { $1 }) == "no error")
  #expect(
    fault(files.merging(roberta) { $1 }).hasSuffix(
      "that of modernbert, which reads tokenizer.json, but the folder has none. Download it."))
  #expect(throws: TokenizerFault.self) { try withFolder(roberta) { try WordPiece(folder: $0) } }
}

@Test func `settings that the kind does not have are errors`() throws {
  func fault(_ files: [String: String], _ overrides: TokenizerOverrides) -> String {
    do {
      _ = try withFolder(files) { try loadTokenizer(folder: $0, overrides) }
      return "no error"
    } catch { return "\(error)" }
  }
  #expect(
    fault(roberta, .init(lowercase: true)).contains("'lowercase' is set to true, but the tokenizer is byte-level"))
  #expect(fault(roberta, .init(lowercase: false)) == "no error")
  let wordPiece = ["tokenizer.json": try tokenizerJSON()]
  #expect(fault(wordPiece, .init(addPrefixSpace: true)).contains("the tokenizer is WordPiece"))
  #expect(fault(wordPiece, .init(addPrefixSpace: false)) == "no error")
}

@Test func `special tokens that only the configuration names are added`() throws {
  let config: JSON = ["extra_special_tokens": ["[E1]"], "mask_token": ["content": "<m>", "lstrip": true]]
  let tokenizer = try withFolder(["tokenizer.json": try bpeJSON(), "tokenizer_config.json": config.text()]) {
    try ByteLevelBPE(folder: $0)
  }
  // transformers 5.24 gives the same ids.
  #expect(tokenizer.encode("a[E1]b <m>", addSpecialTokens: false).ids == [4, 10, 5, 9])
  #expect(tokenizer.mask == 9 && tokenizer.count == 11)
  let map = "{\"additional_special_tokens\": [\"[E1]\"], \"mask_token\": \"<m>\"}"
  let fromFiles = try withFolder(roberta.merging(["special_tokens_map.json": map]) { $1 }) {
    try ByteLevelBPE(folder: $0)
  }
  #expect(fromFiles.encode("a[E1]b <m>", addSpecialTokens: true).ids == [0, 4, 10, 5, 7, 9, 2])
}

@Test(arguments: ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"])
func `a damaged byte-level file loads or throws, and never crashes`(_ name: String) throws {
  try withFolder(roberta) { folder in
    try loadTokenizer(folder: folder).save(to: folder, hasTokenTypes: false)
    let loaded = try loadDamaged(
      name, in: folder, times: 300, seed: 21, text: "<s> ab é-\u{1F600} <mask>"
    ) { try ByteLevelBPE(folder: folder) }
    #expect(loaded > 0)
  }
}
