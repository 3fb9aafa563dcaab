/// The base model that ships, held against transformers: the same pieces, the same guesses.
import Autograd
import Checkpoints
import Files
import Kernels
import Models
import TestSupport
import Testing
import Tokenizers

private let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
private let folder = root + "/checkpoints/biomed-mini-l3"

@Suite struct ShippedModelTests {
  @Test func `it guesses hidden words as transformers does`() throws {
    try Processor.initialize()
    let model = try TextModel(folder: folder, kind: .maskedLM, reuseHead: true)
    let tokenizer = try WordPiece(folder: folder)
    let mask = try #require(tokenizer.mask)
    #expect(model.newlyInitialized.isEmpty)
    let cases = try JSON(path: fixture("shipped/golden.json"))["cases"]?.array ?? []
    #expect(cases.count == 4)
    for one in cases {
      let ids = tokenizer.encode(one["text"]?.string ?? "", specials: true).ids
      #expect(ids.map { JSON.int(Int($0)) } == one["ids"]?.array)
      let row = try #require(ids.firstIndex(of: mask))
      let logits = model(Batch([ids]), rows: [Int32(row)], Pass(Workspace())).array
      let best = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(5)
      #expect(best.map { JSON.string(tokenizer.token(Int32($0))) } == one["tokens"]?.array)
      for (index, wanted) in zip(best, one["logits"]?.array ?? []) {
        #expect(abs(Double(logits[index]) - (wanted.number ?? .nan)) < 1e-4)
      }
    }
  }

  @Test func `its weights are those that its page names, in at most 16 MB`() throws {
    let hash = try sha256(ofFile: folder + "/model.safetensors")
    #expect(try readText(folder + "/README.md").contains(hash))
    #expect(try readFile(folder + "/model.safetensors").count <= 16_000_000)
  }
}
