/// Tests that an adapter is refused over every base that would change its answers, and accepted over copies of its own.
import Checkpoints
import Files
import FoundationEssentials
import Kernels
import Serving
import Tasks
import TestSupport
import Testing
import Tokenization

/// A change of the base, and what the error must say.
private struct Alteration: Sendable {
  var name: String
  var messages: [String]
  var apply: @Sendable (BaseCopy) throws -> Void

  init(_ name: String, _ messages: String..., apply: @escaping @Sendable (BaseCopy) throws -> Void) {
    (self.name, self.messages, self.apply) = (name, messages, apply)
  }
}

/// The keys that BERT and DistilBERT name differently.
private func key(_ bert: String, _ distilbert: String, _ copy: BaseCopy) throws -> String {
  try JSON(path: copy.base + "/config.json")["model_type"] == "bert" ? bert : distilbert
}

private let alterations = [
  Alteration("vocabulary", "vocabulary_sha256: ") { copy in
    var lines = try readText(copy.base + "/vocab.txt").split(separator: "\n")
    lines.swapAt(lines.count - 1, lines.count - 2)
    try writeFile(lines.joined(separator: "\n") + "\n", to: copy.base + "/vocab.txt")
  },
  Alteration("casing", "do_lower_case: false; the adapter was trained with true") {
    try $0.change("base/tokenizer_config.json", "do_lower_case", false)
  },
  Alteration("accents", "strip_accents: false; the adapter was trained with true") {
    try $0.change("base/tokenizer_config.json", "strip_accents", false)
  },
  Alteration("Chinese characters", "tokenize_chinese_chars: false; the adapter was trained with true") {
    try $0.change("base/tokenizer_config.json", "tokenize_chinese_chars", false)
  },
  Alteration("heads", "heads: 2; the adapter was trained with 4") {
    try $0.change("base/config.json", key("num_attention_heads", "n_heads", $0), 2)
  },
  Alteration("activation", ": \"relu\"; the adapter was trained with \"gelu\"") {
    try $0.change("base/config.json", key("hidden_act", "activation", $0), "relu")
  },
  Alteration("weights", "weights: SHA-256 ", "; the adapter was trained with ") { copy in
    try copy.changeWeights { name, values in if name.hasSuffix("LayerNorm.bias") { values[0] += 1e-3 } }
  },
]

private let bertAlterations = [
  Alteration("eps", "layer_norm_eps: 1e-05; the adapter was trained with 1e-12") {
    try $0.change("base/config.json", "layer_norm_eps", 1e-5)
  },
  Alteration("several", "do_lower_case: false", "num_attention_heads: 8", "layer_norm_eps: 0.1") {
    try $0.change("base/tokenizer_config.json", "do_lower_case", false)
    try $0.change("base/config.json", "num_attention_heads", 8)
    try $0.change("base/config.json", "layer_norm_eps", 0.1)
  },
]

/// Opens the adapter by both users of adapters and returns their error, which must be the same; "": none.
private func fault(_ base: String, _ adapter: String, anyBase: Bool = false) throws -> String {
  try Processor.initialize()
  let faults: [String] = [
    {
      _ = try AdapterPool(folder: base, adapters: [("a", adapter)], withBase: false, anyBase: anyBase)
    }, { _ = try MergedModel(base: base, adapter: adapter, anyBase: anyBase) },
  ].map { (open: () throws -> Void) in
    do { try open() } catch { return "\(error)" }
    return ""
  }
  #expect(faults[0] == faults[1])
  return faults[0]
}

@Suite struct BaseCheckTests {
  @Test(arguments: ["tiny-bert", "tiny-distilbert"])
  func `an altered base is refused by what differs, with both values`(_ original: String) throws {
    for (name, method) in methods {
      for alteration in alterations + (original == "tiny-bert" ? bertAlterations : []) {
        let copy = try BaseCopy(of: original, method)
        try alteration.apply(copy)
        let found = try fault(copy.base, copy.adapter), context = "\(name), \(alteration.name): \(found)"
        #expect(found.hasPrefix("\(copy.adapter): was trained on another base than \(copy.base)"), "\(context)")
        #expect(found.contains("--any-base") && alteration.messages.allSatisfy(found.contains), "\(context)")
        // Only what was changed is named.
        #expect(found.split(separator: "\n").count - 2 == (alteration.name == "several" ? 3 : 1), "\(context)")
        #expect(try fault(copy.base, copy.adapter, anyBase: true) == "")
      }
    }
  }

