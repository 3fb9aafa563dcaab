/// The schema against the decoder: what the one takes the other takes, but for what a schema cannot know.
import Files
import Hashing
import Testing

@testable import Recipes

private let schema = SchemaValidator(root: Recipe.schema)

@Test func `every key has a kind in the schema, and what it says is for`() {
  let values = Recipe.objectSchema.values()
  #expect(values.filter { $0.schema == [:] || $0.about.isEmpty }.map(\.path) == [])
  #expect(Set(values.map(\.path)) == Set(Recipe.keys.map(\.path)))
}

@Test func `the schema takes every recipe that ships, and every random one, also as it is written back`() throws {
  for entry in RecipeLibrary.list(in: ["\(repository)/recipes"]) {
    let json = try JSON(path: entry.path)
    #expect(schema.faults(json) == [], "\(entry.name)")
    if json["extends"] == nil {
      #expect(schema.faults(try Recipe(json: json, checkFiles: false).json) == [], "\(entry.name)")
    }
  }
  for seed in 0..<100 {
    var dice = SplitMix64(seed: UInt64(seed))
    let json = randomRecipe(&dice)
    #expect(schema.faults(json) == [], "\(json.text())")
  }
}

/// Values that are wrong at most keys, right at some.
private let strange: [JSON] = [
  .null, true, 0, -1, 1, 0.5, 1.5, 3.0, 1e39, 1e300, "", "x", "last", [], [1], ["x"], [[0, 1]], [:], ["x": 1],
  ["x": "y"],
]

/// Recipes to change: one of each task, and one with every section.
private let whole: [JSON] = [
  shipped,
  [
    "model": ["path": "m"], "task": ["type": "masked_lm"], "data": ["format": "text", "train": "t", "dev": "d"],
    "method": ["type": "full"], "output": "out", "distillation": ["teachers": "t", "cache": "c", "cosine_weight": 0],
  ],
]

/// Rules between keys, and what needs the world: a schema does not know them.
private func isBeyondSchema(_ fault: RecipeFault) -> Bool {
  let rules = [
    "beside it", "to differ", "at most 1 together", "none: random weights", "another folder than", "less than half of",
    "which is what task.type", "which task.type", "as its folder has it", "no weight for", "at least one term",
    "a 'sgd_momentum' above 0",
  ]
  return fault.path == "model.path" && fault.found == "missing" || fault.found.contains("no regular expression")
    || rules.contains { (fault.expected ?? "").contains($0) }
}

@Test func `schema and decoder agree on every strange value at every key`() {
  var (taken, refused) = (0, 0)
  for base in whole {
    for key in Recipe.keys.map(\.path) + ["model", "task", "data", "method", "distillation", "training"] {
      for value in strange + [nil] {
        compare(base.with(key, value), &taken, &refused)
      }
    }
  }
  #expect(taken > 300 && refused > 1000, "\(taken) \(refused)")
}

@Test func `schema and decoder agree on unknown keys, other variants' keys and two of a pair`() {
  var (taken, refused) = (0, 0)
  for base in whole {
    for section in ["", "model.", "task.", "data.", "method.", "distillation.", "training."] {
      for key in [
        "x", "~seed", "rank", "type", "format", "epochs", "max_steps", "pack", "scheme", "masking", "path",
        "adam_beta1",
        "lion_beta1", "ema",
      ] {
        compare(base.with(section + key, 1), &taken, &refused)
      }
    }
    for (one, other) in [
      ("epochs", "max_steps"), ("batch_size", "max_tokens_per_batch"), ("warmup_ratio", "warmup_steps"),
    ] {
      for value in [1, .null] as [JSON] {
        compare(base.with("training.\(one)", 1).with("training.\(other)", value), &taken, &refused)
      }
    }
    for (path, choice) in Recipe.objectSchema.allChoices() {
      for kind in choice.variants.map(\.kind) {
        for key in choice.foreign(to: kind).sorted() + [choice.key] {
          for value in [0.5, 1, .null, "x"] as [JSON] {
            let chosen = base.with(joinKeyPath(path, choice.key), .string(kind)).with("training.learning_rate", 1e-3)
            compare(key == choice.key ? chosen : chosen.with(joinKeyPath(path, key), value), &taken, &refused)
          }
        }
      }
    }
    let groups: [JSON] = [
      [["match": ["a"]]], [["match": "a.*", "learning_rate": 1]], [["match": ["a"], "learning_rate": 0]], [[:]], [3],
      [["match": [], "learning_rate": 1]], [["match": ["a"], "learning_rate": 1, "learning_rate_ratio": 1]],
      [["match": "a", "x": 1]],
    ]
    for group in groups { compare(base.with("training.groups", group), &taken, &refused) }
    for kind in Recipe.Method.MethodType.allCases {
      compare(base.with("method", ["type": .string(kind.rawValue)]), &taken, &refused)
    }
  }
  #expect(taken > 8 && refused > 100, "\(taken) \(refused)")
}

@Test func `the recipes that are changed here are right`() throws {
  for base in whole { _ = try Recipe(json: base, checkFiles: false) }
}

private func compare(_ json: JSON, _ taken: inout Int, _ refused: inout Int) {
  guard let draft = try? RawRecipe(json, environment: [:]) else { return }
  let faults = Recipe.read(draft, checkFiles: false).faults
  let found = schema.faults(json)
  if faults.isEmpty {
    taken += 1
    #expect(found == [], "refused by the schema alone: \(json.text(pretty: false))")
  } else if !faults.allSatisfy(isBeyondSchema) {
    refused += 1
    #expect(!found.isEmpty, "refused by the decoder alone: \(faults.map(\.description)) \(json.text(pretty: false))")
  }
}

@Test(
  arguments: [
    (["extends": "b.json"], true), (["extends": "b.json", "method": ["rank": 4]], true),
    (["extends": "b.json", "~seed": true, "training": ["~epochs": nil]], true),
    (["extends": "b.json", "~seed": 1], false), (["extends": "b.json", "method": ["rank": 0]], false),
    (["extends": "b.json", "method": ["rnk": 4]], false),
    (["extends": "b.json", "method": ["type": "full", "rank": 4]], false), (["extends": 3], false),
    (["extends": "b.json", "sweep": ["method.rank": [4, 8], "seed": [1]]], true),
    (["extends": "b.json", "sweep": ["task.class_weights.O": [1], "method": [["type": "full"]]]], true),
    (["extends": "b.json", "sweep": ["method.rnk": [4, 8]]], false),
    (["extends": "b.json", "sweep": ["method.rank": [0]]], false),
    (["extends": "b.json", "sweep": ["method.rank": []]], false),
    (["extends": "b.json", "sweep": ["output": ["x"]]], false), (["extends": "b.json", "sweep": [:]], false),
    (["$schema": "x.json", "extends": "b.json", "$scheme": "x"], false), (["$schema": "x.json"], false),
  ] as [(JSON, Bool)])
func `parts of recipes and sweeps have a schema too`(_ json: JSON, _ isFine: Bool) {
  #expect(schema.accepts(json) == isFine, "\(schema.faults(json))")
}

@Test func `a default that depends on another choice is not promised`() {
  let training = Recipe.schema["definitions"]?["whole"]?["properties"]?["training"]?["properties"]
  #expect(training?["learning_rate"]?["default"] == nil && training?["metric_for_best_model"]?["default"] == nil)
  #expect(training?["weight_decay"]?["default"] == 0.01 && training?["schedule"]?["default"] == "linear")
  #expect(training?["learning_rate"]?["description"]?.string?.hasPrefix("The peak") == true)
}
