/// Prompt and prefix tuning against PEFT: logits of its folders, saved files, parameter counts.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Adapters

private let folders = [
  "prompt-start", "prompt-final", "prefix-start", "prefix-final", "prefix-mlp-start", "prefix-mlp-final",
  "prompt-sequence", "prefix-sequence", "prompt-distilbert",
]

private struct Case {
  let base: String
  let headType: HeadType
  let model: TextModel
  let batch: Batch

  init(_ folder: String) throws {
    let isSequence = folder.hasSuffix("sequence")
    base = folder.hasSuffix("distilbert") ? "tiny-distilbert" : isSequence ? "tiny-bert-sequence" : "tiny-bert"
    headType = isSequence ? .sequenceClassification : .tokenClassification
    model = try tinyModel(base, headType: headType, classes: isSequence ? 3 : 5)
    batch = try goldenBatch(base, golden: isSequence ? "sequence" : "token")
  }
}

@Suite struct VirtualTokensTests {
  @Test(arguments: folders)
  func `PEFT's adapter gives PEFT's logits, and the base's bits stay the same`(_ name: String) throws {
    let test = try Case(name), golden = try Checkpoint(file: fixture("adapters/prompts.safetensors"))
    let before = test.model(test.batch, Pass(Workspace())).array
    let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: test.model)
    let adapters = RowAdapters(adapter.set), found = test.model(test.batch, adapters: adapters, Pass(Workspace())).array
    #expect(relativeError(found, try golden.array("logits.\(name)")) < 1e-5)
    #expect(relativeError(found, before) > 1e-2)
    if test.headType == .tokenClassification {
      let rows: [Int32] = [19, 0, 3]
      let chosen = test.model(test.batch, adapters: adapters, rows: rows, Pass(Workspace())).array
      #expect(relativeError(chosen, rows.flatMap { found[Int($0) * 5..<Int($0) * 5 + 5] }) < 1e-6)
    }
    #expect(test.model(test.batch, Pass(Workspace())).array == before)
  }

  @Test(arguments: folders)
  func `a loaded adapter is saved with the same tensors and keys`(_ name: String) throws {
    let test = try Case(name), folder = TemporaryFolder(), source = fixture("adapters/\(name)")
    try Adapter(folder: source, on: test.model).save(to: folder.path, base: test.base, head: test.headType)
    let file = "/adapter_model.safetensors"
    let (ours, theirs) = (try Checkpoint(file: folder.path + file), try Checkpoint(file: source + file))
    #expect(ours.names == theirs.names)
    for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
    let config = "/adapter_config.json"
    #expect(try JSON(path: folder.path + config) == JSON(path: source + config))
  }

  @Test(arguments: ["prompt-start", "prefix-start"])
  func `hidden states and logits have only the rows of the batch's tokens`(_ name: String) throws {
    let test = try Case(name)
    let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: test.model)
    let trace = Trace(states: [0, 2], blocks: [1])
    let logits = test.model(test.batch, adapters: RowAdapters(adapter.set), trace: trace, Pass(Workspace()))
    #expect(trace.hiddenState(0).rows == test.batch.count && trace.queryKeyValue(1).rows == test.batch.count)
    // Only the classifier follows the last hidden states.
    let head = LinearWeights(weight: adapter.head.weight, bias: adapter.head.bias)
    #expect(relativeError(linear(trace.hiddenState(2), [head], Pass(Workspace())).array, logits.array) < 1e-6)
  }

  @Test func `a prompt is initialized from the repeated tokens of a text, or from random tokens`() throws {
    let test = try Case("prompt-start")
    var method = PromptConfig()
    (method.numVirtualTokens, method.initialization, method.text) = (5, .text, "…")
    method.tokenizeTexts { _ in [7, 9, 2] }
    let fromText = try #require(try Adapter(method, on: test.model, seed: 1).trainable.first)
    let wordEmbeddings = test.model.wordEmbeddings
    let expected = [7, 9, 2, 7, 9].flatMap { wordEmbeddings.values[$0 * 32..<$0 * 32 + 32] }
    #expect(Array(fromText.values) == expected)
    method.initialization = .sampleVocab
    let sampled = try #require(try Adapter(method, on: test.model, seed: 1).trainable.first)
    let rows = (0..<60).map { Array(wordEmbeddings.values[$0 * 32..<$0 * 32 + 32]) }
    #expect((0..<5).allSatisfy { rows.contains(Array(sampled.values[$0 * 32..<$0 * 32 + 32])) })
  }

  @Test func `too many virtual tokens are refused, and so is prefix tuning of DistilBERT`() throws {
    let test = try Case("prompt-start")
    var method = PromptConfig()
    method.numVirtualTokens = 40
    #expect(try Adapter(method, on: test.model, seed: 1).trainable.count == 3)
    method.numVirtualTokens = 41
    let fault = #expect(throws: VirtualTokenFault.self) { try Adapter(method, on: test.model, seed: 1) }
    #expect("\(fault!)".contains("48 positions"))
    let distil = try Case("prompt-distilbert")
    #expect(throws: FamilyFault.self) { try Adapter(PrefixConfig(), on: distil.model, seed: 1) }
  }

  /// For 12 layers with BERT-base's hidden size.
  @Test func `parameter counts on BERT-base are PEFT's`() {
    func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.count } }
    #expect(count([PromptEmbedding(count: 20, size: 768).embedding]) == 15_360)
    #expect(count([PrefixEncoder(count: 20, hiddenSize: 768, layers: 12, encoderHiddenSize: nil).embedding]) == 368_640)
    let network = PrefixEncoder(count: 20, hiddenSize: 768, layers: 12, encoderHiddenSize: 768)
    #expect(count([network.embedding] + network.transformParameters) == 14_780_160)
  }
}
