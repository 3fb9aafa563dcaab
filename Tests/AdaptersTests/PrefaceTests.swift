/// Prompt and prefix tuning against PEFT: its folders, its logits, its files.
import Autograd
import Checkpoints
import Files
import Models
import TestSupport
import Testing

@testable import Adapters

private let folders = [
  "prompt-start", "prompt-final", "prefix-start", "prefix-final", "prefix-mlp-start", "prefix-mlp-final",
  "prompt-sequence", "prefix-sequence", "prompt-distilbert",
]

private struct Case {
  let base: String
  let kind: HeadType
  let model: TextModel
  let batch: Batch

  init(_ folder: String) throws {
    let isSequence = folder.hasSuffix("sequence")
    base = folder.hasSuffix("distilbert") ? "tiny-distilbert" : isSequence ? "tiny-bert-sequence" : "tiny-bert"
    kind = isSequence ? .sequenceClassification : .tokenClassification
    model = try tinyModel(base, kind: kind, classes: isSequence ? 3 : 5)
    batch = try goldenBatch(base, kind: isSequence ? "sequence" : "token")
  }
}

@Suite struct PrefaceTests {
  @Test(arguments: folders)
  func `PEFT's adapter gives PEFT's logits, and taking it out the base, bit for bit`(_ name: String) throws {
    let one = try Case(name), golden = try Checkpoint(file: fixture("adapters/prompts.safetensors"))
    let before = one.model(one.batch, Pass(Workspace())).array
    let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: one.model)
    adapter.attach()
    let found = one.model(one.batch, Pass(Workspace())).array
    #expect(relativeError(found, try golden.array("logits.\(name)")) < 1e-5)
    #expect(relativeError(found, before) > 1e-2)
    if one.kind == .tokenClassification {
      let rows: [Int32] = [19, 0, 3], some = one.model(one.batch, rows: rows, Pass(Workspace())).array
      #expect(relativeError(some, rows.flatMap { found[Int($0) * 5..<Int($0) * 5 + 5] }) < 1e-6)
    }
    adapter.detach()
    #expect(one.model(one.batch, Pass(Workspace())).array == before)
  }

  @Test(arguments: folders)
  func `what is saved is what was loaded, tensor by tensor and key by key`(_ name: String) throws {
    let one = try Case(name), folder = TemporaryFolder(), source = fixture("adapters/\(name)")
    try Adapter(folder: source, on: one.model).save(to: folder.path, base: one.base, head: one.kind)
    let file = "/adapter_model.safetensors"
    let (ours, theirs) = (try Checkpoint(file: folder.path + file), try Checkpoint(file: source + file))
    #expect(ours.names == theirs.names)
    for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
    let config = "/adapter_config.json"
    #expect(try JSON(path: folder.path + config) == JSON(path: source + config))
  }

  @Test(arguments: ["prompt-start", "prefix-start"])
  func `others see the tokens' own rows, whatever stands before them`(_ name: String) throws {
    let one = try Case(name)
    let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: one.model)
    adapter.attach()
    let trace = Trace(states: [0, 2], blocks: [1])
    let logits = one.model(one.batch, trace: trace, Pass(Workspace()))
    #expect(trace.hiddenState(0).rows == one.batch.count && trace.queryKeyValue(1).rows == one.batch.count)
    // The classifier over the last states is all that is left.
    let head = LinearPart(weight: one.model.classifier.weight, bias: one.model.classifier.bias)
    #expect(relativeError(linear(trace.hiddenState(2), [head], Pass(Workspace())).array, logits.array) < 1e-6)
  }

  @Test func `a prompt begins as a text's words, again and again`() throws {
    let one = try Case("prompt-start")
    var method = PromptConfig()
    (method.numVirtualTokens, method.initialization, method.text) = (5, .text, "…")
    method.tokenizeTexts { _ in [7, 9, 2] }
    let table = try #require(try Adapter(method, on: one.model, seed: 1).trainable.first)
    let words = one.model.wordEmbeddings
    let wanted = [7, 9, 2, 7, 9].flatMap { words.values[$0 * 32..<$0 * 32 + 32] }
    #expect(Array(table.values) == wanted)
    method.initialization = .sampleVocab
    let chosen = try #require(try Adapter(method, on: one.model, seed: 1).trainable.first)
    let rows = (0..<60).map { Array(words.values[$0 * 32..<$0 * 32 + 32]) }
    #expect((0..<5).allSatisfy { rows.contains(Array(chosen.values[$0 * 32..<$0 * 32 + 32])) })
  }

  @Test func `more virtual tokens than there are positions are refused, and a DistilBERT's prefix`() throws {
    let one = try Case("prompt-start")
    var method = PromptConfig()
    method.numVirtualTokens = 40
    #expect(try Adapter(method, on: one.model, seed: 1).trainable.count == 3)
    method.numVirtualTokens = 41
    let fault = #expect(throws: VirtualTokenFault.self) { try Adapter(method, on: one.model, seed: 1) }
    #expect("\(fault!)".contains("48 positions"))
    let distil = try Case("prompt-distilbert")
    #expect(throws: FamilyFault.self) { try Adapter(PrefixConfig(), on: distil.model, seed: 1) }
  }

  /// A thin model, and what 12 layers of BERT-base's width would have.
  @Test func `BERT-base gets as many parameters as PEFT counts`() {
    func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.count } }
    #expect(count([PromptEmbedding(count: 20, width: 768).table]) == 15_360)
    #expect(count([PrefixEncoder(count: 20, hiddenSize: 768, layers: 12, encoderHiddenSize: nil).embedding]) == 368_640)
    let network = PrefixEncoder(count: 20, hiddenSize: 768, layers: 12, encoderHiddenSize: 768)
    #expect(count([network.embedding] + network.transformParameters) == 14_780_160)
  }
}
