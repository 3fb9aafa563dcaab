/// Which weights the method "full" trains.
import Autograd
import Files
import Kernels
import Models
import TestSupport
import Testing
import Training

@testable import Adapters
@testable import Recipes

private func names(_ change: (inout FullFineTuning) -> Void) throws -> [String] {
  var method = FullFineTuning()
  change(&method)
  return try method.trainableParameters(in: tinyModel()).map(\.name)
}

@Test func `by default nothing is frozen`() throws {
  #expect(try names { _ in } == tinyModel().parameters.map(\.name))
}

@Test func `the last layers and the head are trained`() throws {
  let last = try names { $0.trainLast = 1 }
  #expect(last.allSatisfy { $0.contains("layer.1.") || $0.hasPrefix("classifier") } && last.count == 16 + 2)
  #expect(try names { $0.freezeFirst = 1 } == last)
  #expect(try names { $0.trainLast = 2 } == tinyModel().parameters.map(\.name).filter { !$0.contains(".embeddings.") })
}

@Test func `weights are frozen by names and by regular expressions`() throws {
  let some = try names { $0.freeze = .suffixes(["embeddings", "attention.self", "layer.0"]) }
  #expect(!some.contains { $0.contains("embeddings") || $0.contains("query") || $0.contains("layer.0.") })
  #expect(some.contains { $0.hasSuffix("layer.1.attention.output.dense.weight") })
  let biases = try names { $0.freeze = .pattern(".*\\.weight") }
  #expect(biases.allSatisfy { $0.hasSuffix(".bias") } && biases.count == 2 * 8 + 2)
}

@Test func `names and layers that cannot be frozen are reported`() throws {
  let nothing = #expect(throws: TargetFault.self) { try names { $0.freeze = .suffixes(["embedings"]) } }
  #expect("\(nothing!)".contains("\"embedings\"") && "\(nothing!)".contains("embeddings"))
  let deep = #expect(throws: FreezingFault.self) { try names { $0.trainLast = 3 } }
  #expect("\(deep!)".contains("train_last_layers") && "\(deep!)".contains("2 layers"))
  #expect(throws: FreezingFault.self) { try names { $0.freeze = .pattern(".*") } }
}

@Test func `a run changes exactly the weights that are not frozen`() throws {
  try inNewFolder { folder in
    try writeFile("a\tO\nb\tB-A\n\nb\tB-A\n", to: folder + "/train.tsv")
    let json = minimalRecipe.with("model.path", .string(fixture("tiny-bert")))
      .with("method", ["type": "full", "train_last_layers": 1]).with("data.train", .string(folder + "/train.tsv"))
      .with("output", .string(folder + "/run"))
    let run = try RunBuilder(Recipe(json: json), threads: 1).build(), base = try tinyModel()
    _ = try run.trainer.run(shouldStop: { false }, report: { _ in })
    for (trained, initial) in zip(run.model.parameters, base.parameters) where !trained.name.hasPrefix("classifier") {
      #expect((Array(trained.values) == Array(initial.values)) == !trained.name.contains("layer.1."), "\(trained.name)")
    }
  }
}

@Test func `layer-wise decay lowers the learning rate from layer to layer`() throws {
  var method = FullFineTuning()
  method.layerDecay = 0.5
  let model = try tinyModel()
  let factors = [
    "classifier.weight", "layer.1.output.dense.bias", "layer.0.output.dense.bias", "embeddings.LayerNorm.bias",
  ]
  .map { method.learningRateFactor("bert.encoder." + $0, in: model) }
  #expect(factors == [1, 0.5, 0.25, 0.125])
}

@Test func `a partly frozen model in bf16 is saved with its frozen weights rounded`() throws {
  try inNewFolder { folder in
    try writeFile("a\tO\nb\tB-A\n\nb\tB-A\n", to: folder + "/train.tsv")
    let json = minimalRecipe.with("model.path", .string(fixture("tiny-bert"))).with("precision", "bf16")
      .with("method", ["type": "full", "train_last_layers": 1]).with("data.train", .string(folder + "/train.tsv"))
      .with("output", .string(folder + "/run"))
    let recipe = try Recipe(json: json), run = try RunBuilder(recipe, threads: 1).build()
    let runFolder = try RunFolder(recipe, .new)
    try runFolder.begin()
    _ = try run.execute(in: runFolder, resume: false, shouldStop: { false }, report: { _ in })
    let saved = try TextModel(
      folder: folder + "/run/model", headType: .tokenClassification, classes: 2, reuseHead: true)
    for (found, initial) in zip(saved.parameters, try tinyModel().parameters) where found.name.contains("layer.0.") {
      if found.name.hasSuffix("query.weight") { initial.roundToBF16() }
      if found.name.hasSuffix("query.weight") || found.name.hasSuffix("bias") {
        #expect(Array(found.values) == Array(initial.values), "\(found.name)")
      }
    }
  }
}
