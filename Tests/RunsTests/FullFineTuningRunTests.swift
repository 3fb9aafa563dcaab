/// Runs of the method "full" in which some weights are frozen.
import Autograd
import Encoders
import Files
import Kernels
import Recipes
import TestSupport
import Testing
import Training

@testable import Runs

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
