/// Trainable tokens against transformers and PEFT: twenty steps beside LoRA, and PEFT's folders.
/// `Tests/Fixtures/trainable-tokens/README.md`
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

/// A run of the fixtures: `bert`.
private struct TokenRun {
  static let folder = "trainable-tokens/"
  let name: String
  let json: JSON
  let model: TextModel
  let adapter: Adapter

  init(_ name: String, _ folder: String) throws {
    self.name = name
    json = try JSON(path: fixture("\(Self.folder)\(name).json"))
    let bases = ["masked": "distillation/student", "modernbert": "families/modernbert-sequence"]
    let base = fixture(bases[name] ?? "tiny-bert-sequence"), isMasked = name == "masked"
    var config = try ModelConfig(folder: base)
    (config.dropout, config.attentionDropout) = (0, 0)
    config.addTokens(upTo: config.vocabSize + 4)
    model = try TextModel(
      config, Checkpoint(folder: base), headType: isMasked ? .maskedLM : .sequenceClassification, classes: 3,
      reuseHead: true, seed: 0)
    if isMasked { model.classifier.bias?.values.update(repeating: 0) }
    adapter = try Adapter(folder: fixture(Self.folder + folder), on: model)
  }

  /// The task; its first batch is that of the golden logits.
  func task() throws -> FixedBatches { try FixedBatches(json, "batch", labeledOnly: name == "masked") }

  func logits(_ model: TextModel, _ adapters: RowAdapters) throws -> [Float] {
    let task = try task()
    var batch = Batch()
    for example in task.batches[0] { batch.append(task.ids[example], tokenTypeIDs: task.tokenTypeIDs[example]) }
    return model(batch, adapters: adapters, Pass(Workspace())).array
  }

  func expectLogits(of golden: String, within tolerance: Float = 1e-4) throws {
    let expected = try Checkpoint(file: fixture(Self.folder + "golden.safetensors")).array("logits." + golden)
    let found = try logits(model, RowAdapters(adapter.set))
    #expect(found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < tolerance }, "\(golden)")
  }
}

private let runs = ["bert", "modernbert", "masked"]

@Suite struct TrainableTokensTests {
  @Test(arguments: runs) func `losses match those of transformers and PEFT for twenty steps`(_ name: String) throws {
    try Processor.initialize()
    let run = try TokenRun(name, name + "-start"), task = try run.task()
    try run.expectLogits(of: name + "-start")
    try expectTwentySteps(
      run.model, training: run.adapter.trainable, adapters: RowAdapters(run.adapter.set), task, batches: task.batches,
      run.json)
    #expect(run.model.frozenBlockCount(RowAdapters(run.adapter.set)) == 0)
    try run.expectLogits(of: name + "-final", within: 1e-3)
  }

  @Test(arguments: runs)
  func `PEFT's folder is read, also with the whole matrix in it, and what is saved is read again`(
    _ name: String
  ) throws {
    try Processor.initialize()
    let run = try TokenRun(name, name + "-final")
    try run.expectLogits(of: name + "-final")
    let logits = try run.logits(run.model, RowAdapters(run.adapter.set))
    try withTemporaryFolder { folder in
      try run.adapter.save(to: folder, base: "tiny", head: run.model.headType)
      let ids = try JSON(path: folder + "/adapter_config.json")["trainable_token_indices"]
      #expect(
        ids
          == (try JSON(path: fixture("\(TokenRun.folder)\(name)-final/adapter_config.json"))["trainable_token_indices"])
      )
      let again = try Adapter(folder: folder, on: run.model)
      #expect(try run.logits(run.model, RowAdapters(again.set)) == logits)
      let names = try Checkpoint(file: folder + "/adapter_model.safetensors").names
      #expect(
        names == (try Checkpoint(file: fixture("\(TokenRun.folder)\(name)-start/adapter_model.safetensors")).names))
    }
    let merged = try run.adapter.merged()
    let difference = try zip(run.logits(merged, .none), logits).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference < 1e-4)
  }

  @Test func `PEFT's stand-alone form is read and written`() throws {
    try Processor.initialize()
    let run = try TokenRun("bert", "alone")
    try run.expectLogits(of: "alone")
    try withTemporaryFolder { folder in
      try run.adapter.save(to: folder, base: "tiny", head: .sequenceClassification)
      let golden = try JSON(path: fixture(TokenRun.folder + "alone/adapter_config.json"))
      let found = try JSON(path: folder + "/adapter_config.json")
      for key in golden.object?.keys.sorted() ?? [] where key != "base_model_name_or_path" {
        #expect(found[key] == golden[key], "\(key)")
      }
      let name = "base_model.model.bert.embeddings.word_embeddings.trainable_tokens_delta"
      #expect(try Checkpoint(file: folder + "/adapter_model.safetensors").names.contains(name))
    }
  }

  @Test func `a method that PEFT has no trainable tokens of saves the whole matrix`() throws {
    try Processor.initialize()
    let run = try TokenRun("bert", "bert-start")
    let methods: [any AdapterMethod] = [
      IA3Config(), VeRAConfig(), LayerNormTuning(), BitFit(), LinearProbe(), BottleneckConfig.pfeiffer, PromptConfig(),
      PrefixConfig(),
    ]
    for method in methods {
      let adapter = try Adapter(method, on: run.model, trainableTokens: [7, 62], seed: 1)
      let rows = try #require(adapter.tokenRows)
      for index in 0..<rows.rows.count { rows.rows.values[index] = Float(index % 7) / 3 }
      let logits = try run.logits(run.model, RowAdapters(adapter.set))
      try withTemporaryFolder { folder in
        try adapter.save(to: folder, base: "tiny", head: .sequenceClassification)
        let again = try Adapter(folder: folder, on: run.model)
        #expect(again.tokenRows == nil)
        #expect(try run.logits(run.model, RowAdapters(again.set)) == logits, "\(type(of: method).peftType)")
      }
    }
  }

  @Test func `other modules, ids beyond the vocabulary, and another base are errors`() throws {
    for (change, message) in [
      ([100], "it trains the token 100, but the base has 64 tokens"), ([-1], "expected a list of token ids"),
      (["pooler.dense": [1]], "it trains tokens of 'pooler.dense'"), ("x", "expected a list of token ids"),
    ] as [(JSON, String)] {
      try withTemporaryFolder { folder in
        let source = fixture(TokenRun.folder + "bert-start")
        var config = try JSON(path: source + "/adapter_config.json").object ?? [:]
        config["trainable_token_indices"] = change
        try writeFile(JSON.object(config).text(), to: folder + "/adapter_config.json")
        try writeFile(readFile(source + "/adapter_model.safetensors"), to: folder + "/adapter_model.safetensors")
        let run = try TokenRun("bert", "bert-start")
        let error = #expect(throws: AdapterFault.self) { try Adapter(folder: folder, on: run.model) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
      }
    }
    // The whole matrix in the file is not that of this base.
    let run = try TokenRun("bert", "bert-start")
    run.model.wordEmbeddings.makeWritable()
    run.model.wordEmbeddings.values[40] += 1
    let error = #expect(throws: AdapterFault.self) {
      try Adapter(folder: fixture(TokenRun.folder + "bert-final"), on: run.model)
    }
    #expect(error?.description.contains("unexpected") == true)
  }
}
