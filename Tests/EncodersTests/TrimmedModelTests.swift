/// Trimming a model's vocabulary: which tensors lose rows, and the new config.json.
import Checkpoints
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Encoders

struct TrimmedModelTests {
  let folder = TemporaryFolder()

  /// Writes a folder with tensors of one or two columns, whose values are 0, 1, 2, …
  private func make(_ tensors: [(String, [Int])], _ config: JSON) throws {
    let floats = (0..<64).map { Float($0) }
    try floats.withUnsafeBufferPointer { floats in
      try writeSafetensors(
        to: folder.path + "/model.safetensors",
        tensors: tensors.map { ($0, $1, UnsafeBufferPointer(rebasing: floats[..<$1.reduce(1, *)])) })
    }
    try writeFile(config.text(), to: folder.path + "/config.json")
  }

  private func trim() throws -> Checkpoint {
    try trimModel(folder.path, tokens: 5, keeping: [1, 3, 4], to: folder.path + "/out")
    return try Checkpoint(folder: folder.path + "/out")
  }

  private let config: JSON = [
    "vocab_size": 6, "pad_token_id": 3, "bos_token_id": 2, "sep_token_id": nil, "hidden_size": 2,
  ]

  @Test(arguments: [
    "bert.embeddings.word_embeddings", "embeddings.word_embeddings", "roberta.embeddings.word_embeddings",
    "electra.embeddings.word_embeddings", "model.embeddings.tok_embeddings",
  ])
  func `word embeddings and decoders lose rows, other tensors are unchanged`(_ module: String) throws {
    let wordEmbeddings = module + ".weight"
    let decoders = ["cls.predictions.decoder", "vocab_projector", "lm_head.decoder", "generator_lm_head", "decoder"]
    let vectors = ["cls.predictions.bias", "lm_head.bias"] + decoders.map { $0 + ".bias" }
    let matrices = [wordEmbeddings] + decoders.map { $0 + ".weight" }
    try make(
      matrices.map { ($0, [6, 2]) } + vectors.map { ($0, [6]) } + [("other.weight", [6, 2]), ("other.bias", [6])],
      config)
    let copy = try trim()
    for name in matrices { #expect(try copy.floats(name) == [2, 3, 6, 7, 8, 9], "\(name)") }
    for name in vectors { #expect(try copy.floats(name) == [1, 3, 4], "\(name)") }
    #expect(try copy.info("other.weight").shape == [6, 2] && copy.info("other.bias").shape == [6])
    let expected: JSON = [
      "vocab_size": 3, "pad_token_id": 1, "bos_token_id": nil, "sep_token_id": nil, "hidden_size": 2,
    ]
    #expect(try JSON(path: folder.path + "/out/config.json") == expected)
  }

  @Test func `a family that counts positions from the padding token keeps that token's id`() throws {
    let wordEmbeddings = "roberta.embeddings.word_embeddings.weight"
    try make([(wordEmbeddings, [6, 2])], config.merging(["model_type": "roberta"]))
    let fault = #expect(throws: ConfigFault.self) { try trim() }
    #expect(fault?.description.contains("'pad_token_id' is 3") == true)
    try make([(wordEmbeddings, [6, 2])], config.merging(["model_type": "roberta", "pad_token_id": 0]))
    try trimModel(folder.path, tokens: 5, keeping: [0, 3], to: folder.path + "/out")
    #expect(try JSON(path: folder.path + "/out/config.json")["pad_token_id"] == 0)
  }

  @Test func `a model with NaN is refused`() throws {
    let values: [Float] = [.nan] + Array(repeating: 1, count: 11)
    try make([], config)
    try values.withUnsafeBufferPointer { values in
      try writeSafetensors(
        to: folder.path + "/model.safetensors", tensors: [("embeddings.word_embeddings.weight", [6, 2], values)])
    }
    #expect(throws: CheckpointFault.self) { try trim() }
    #expect(!fileExists(folder.path + "/out"))
  }

  @Test func `a model with another vocabulary size, or without word embeddings, is refused`() throws {
    try make([("embeddings.word_embeddings.weight", [6, 2])], ["vocab_size": 4])
    #expect(throws: ConfigFault.self) { try trim() }
    try make([("embeddings.word_embeddings.weight", [5, 2])], config)
    #expect(throws: CheckpointFault.self) { try trim() }
    try make([("embeddings.word_embedding.weight", [6, 2])], config)
    let fault = #expect(throws: CheckpointFault.self) { try trim() }
    #expect(fault.map { "\($0)" }?.contains("Did you mean 'embeddings.word_embedding.weight'?") == true)
  }
}

extension JSON {
  fileprivate func merging(_ members: [String: JSON]) -> JSON {
    .object((object ?? [:]).merging(members) { _, new in new })
  }
}
