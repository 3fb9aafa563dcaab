/// Embedding models of every family against sentence-transformers and PEFT for twenty steps, and cached batches against
/// batches that are not. `Tests/Fixtures/embedding/make_embedding.py`
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

private let families = ["bert", "distilbert", "roberta", "electra", "modernbert"]

/// The four batches of a fixture, of five groups each.
private struct GroupTask: Task {
  let groups: [[[Int32]]]
  let scores: [Float]
  let loss: EmbeddingLoss
  var miniBatchSize: Int?

  init(_ json: JSON, width: Int, _ loss: EmbeddingLoss, miniBatchSize: Int? = nil) {
    let batches = json["batches"]?.array ?? []
    groups = batches.flatMap { batch in
      (batch["groups"]?.array ?? []).map { group in
        (group.array ?? []).prefix(width).map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
      }
    }
    scores = batches.flatMap { ($0["scores"]?.array ?? []).compactMap { $0.number.map { Float($0) } } }
    (self.loss, self.miniBatchSize) = (loss, miniBatchSize)
  }

  var batches: [[Int]] { (0..<4).map { Array($0 * 5..<$0 * 5 + 5) } }
  var lengths: [Int] { groups.map { $0.reduce(0) { $0 + $1.count } } }
  var batchLoss: BatchLoss { .ofWholeBatch(miniBatchSize: miniBatchSize) }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    let targets = Targets.texts(examples.map { TextGroup(count: Int32(groups[$0].count), score: scores[$0]) })
    return LabeledBatch(
      examples: examples, input: Batch(examples.flatMap { groups[$0] }), targets: targets,
      weight: loss.weight(of: targets))
  }

  func loss(of vectors: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass) -> Double {
    loss(vectors, targets, norm: norm, pass)
  }

  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }
}

private func model(
  _ family: String, _ pooling: Pooling, dropout: Double = 0
) throws -> TextModel {
  try Processor.initialize()
  let isTiny = ["bert", "distilbert"].contains(family)
  let folder = fixture(isTiny ? "tiny-\(family)" : "families/\(family)-token")
  var config = try ModelConfig(folder: folder)
  (config.dropout, config.attentionDropout) = (dropout, dropout)
  var layers = HeadLayers()
  layers.pooling = pooling
  return try TextModel(
    config, Checkpoint(folder: folder), headType: .embedding, layers: layers, classes: 0, reuseHead: false, seed: 0)
}

private func golden(_ family: String) throws -> JSON { try JSON(path: fixture("embedding/\(family).json")) }

@Suite struct EmbeddingStepsTests {
  @Test(arguments: families) func `losses match those of sentence-transformers for twenty steps`(_ family: String)
    throws
  {
    let json = try golden(family)
    let runs: [(String, EmbeddingLoss, Int, Pooling)] = [
      ("pairs", EmbeddingLoss(.multipleNegativesRanking), 2, Pooling(.mean)),
      ("cosent", EmbeddingLoss(.coSENT), 2, Pooling(.mean, normalizes: true)),
      ("cosine", EmbeddingLoss(.cosineSimilarity), 2, Pooling(.cls)),
    ]
    for (name, loss, width, pooling) in runs {
      let model = try model(family, pooling), task = GroupTask(json, width: width, loss)
      try expectTwentySteps(
        model, training: model.parameters, adapters: .none, task, batches: task.batches, json[name],
        normTolerance: 1e-3)
    }
  }

