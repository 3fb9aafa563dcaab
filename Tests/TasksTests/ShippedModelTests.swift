/// The shipped base model compared with transformers: the same tokens and predictions.
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import TestSupport
import Testing
import Tokenization

private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
private let folder = root + "/checkpoints/biomed-mini-l3"

@Suite struct ShippedModelTests {
  @Test func `predictions for masked tokens equal transformers'`() throws {
    try Processor.initialize()
    let model = try TextModel(folder: folder, headType: .maskedLM, reuseHead: true)
    let tokenizer = try WordPiece(folder: folder)
    let mask = try #require(tokenizer.mask)
    #expect(model.newlyInitialized.isEmpty)
    let cases = try JSON(path: fixture("shipped/golden.json"))["cases"]?.array ?? []
    #expect(cases.count == 4)
    for example in cases {
      let ids = tokenizer.encode(example["text"]?.string ?? "", addSpecialTokens: true).ids
      #expect(ids.map { JSON.int(Int($0)) } == example["ids"]?.array)
      let row = try #require(ids.firstIndex(of: mask))
      let logits = model(Batch([ids]), rows: [Int32(row)], Pass(Workspace())).array
      let best = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(5)
      #expect(best.map { JSON.string(tokenizer.token(Int32($0))) } == example["tokens"]?.array)
      for (index, expected) in zip(best, example["logits"]?.array ?? []) {
        #expect(abs(Double(logits[index]) - (expected.number ?? .nan)) < 1e-4)
      }
    }
  }

  @Test func `the weights have the hash in the model card, and at most 16 MB`() throws {
    let hash = try sha256(ofFile: folder + "/model.safetensors")
    #expect(try readText(folder + "/README.md").contains(hash))
    #expect(try readFile(folder + "/model.safetensors").count <= 16_000_000)
  }
}
