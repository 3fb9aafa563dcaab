/// The JSON Schema against the reader of recipes: both accept the same values. The exceptions are rules that a schema
/// cannot express.
import Files
import TestSupport
import Testing

@testable import Recipes

private let schema = SchemaValidator(root: Recipe.schema)

@Test func `every key has a type and a description in the schema`() {
  let values = Recipe.objectSchema.values()
  #expect(values.filter { $0.schema == [:] || $0.about.isEmpty }.map(\.path) == [])
  #expect(Set(values.map(\.path)) == Set(Recipe.keys.map(\.path)))
}

@Test func `the schema accepts every shipped recipe, resolved recipes and random ones`() throws {
  for entry in RecipeLibrary.list(in: "\(repository)/recipes") {
    let json = try JSON(path: entry.path)
    #expect(schema.faults(json) == [], "\(entry.name)")
    if json["extends"] == nil {
      #expect(schema.faults(try Recipe(json: json, checkFiles: false).json) == [], "\(entry.name)")
    }
  }
  for json in randomRecipes { #expect(schema.faults(json) == [], "\(json.text())") }
}

/// Values that are wrong for most keys and right for some.
private let strange: [JSON] = [
  .null, true, 0, -1, 1, 0.5, 1.5, 3.0, 1e39, 1e300, "", "x", "last", [], [1], ["x"], [[0, 1]], [:], ["x": 1],
  ["x": "y"], "rank", "2*rank", "0.05*rank", "0*rank", "-1*rank", "1e2*rank", "rank*2", "2*Rank", " rank",
]

/// Recipes to change: one for each task; together they have every section.
private let bases: [JSON] = [
  shipped,
  [
    "model": ["path": "m"], "task": ["type": "masked_lm"], "data": ["format": "text", "train": "t", "dev": "d"],
    "method": ["type": "full"], "output": "out", "distillation": ["teachers": "t", "cache": "c", "cosine_weight": 0],
  ],
]

/// Whether the fault is about a rule between keys, or an invalid regular expression: a schema cannot express these.
private func isBeyondSchema(_ fault: RecipeFault) -> Bool {
  let rules = [
    "to be set as well", "to differ", "random_replace_prob to be at most 1", "no value with model.init",
    "a folder other than", "less than half of", "for task.type",
    "'kl_weight' above 0, and 0 for", "at least one weight", "a 'sgd_momentum' above 0", "no value beside 'data.",
    "no value with running text",
  ]
  return fault.path == "model.path" && fault.found == "missing" || fault.found.contains("not a regular expression")
    || rules.contains { (fault.expected ?? "").contains($0) }
}

@Test func `schema and reader agree on every strange value at every key`() {
  var (accepted, refused) = (0, 0)
  for base in bases {
    for key in Recipe.keys.map(\.path) + ["model", "task", "data", "method", "distillation", "training"] {
      for value in strange + [nil] {
        compare(base.with(key, value), &accepted, &refused)
      }
    }
  }
  #expect(accepted > 300 && refused > 1000, "\(accepted) \(refused)")
}

@Test func `schema and reader agree on unknown keys, other variants' keys and keys that exclude each other`() {
  var (accepted, refused) = (0, 0)
  for base in bases {
    for section in ["", "model.", "task.", "data.", "method.", "distillation.", "training."] {
      for key in [
        "x", "~seed", "rank", "type", "format", "epochs", "max_steps", "pack", "scheme", "masking", "path",
        "adam_beta1",
        "lion_beta1", "ema_decay",
      ] {
        compare(base.with(section + key, 1), &accepted, &refused)
      }
    }
    for (first, second) in [
      ("epochs", "max_steps"), ("batch_size", "max_tokens_per_batch"), ("warmup_ratio", "warmup_steps"),
    ] {
      for value in [1, .null] as [JSON] {
        compare(base.with("training.\(first)", 1).with("training.\(second)", value), &accepted, &refused)
      }
    }
    for (path, choice) in Recipe.objectSchema.allChoices() {
      for variant in choice.variants.map(\.name) {
        for key in choice.keysOnlyInOtherVariants(than: variant).sorted() + [choice.key] {
          for value in [0.5, 1, .null, "x"] as [JSON] {
            let chosen = base.with(joinKeyPath(path, choice.key), .string(variant)).with("training.learning_rate", 1e-3)
            compare(key == choice.key ? chosen : chosen.with(joinKeyPath(path, key), value), &accepted, &refused)
          }
        }
      }
    }
    let groups: [JSON] = [
      [["match": ["a"]]], [["match": "a.*", "learning_rate": 1]], [["match": ["a"], "learning_rate": 0]], [[:]], [3],
      [["match": [], "learning_rate": 1]], [["match": ["a"], "learning_rate": 1, "learning_rate_ratio": 1]],
      [["match": "a", "x": 1]],
    ]
    for group in groups { compare(base.with("training.groups", group), &accepted, &refused) }
    for type in Recipe.Method.MethodType.allCases {
      compare(base.with("method", ["type": .string(type.rawValue)]), &accepted, &refused)
    }
  }
  #expect(accepted > 8 && refused > 100, "\(accepted) \(refused)")
}

@Test func `schema and reader agree on what the base of an adapter may be`() {
  var (accepted, refused) = (0, 0)
  let values: [(String, [JSON])] = [
    ("init", ["checkpoint", "random"]), ("layers", [[0, 1], "alternate", .null]), ("config", [[:], .null]),
    ("tokenizer", ["t", .null]), ("family", ["bert", .null]), ("dropout", [0.1]),
  ]
  for type in Recipe.Method.MethodType.allCases {
    for (key, values) in values {
      for value in values {
        let recipe = minimalRecipe.with("method.type", .string(type.rawValue)).with("model.\(key)", value)
        compare(recipe, &accepted, &refused)
      }
    }
  }
  let adapters = Recipe.Method.MethodType.allCases.count - 1
  #expect(refused == adapters * 6, "\(accepted) \(refused)")
}

@Test func `the recipes to change are valid`() throws {
  for base in bases { _ = try Recipe(json: base, checkFiles: false) }
}

private func compare(_ json: JSON, _ accepted: inout Int, _ refused: inout Int) {
  guard let rawRecipe = try? RawRecipe(json, environment: [:]) else { return }
  let faults = Recipe.read(rawRecipe, checkFiles: false).faults
  let found = schema.faults(json)
  if faults.isEmpty {
    accepted += 1
    #expect(found == [], "refused only by the schema: \(json.text(pretty: false))")
  } else if !faults.allSatisfy(isBeyondSchema) {
    refused += 1
    #expect(!found.isEmpty, "refused only by the reader: \(faults.map(\.description)) \(json.text(pretty: false))")
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
    (["extends": "b.json", "sweep": ["method.alpha": ["rank", "2*rank", 8]]], true),
    (["extends": "b.json", "sweep": ["method.alpha": ["rang"]]], false),
    (["extends": "b.json", "model": ["layers": [0]], "method": ["type": "lora"]], false),
    (["extends": "b.json", "model": ["layers": [0]], "method": ["rank": 2]], true),
    (["extends": "b.json", "sweep": ["method.rnk": [4, 8]]], false),
    (["extends": "b.json", "sweep": ["method.rank": [0]]], false),
    (["extends": "b.json", "sweep": ["method.rank": []]], false),
    (["extends": "b.json", "sweep": ["output": ["x"]]], false), (["extends": "b.json", "sweep": [:]], false),
    (["$schema": "x.json", "extends": "b.json", "$scheme": "x"], false), (["$schema": "x.json"], false),
  ] as [(JSON, Bool)])
func `the schema covers parts of recipes and sweeps`(_ json: JSON, _ isValid: Bool) {
  #expect(schema.accepts(json) == isValid, "\(schema.faults(json))")
}

@Test func `the schema has no default for keys whose default depends on a choice`() {
  let training = Recipe.schema["definitions"]?["whole"]?["properties"]?["training"]?["properties"]
  #expect(training?["learning_rate"]?["default"] == nil && training?["metric_for_best_model"]?["default"] == nil)
  #expect(training?["weight_decay"]?["default"] == 0.01 && training?["schedule"]?["default"] == "linear")
  #expect(training?["learning_rate"]?["description"]?.string?.hasPrefix("Peak") == true)
}
