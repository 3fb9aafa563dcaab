import Encoders
/// Settings of a recipe that change how the run is built.
import Files
import Recipes
import Tasks
import TestSupport
import Testing
import Training

@testable import Runs

@Test(arguments: [true, false]) func `the recipe turns gradient checkpointing on and off`(_ isOn: Bool) throws {
  try inNewFolder { folder in
    try writeFile("a\tO\nb\tB-A\n", to: folder + "/train.tsv")
    let json = minimalRecipe.with("model.path", .string(fixture("tiny-bert"))).with(
      "training.gradient_checkpointing", .bool(isOn)
    )
    .with("data.train", .string(folder + "/train.tsv")).with("output", .string(folder + "/run"))
    #expect(try RunBuilder(Recipe(json: json), threads: 1).build().model.gradientCheckpointing == isOn)
  }
}

@Test(arguments: ["bilou", "auto"]) func `a BILOU corpus trains on IOB2 labels`(_ scheme: JSON) throws {
  try inNewFolder { folder in
    try writeFile("a\tB-C\nb\tI-C\nc\tL-C\n\nb\tU-D\nd\tO\n", to: folder + "/train.tsv")
    let json = minimalRecipe.with("model.path", .string(fixture("tiny-bert"))).with("training.max_steps", 2)
      .with("data.train", .string(folder + "/train.tsv")).with("data.scheme", scheme)
      .with("output", .string(folder + "/run"))
    let recipe = try Recipe(json: json), run = try RunBuilder(recipe, threads: 1).build()
    #expect(recipe.json["data"]?["scheme"] == scheme)
    #expect(run.setup.labels == ["O", "B-C", "B-D", "I-C"])
    #expect(run.notes.contains("tags are converted from BILOU to IOB2"))
    #expect(try run.trainer.run(shouldStop: { false }, report: { _ in }).steps == 2)
  }
}
