/// Errors for invalid, damaged and unsupported tokenizer files.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

private func fault(_ files: [String: String]) -> String {
  do {
    _ = try load(files)
    return "no error"
  } catch { return "\(error)" }
}

private func fault(_ modify: (inout [String: JSON]) -> Void) throws -> String {
  fault(["tokenizer.json": try tokenizerJSON(modify)])
}

private func fault(vocabulary: JSON) throws -> String {
  try fault {
    var model = $0["model"]?.object ?? [:]
    model["vocab"] = vocabulary
    $0["model"] = .object(model)
  }
}

@Test func `a folder without a tokenizer reports the missing files`() throws {
  #expect(fault([:]).contains("neither tokenizer.json nor vocab.txt"))
  #expect(throws: FileFault.missing(path: "/nowhere")) { try WordPiece(folder: "/nowhere") }
}

@Test func `unsupported components are named`() throws {
  #expect(try fault { $0["model"] = ["type": "BPE", "vocab": [:], "merges": []] }.contains("the model is BPE"))
  #expect(
    try fault { $0["normalizer"] = ["type": "NFC"] }.contains("the normalizer is NFC; expected BertNormalizer"))
  #expect(try fault { $0["normalizer"] = nil }.contains("the normalizer is missing"))
  #expect(try fault { $0["pre_tokenizer"] = ["type": "ByteLevel"] }.contains("the pre_tokenizer is ByteLevel"))
  #expect(try fault { $0["post_processor"] = ["type": "ByteLevel"] }.contains("the post_processor is ByteLevel"))
  #expect(try fault { $0["model"] = nil }.contains("'model' is missing"))
  #expect(try fault { $0["model"] = ["type": "Unigram", "vocab": [["a", 0.5]]] }.contains("the model is Unigram"))
}

@Test func `duplicate tokens are rejected in tokenizer.json and vocab.txt`() throws {
  #expect(fault(["vocab.txt": (small + ["b"]).joined(separator: "\n")]).contains("token 'b' has two ids, 7 and 14"))
  let duplicate = try tokenizerJSON().replacing("\"b\"", with: "\"e\"")
  #expect(fault(["tokenizer.json": duplicate]).contains("token 'e' has two ids"))
}

@Test func `missing, invalid and duplicate ids are rejected`() throws {
  #expect(try fault(vocabulary: ["[UNK]": 0, "a": 2]).contains("token 'a' has id 2, but the vocabulary has 2 tokens"))
  #expect(try fault(vocabulary: ["[UNK]": 0, "a": 0]).contains("id 0 belongs to"))
  #expect(try fault(vocabulary: ["[UNK]": -1]).contains("expected an id"))
  #expect(try fault(vocabulary: ["[UNK]": 4_294_967_296]).contains("an id below 2147483648"))
  #expect(try fault(vocabulary: ["[UNK]": 0.5]).contains("damaged"))
  #expect(try fault(vocabulary: [:]).contains("the vocabulary is empty"))
  #expect(try fault(vocabulary: []).contains("'model.vocab' is a list"))
  #expect(fault(["vocab.txt": ""]).contains("the vocabulary is empty"))
}

@Test(arguments: ["[UNK]", "[CLS]", "[SEP]", "[PAD]"])
func `a missing special token is named`(_ token: String) {
  let rest = small.filter { $0 != token }.joined(separator: "\n")
  #expect(fault(["vocab.txt": rest]).contains("token '\(token)' is not in the vocabulary"))
}

@Test func `added tokens must agree with the vocabulary`() throws {
  #expect(try fault { $0["added_tokens"] = [["id": 3, "content": "b"]] }.contains("'b' has the id 3; expected 7"))
  #expect(try fault { $0["added_tokens"] = [["content": "b"]] }.contains("'added_tokens.id' is missing"))
  #expect(
    try fault { $0["added_tokens"] = [["id": 14, "content": "new"], ["id": 14, "content": "new"]] }
      .contains("expected 15"))
  #expect(
    try fault { $0["added_tokens"] = [["id": 7, "content": "b"], ["id": 7, "content": "b"]] }
      .contains("equal to another"))
  #expect(try fault { $0["added_tokens"] = [["id": 14, "content": "\u{301}"]] }.contains("is empty"))
  #expect(try fault { $0["added_tokens"] = [["id": 7, "content": "b", "lstrip": 1]] }.contains("true or false"))
}