  @Test(arguments: families) func `hard negatives with LoRA match, and the folder is PEFT's`(_ family: String) throws {
    let json = try golden(family), model = try model(family, Pooling(.cls, normalizes: true))
    let start = fixture("embedding/\(family)-lora-start"), adapter = try Adapter(folder: start, on: model)
    let task = GroupTask(json, width: 3, EmbeddingLoss(.multipleNegativesRanking))
    try withTemporaryFolder { folder in
      try adapter.save(to: folder, base: "tiny", head: .embedding)
      let (found, expected) = try (
        JSON(path: folder + "/adapter_config.json"), JSON(path: start + "/adapter_config.json")
      )
      for key in ["task_type", "r", "lora_alpha"] { #expect(found[key] == expected[key], "\(key)") }
      let targets = [found, expected].map { $0["target_modules"]?.array?.compactMap(\.string).sorted() }
      #expect(targets[0] == targets[1])
      let names = try [folder, start].map { try Checkpoint(file: $0 + "/adapter_model.safetensors").names }
      #expect(names[0] == names[1])
    }
    try expectTwentySteps(
      model, training: adapter.trainable, adapters: RowAdapters(adapter.set), task, batches: task.batches,
      json["triplets-lora"], normTolerance: 1e-3)
    let final = try Checkpoint(file: fixture("embedding/\(family)-lora-final/adapter_model.safetensors"))
    let encoder = model.config.family.names.baseModelPrefix + "."
    for parameter in adapter.trainable {
      let name = "base_model.model." + parameter.name.trimmingPrefix("base_model.model.").trimmingPrefix(encoder)
      #expect(relativeError(parameter.values, try final.array(String(name))) < 0.02, "\(name)")
    }
  }

  /// The loss, the gradients, and the weights after three steps over batches of `count` examples.
  private func train(
    _ kind: EmbeddingLoss.Kind, miniBatchSize: Int?, dropout: Double, threads: Int,
    _ communicator: any Communicator = SingleProcess()
  ) throws -> (losses: [Double], gradients: [Float], weights: [Float]) {
    let json = try golden("bert"), model = try model("bert", Pooling(.mean), dropout: dropout)
    let task = GroupTask(json, width: kind.readsScores ? 2 : 3, EmbeddingLoss(kind), miniBatchSize: miniBatchSize)
    let table = ParameterTable(training: model.parameters)
    let replicas = Replicas(threads: threads, communicator: communicator)
    let trainer = try Trainer(model, task, table, TwentySteps.settings, replicas)
    let examples = Array(0..<20), first = try trainer.step(examples).loss
    let gradients = Array(UnsafeBufferPointer(start: trainer.gradients.pointer, count: trainer.gradients.count))
    let losses = try [first, trainer.step(examples.reversed()).loss, trainer.step(examples).loss]
    return (losses, gradients, table.values)
  }

  @Test(arguments: EmbeddingLoss.Kind.allCases)
  func `cached batches have the gradients of batches in one pass`(_ kind: EmbeddingLoss.Kind) throws {
    let whole = try train(kind, miniBatchSize: nil, dropout: 0, threads: 2)
    for size in [1, 3, 7, 20] {
      let cached = try train(kind, miniBatchSize: size, dropout: 0, threads: 2)
      #expect(abs(cached.losses[0] - whole.losses[0]) < 1e-6 * abs(whole.losses[0]))
      #expect(relativeError(cached.gradients, whole.gradients.map(Double.init)) < 1e-5, "mini-batches of \(size)")
    }
  }

  @Test(arguments: [nil, 3]) func `with dropout, results do not depend on the threads`(_ miniBatchSize: Int?) throws {
    let kind = EmbeddingLoss.Kind.multipleNegativesRanking
    let one = try train(kind, miniBatchSize: miniBatchSize, dropout: 0.2, threads: 1)
    for threads in [2, 3] {
      let other = try train(kind, miniBatchSize: miniBatchSize, dropout: 0.2, threads: threads)
      #expect(other.losses == one.losses && other.weights == one.weights, "\(threads) threads")
    }
    let without = try train(kind, miniBatchSize: miniBatchSize, dropout: 0, threads: 1)
    #expect(abs(without.losses[0] - one.losses[0]) > 1e-3)
  }

  @Test(arguments: [nil, 3]) func `with dropout, results do not depend on the ranks`(_ miniBatchSize: Int?) throws {
    let kind = EmbeddingLoss.Kind.multipleNegativesRanking
    let one = try train(kind, miniBatchSize: miniBatchSize, dropout: 0.2, threads: 1)
    for size in [2, 4] {
      let ranks = try ThreadRank.all(size) {
        try train(kind, miniBatchSize: miniBatchSize, dropout: 0.2, threads: 1, $0)
      }
      for other in ranks { #expect(other.losses == one.losses && other.weights == one.weights, "\(size) ranks") }
    }
  }

  /// The second pass must apply the masks of the first: against finite differences of the loss with these masks.
  @Test func `with dropout, the gradient of a cached batch is that of its own loss`() throws {
    let json = try golden("bert"), model = try model("bert", Pooling(.mean), dropout: 0.2)
    let task = GroupTask(json, width: 2, EmbeddingLoss(.multipleNegativesRanking), miniBatchSize: 4)
    let table = ParameterTable(training: model.parameters)
    let trainer = try Trainer(model, task, table, TwentySteps.settings, Replicas(threads: 2))
    let batches = task.batches.map { task.batch($0, at: 0) }, totals = BatchTotals(batches)
    let keys = batches.indices.map { RandomKey(seed: 5, step: 1, shard: $0) }
    _ = trainer.wholeBatchLosses(of: trainer.learners[0], batches, keys, totals, isCached: true)
    let parameter = try #require(table.parameters.first { $0.name.hasSuffix("layer.1.output.LayerNorm.weight") })
    let gradient = Array(
      UnsafeBufferPointer(start: trainer.gradients.pointer + (parameter.offset ?? 0), count: parameter.count))
    var along = 0.0
    let direction = gradient.map { Double($0) / gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot() }
    let values = Array(parameter.values)
    for sign in [1.0, -1] {
      for (index, value) in values.enumerated() {
        parameter.values[index] = value + Float(sign * 1e-3 * direction[index])
      }
      along += sign * trainer.wholeBatchLosses(of: trainer.learners[0], batches, keys, totals, isCached: true)[0] / 2e-3
    }
    let norm = gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
    #expect(abs(along - norm) < 2e-3 * norm, "\(along) against \(norm)")
  }
}
