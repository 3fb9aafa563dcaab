/// Faults of the section "model" that the recipe alone shows.
import Files
import TestSupport
import Testing

@testable import Recipes

private let tiny: JSON = ["path": .string(fixture("tiny-bert"))]

private func recipe(_ section: JSON, method: JSON = ["type": "full"]) -> JSON {
  minimalRecipe.with("model", section).with("method", method)
}

@Test(
  arguments: [
    (
      "layers", [],
      "model.layers: found an empty list; expected a list of the folder's layers, counted from 0, or \"alternate\"."
    ),
    (
      "layers", "odd",
      "model.layers: found \"odd\"; expected a list of the folder's layers, counted from 0, or \"alternate\"."
    ),
    ("layers", [0, -1], "model.layers.1: found -1; expected a whole number of at least 0."),
    ("init", "zero", "model.init: found \"zero\"; expected \"checkpoint\" or \"random\"."),
    (
      "family", "gpt2",
      "model.family: found \"gpt2\"; expected \"bert\", \"distilbert\", \"roberta\", \"electra\" or \"modernbert\"."
    ),
    ("config", [1], "model.config: found a list of length 1; expected an object."),
  ] as [(String, JSON, String)])
func `an invalid value is a fault of the recipe`(_ key: String, _ value: JSON, _ message: String)
  throws
{
  #expect(try faults(recipe(tiny.with(key, value))) == [message])
}

@Test func `layers cannot be chosen with random weights`() throws {
  #expect(
    try faults(recipe(tiny.with("init", "random").with("layers", [0]))) == [
      "model.layers: found a list of length 1; expected no value with model.init \"random\"."
    ])
}

@Test(arguments: ["config", "tokenizer", "init"])
func `a path is required unless there are random weights, settings and a tokenizer`(_ absent: String) throws {
  let complete: JSON = ["init": "random", "config": [:], "tokenizer": "t"]
  #expect(try faults(recipe(complete)) == [])
  #expect(
    try faults(recipe(complete.with(absent, nil))) == [
      "model.path: missing; expected the path of a folder with config.json."
    ])
}

@Test func `a tokenizer's folder must contain a tokenizer`() throws {
  try inNewFolder { folder in
    let valid = try shippedRecipe(withFilesIn: folder).with("method", ["type": "full"])
    #expect(
      try faults(valid.with("model.tokenizer", .string(folder)), checkFiles: true) == [
        "model.tokenizer: found \"\(folder)\", a folder without tokenizer.json or vocab.txt or vocab.json; "
          + "expected the path of a folder with tokenizer.json or vocab.txt or vocab.json."
      ])
  }
}

@Test func `the output cannot be the tokenizer's folder`() throws {
  let json = recipe(tiny.with("tokenizer", "t")).with("output", "t/")
  #expect(try faults(json) == ["output: found \"t/\"; expected a folder other than the model's."])
}

@Test func `an adapter needs an unmodified base model`() throws {
  for (key, value): (String, JSON) in [("init", "random"), ("layers", [0]), ("config", [:]), ("family", "bert")] {
    #expect(
      try faults(recipe(tiny.with(key, value), method: ["type": "lora"])) == [
        "model.\(key): found together with method.type \"lora\"; expected an unmodified base model. "
          + "Train and save the modified model with method.type \"full\" first, and use it as 'model.path'."
      ])
  }
}
