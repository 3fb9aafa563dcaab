/// Settings of a recipe that change how the run is built.
import Files
import Models
import TestSupport
import Testing

@testable import Recipes

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
