/// Vectors of texts against sentence-transformers, and its folders. `Tests/Fixtures/embedding/make_embedding.py`
import Autograd
import Checkpoints
import Datasets
import Encoders
import Files
import Kernels
import TestSupport
import Testing
import Tokenization

@testable import Tasks

/// A file, what it holds, and what is wrong with it.
private let unsupportedFiles: [(String, String, String)] = [
  (
    "modules.json",
    #"[{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"}, {"path": "2", "type": "a.Dense"}]"#,
    "Dense"
  ),
  ("modules.json", #"{}"#, "modules"),
  ("1_Pooling/config.json", #"{"pooling_mode": "max"}"#, "pooling max"),
  ("1_Pooling/config.json", #"{"pooling_mode": ["mean", "cls"]}"#, "mean and cls"),
  ("1_Pooling/config.json", #"{"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}"#, "max and mean"),
  ("sentence_bert_config.json", #"{"do_lower_case": true}"#, "do_lower_case"),
  ("config_sentence_transformers.json", #"{"default_prompt_name": "query"}"#, "default prompt"),
]

@Suite struct EmbeddingTests {
  @Test(arguments: Pooling.Mode.allCases, [false, true])
  func `vectors are those of sentence-transformers`(_ mode: Pooling.Mode, _ normalizes: Bool) throws {
    try Processor.initialize()
    let json = try JSON(path: fixture("embedding/vectors.json"))
    let records = (json["texts"]?.array ?? []).map { Record(id: "", texts: [$0.string ?? ""]) }
    let task = Embedding(Pooling(mode, normalizes: normalizes)), config = try ModelConfig(folder: fixture("tiny-bert"))
    let model = try TextModel(
      config, Checkpoint(folder: fixture("tiny-bert")), headType: .embedding, layers: task.headLayers, classes: 0,
      reuseHead: false, seed: 0)
    let tokenizer = try TextTokenizer(loadTokenizer(folder: fixture("tiny-bert")), config)
    let predictions = try Inference(model, .none).predict(records, task, tokenizer) { count, body in
      for index in 0..<count { body(index, Workspace()) }
    }
    let expected = json[mode.rawValue + (normalizes ? "-normalized" : "")]?.array ?? []
    #expect(expected.count == 4 && predictions.count == 4)
    for (prediction, row) in zip(predictions, expected) {
      guard case .vectors(let vectors) = prediction.prediction, vectors.count == 1 else {
        Issue.record("no vector")
        continue
      }
      let gaps = zip(vectors[0], (row.array ?? []).compactMap(\.number)).map { abs(Double($0) - $1) }
      #expect(gaps.count == 32 && gaps.allSatisfy { $0 < 1e-5 })
    }
  }

  @Test func `the files of sentence-transformers 6 are read`() throws {
    let folder = try #require(try SentenceTransformersFolder(fixture("embedding/st6")))
    #expect(folder == SentenceTransformersFolder(Pooling(.cls, normalizes: true), maxLength: nil))
    #expect(try SentenceTransformersFolder(fixture("tiny-bert")) == nil)
  }

  @Test(arguments: Pooling.Mode.allCases, [false, true])
  func `what is written is read again`(_ mode: Pooling.Mode, _ normalizes: Bool) throws {
    try withTemporaryFolder { path in
      let folder = SentenceTransformersFolder(Pooling(mode, normalizes: normalizes), maxLength: 40)
      try folder.write(to: path, hiddenSize: 32)
      #expect(try SentenceTransformersFolder(path) == folder)
      #expect(
        try JSON(path: path + "/1_Pooling/config.json")["pooling_mode_\(mode)\(mode == .cls ? "_token" : "_tokens")"]
          == true)
      #expect(fileExists(path + "/2_Normalize") == normalizes)
      try writeFile(#"{"model_max_length": 24}"#, to: path + "/tokenizer_config.json")
      #expect(try SentenceTransformersFolder(path)?.maxLength == 24)
    }
  }

  @Test(arguments: unsupportedFiles) func `what would change vectors is refused`(
    _ file: String, _ text: String, _ named: String
  ) throws {
    try withTemporaryFolder { path in
      try SentenceTransformersFolder(Pooling(), maxLength: nil).write(to: path, hiddenSize: 32)
      try writeFile(text, to: "\(path)/\(file)")
      let fault = #expect(throws: FileFault.self) { _ = try SentenceTransformersFolder(path) }
      #expect("\(fault!)".contains(named) && "\(fault!)".contains(file), "\(fault!)")
    }
  }

  @Test func `similarities are cosines, and vectors are printed without loss`() {
    #expect(Prediction.vectors([[3, 4], [4, 3]]).similarity.map { abs($0 - 0.96) < 1e-12 } == true)
    #expect(Prediction.vectors([[3, 4], [0, 0]]).similarity == 0)
    #expect(Prediction.vectors([[3, 4]]).similarity == nil)
    let vector: [Float] = [0.1, -1.0000001, 3.4028235e38, 1e-30]
    let found = Prediction.vectors([vector]).members["embedding"]?.array?.compactMap(\.number) ?? []
    #expect(found.map { Float($0) } == vector)
  }

  @Test func `the correlations do not depend on the scale of the scores, and the loss on their order only`() {
    let predicted = [0.9, 0.2, 0.5, 0.4], gold = [4.0, 0, 3, 1]
    let one = SimilarityExamples(gold: gold, predicted: predicted)
    let other = SimilarityExamples(gold: gold.map { $0 * 10 - 3 }, predicted: predicted)
    #expect(abs((one.score.values["spearman"] ?? 0) - 1) < 1e-12)
    #expect(abs((one.score.values["pearson"] ?? 0) - 0.9302605) < 1e-6)
    #expect(one.coSENT == other.coSENT && one.coSENT > 0)
    #expect(abs((other.score.values["pearson"] ?? 0) - (one.score.values["pearson"] ?? 1)) < 1e-12)
  }
}