  @Test(arguments: ["tiny-bert", "tiny-distilbert"])
  func `a copy in another folder is accepted, also with settings that change no output`(_ original: String) throws {
    for (_, method) in methods {
      let copy = try BaseCopy(of: original, method)
      #expect(try fault(fixture(original), copy.adapter) == "" && fault(copy.base, copy.adapter) == "")
      let moved = copy.folder.path + "/a folder, renamed"
      try FileManager.default.moveItem(atPath: copy.base, toPath: moved)
      #expect(try fault(moved, copy.adapter) == "")
      for (key, value): (String, JSON?) in [
        ("transformers_version", "4.0.0"), ("_name_or_path", "/elsewhere"), ("torch_dtype", "float16"), ("dtype", nil),
        ("hidden_dropout_prob", 0.5), ("attention_probs_dropout_prob", 0.5), ("dropout", 0.5),
        ("attention_dropout", 0.5),
        ("id2label", nil), ("label2id", nil), ("initializer_range", 0.1), ("architectures", ["BertModel"]),
        ("a_new_key", true),
      ] {
        try copy.change("a folder, renamed/config.json", key, value)
      }
      #expect(try fault(moved, copy.adapter) == "")
    }
  }

  @Test func `defaults may be written out, and one function may have another name`() throws {
    let copy = try BaseCopy(of: "tiny-bert", methods[0].method)
    try copy.change("base/config.json", "layer_norm_eps", nil)
    try copy.change("base/tokenizer_config.json", "strip_accents", true)
    try copy.change("base/tokenizer_config.json", "tokenize_chinese_chars", true)
    #expect(try fault(copy.base, copy.adapter) == "")
    try copy.change("adapter/tune.json", "base.config.hidden_act", "gelu_new")
    try copy.change("base/config.json", "hidden_act", "gelu_pytorch_tanh")
    #expect(try fault(copy.base, copy.adapter) == "")
  }

  @Test func `a tokenizer may be stored in other files`() throws {
    let copy = try BaseCopy(of: "tiny-bert", methods[0].method)
    let pool = try AdapterPool(folder: copy.base, adapters: [("a", copy.adapter)], withBase: false)
    try pool.members[0].tokenizer.tokenizer.save(to: copy.base, hasTokenTypes: true)
    try FileManager.default.removeItem(atPath: copy.base + "/vocab.txt")
    #expect(try fault(copy.base, copy.adapter) == "")
  }

  @Test func `what an older tune.json lacks is not compared, the rest is`() throws {
    let copy = try BaseCopy(of: "tiny-bert", methods[0].method)
    try copy.change("adapter/tune.json", "base.config", nil)
    try copy.change("adapter/tune.json", "tokenizer.vocabulary_sha256", nil)
    #expect(try fault(copy.base, copy.adapter) == "")
    try copy.change("base/config.json", "num_attention_heads", 8)
    #expect(try fault(copy.base, copy.adapter) == "")
    try copy.change("base/tokenizer_config.json", "do_lower_case", false)
    #expect(try fault(copy.base, copy.adapter).contains("do_lower_case: false"))
    try copy.change("adapter/tune.json", "tokenizer", nil)
    #expect(try fault(copy.base, copy.adapter) == "")
  }

  @Test func `a merged model records its base, and is no longer bound to it`() throws {
    let copy = try BaseCopy(of: "tiny-bert", methods[0].method), merged = copy.folder.path + "/merged"
    try copy.change("adapter/tune.json", "base.config", nil)
    try MergedModel(base: copy.base, adapter: copy.adapter, anyBase: false).save(to: merged, as: .f32)
    let file = try JSON(path: merged + "/tune.json")
    #expect(file["base"]?["config"]?["num_attention_heads"] == 4 && file["base"]?["sha256"]?.string?.count == 64)
    #expect(file["tokenizer"]?["vocabulary_sha256"]?.string?.count == 64)
    _ = try AdapterPool(folder: merged, adapters: [], withBase: true)
  }
}
