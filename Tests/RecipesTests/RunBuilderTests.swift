import Files
import Models
import TestSupport
import Testing

@testable import Recipes

@Test(arguments: [true, false]) func `the recipe says whether blocks are recomputed`(_ recompute: Bool) throws {
  try inNewFolder { folder in
    try writeFile("a\tO\nb\tB-A\n", to: folder + "/train.tsv")
    let json = least.with("model.path", .string(fixture("tiny-bert"))).with(
      "training.gradient_checkpointing", .bool(recompute)
    )
    .with("data.train", .string(folder + "/train.tsv")).with("output", .string(folder + "/run"))
    #expect(try RunBuilder(Recipe(json: json), threads: 1).build().model.gradientCheckpointing == recompute)
  }
}