@Test func `a template with ids outside of the vocabulary is rejected`() throws {
  let text = try fault {
    $0["post_processor"] = ["type": "BertProcessing", "sep": ["[SEP]", 99], "cls": ["[CLS]", 2]]
  }
  #expect(text.contains("token '[SEP]' has id 99"))
  #expect(
    try fault { $0["post_processor"] = ["type": "TemplateProcessing", "single": [["Text": 1]]] }
      .contains("special tokens around one Sequence"))
}

@Test func `invalid UTF-8 and invalid JSON are rejected`() throws {
  try withFolder { folder in
    try writeFile(Data([0x5B, 0xFF, 0x0A]), to: "\(folder)/vocab.txt")
    #expect(throws: FileFault.self) { try WordPiece(folder: folder) }
  }
  #expect(fault(["tokenizer.json": String(repeating: "[", count: 100_000)]).contains("not valid JSON"))
  #expect(fault(["tokenizer.json": "{\"model\": {\"vocab\": {\"a\": 0"]).contains("expected ',' or '}'"))
  #expect(fault(["tokenizer.json": "{\"model\": {\"vocab\": {\"\\ud800x\": 0}}}"]).contains("surrogate pair"))
}

/// BERT's special tokens, `words` and a continuation.
private func vocabulary(_ words: [String]) -> String {
  (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##A"] + words).joined(separator: "\n")
}

@Test func `one word in a hundred with a capital makes a vocabulary cased`() throws {
  let lower = (0..<198).map { "w\($0)" }
  for (words, isCased) in [(lower + ["Aspirin", "x"], false), (lower + ["Aspirin", "Ünal"], true), (lower, false)] {
    let folder = ["vocab.txt": vocabulary(words)]
    let text = fault(folder)
    #expect(text == (isCased ? text : "no error"))
    if isCased {
      #expect(text.contains("2 of the 200 tokens") && text.contains("'Aspirin'") && text.contains("model.lowercase"))
    }
    for file in [#"{"do_lower_case": true}"#, #"{"do_lower_case": false}"#] {
      #expect(fault(folder.merging(["tokenizer_config.json": file]) { $1 }) == "no error")
    }
    for lowercase in [true, false] {
      let tokenizer = try withFolder(folder) { try WordPiece(folder: $0, lowercase: lowercase) }
      #expect(tokenizer.settings["do_lower_case"] == .bool(lowercase))
    }
  }
}

@Test func `settings hold everything besides the vocabulary that changes ids`() throws {
  func settings(_ modify: (inout [String: JSON]) -> Void) throws -> JSON {
    try load(["tokenizer.json": try tokenizerJSON(modify)]).settings
  }
  let plain = try settings { _ in }
  #expect(plain["added_tokens"] == nil && plain["template"] == nil && plain["continuing_subword_prefix"] == nil)
  #expect(try load(["vocab.txt": small.joined(separator: "\n")]).settings == plain)
  let changes: [(inout [String: JSON]) -> Void] = [
    { $0["added_tokens"] = [] }, { $0["added_tokens"] = [["id": 7, "content": "b", "lstrip": true]] },
    { $0["post_processor"] = ["type": "BertProcessing", "sep": ["b", 7], "cls": ["[CLS]", 2]] },
    { $0["model"] = .object(($0["model"]?.object ?? [:]).merging(["continuing_subword_prefix": "-"]) { $1 }) },
    { $0["model"] = .object(($0["model"]?.object ?? [:]).merging(["unk_token": "b"]) { $1 }) },
    { $0["normalizer"] = .object(($0["normalizer"]?.object ?? [:]).merging(["clean_text": false]) { $1 }) },
  ]
  for change in changes { #expect(try settings(change) != plain) }
}
