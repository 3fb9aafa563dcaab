/// Recipes that extend others or use the environment and files.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Recipes

/// Writes `files` to a folder and reads the first one: its raw recipe, and the messages of its faults.
private func read(
  _ files: (String, JSON)..., overrides: [String] = [], setFiles: [String] = [], environment: [String: String] = [:]
) throws -> (tree: JSON, faults: [String]) {
  try inNewFolder { folder in
    for (name, json) in files {
      if let slash = name.lastIndex(of: "/") { try makeFolder("\(folder)/\(name[..<slash])") }
      try writeFile(json.text(), to: "\(folder)/\(name)")
    }
    do {
      let rawRecipe = try RawRecipe(
        path: "\(folder)/\(files[0].0)", overrides: overrides,
        setFiles: setFiles.map { $0.replacing("@", with: folder) },
        environment: environment)
      let faults = Recipe.read(rawRecipe, checkFiles: false).faults
      return (rawRecipe.json, faults.map { $0.description.replacing(folder + "/", with: "") })
    } catch let error as RecipeFaults {
      return (.null, error.faults.map { $0.description.replacing(folder + "/", with: "") })
    }
  }
}

@Test func `objects are merged recursively, lists and scalars replaced, along a chain of files`() throws {
  let (tree, faults) = try read(
    ("a.json", ["extends": "deep/b.json", "seed": 3, "method": ["rank": 4], "data": ["train": ["x", "y"]]]),
    ("deep/b.json", ["extends": "../c.json", "seed": 2, "method": ["alpha": 32]]), ("c.json", shipped))
  #expect(faults == [])
  #expect(
    tree
      == shipped.with("seed", 3).with("method.rank", 4).with("method.alpha", 32).with("data.train", ["x", "y"]))
}

@Test func `a key with a tilde deletes the inherited key, so that a new value replaces it as a whole`() throws {
  let (tree, faults) = try read(
    (
      "a.json",
      [
        "extends": "b.json", "training": ["~weight_decay": true, "~epochs": .null, "max_steps": 5], "~method": true,
        "method": ["type": "lora"],
      ]
    ), ("b.json", shipped))
  #expect(faults == [])
  let expected = shipped.with("training.weight_decay", nil).with("training.epochs", nil).with("training.max_steps", 5)
  #expect(tree == expected.with("method", ["type": "lora"]))
}

@Test func `null in a file unsets the inherited key, but not in the first file`() throws {
  let training: JSON = ["learning_rate": .null, "max_grad_norm": .null]
  let (tree, faults) = try read(
    ("a.json", ["extends": "b.json", "training": training, "method": ["alpha": .null]]), ("b.json", shipped))
  #expect(faults == [])
  let expected = shipped.with("training.learning_rate", nil).with("training.max_grad_norm", .null)
  #expect(tree == expected.with("method.alpha", nil))
  let first = try read(("b.json", shipped.with("training.learning_rate", .null))).faults
  #expect(first == ["training.learning_rate: found null; expected a number above 0."])
}

@Test func `a deletion of a missing key, or with a value, is a fault`() throws {
  let found = try read(
    (
      "a.json",
      ["extends": "b.json", "training": ["~weight_dcay": true, "~epochs": 3], "distillation": ["~soft": true]]
    ), ("b.json", shipped)
  ).faults
  #expect(
    found.contains {
      $0.hasPrefix(
        "training.~weight_dcay: found a deletion of a key that is not inherited; expected one of batch_size,")
        && $0.hasSuffix("Did you mean '~weight_decay'?")
    })
  #expect(found.contains("training.~epochs: found 3; expected true, which deletes the key."))
  #expect(found.contains { $0.hasPrefix("distillation.~soft: found a deletion") })
  let withoutBase = try read(("a.json", shipped.with("~seed", true))).faults
  #expect(
    withoutBase.contains(
      "~seed: found a deletion of a key that is not inherited; "
        + "expected a deletion only in a file that extends another."))
}

@Test func `another type drops keys that only the former type has, from a file and from the command line`() throws {
  let base = shipped.with("method.use_rslora", true)
  let (tree, faults) = try read(("a.json", ["extends": "b.json", "method": ["type": "full"]]), ("b.json", base))
  #expect(faults == [] && tree["method"] == ["type": "full"])
  let (overridden, none) = try read(("b.json", base), overrides: ["method.type=full"])
  #expect(none == [] && overridden["method"] == ["type": "full"])
  let sgd = try read(
    ("a.json", ["extends": "b.json", "training": ["optimizer": "sgd", "schedule": "one_cycle"]]),
    ("b.json", base.with("training.adam_beta2", 0.98)))
  #expect(sgd.faults == [] && sgd.tree["training"]?["adam_beta2"] == nil)
  #expect(sgd.tree["training"]?["warmup_ratio"] == nil && sgd.tree["training"]?["epochs"] == 3)
  // Keys that both types have are kept, and so are keys of the same file or command line.
  let task = try read(
    ("a.json", ["extends": "b.json", "data": ["format": "text"], "task": ["type": "masked_lm"]]),
    ("b.json", base.with("data.scheme", "iob1").with("task.label_smoothing", 0.1)))
  #expect(task.faults == [] && task.tree["data"]?["train"] == base["data"]?["train"])
  let sameFile = try read(("a.json", ["extends": "b.json", "method": ["type": "full", "rank": 2]]), ("b.json", base))
  #expect(
    sameFile.faults.count == 1 && sameFile.faults[0].hasPrefix("method.rank: unknown key. It belongs to method.type"))
  let sameLine = try read(("b.json", base), overrides: ["method.rank=2", "method.type=full"])
  #expect(sameLine.faults.count == 1 && sameLine.faults[0].hasPrefix("method.rank: unknown key"))
}

@Test func `cyclic chains, long chains and missing files are reported`() throws {
  let cycle = try read(
    ("a.json", ["extends": "b.json"]), ("b.json", ["extends": "./c.json"]), ("c.json", ["extends": "b.json"])
  ).faults
  #expect(
    cycle == [
      "extends: found a cycle: b.json → ./c.json → ./b.json; "
        + "expected a chain of files without a cycle. Remove one of these 'extends'."
    ])
  let missing = try read(("a.json", ["extends": "nope.json"])).faults
  #expect(
    missing == [
      "extends: found \"nope.json\", but nope.json does not exist; "
        + "expected the path of a recipe, relative to this file's folder."
    ])
  #expect(
    try read(("a.json", ["extends": 3])).faults == [
      "extends: found 3; expected the path of a recipe, relative to this file's folder."
    ])
  try inNewFolder { folder in
    for index in 0..<20 { try writeFile(#"{"extends": "\#(index + 1).json"}"#, to: "\(folder)/\(index).json") }
    let error = try #require(throws: RecipeFaults.self) { try Recipe.load(path: "\(folder)/0.json") }
    #expect(error.faults[0].found == "found a chain of more than 16 files")
    #expect(error.file == "\(folder)/15.json")
    try writeFile("{\"extends\": ", to: "\(folder)/3.json")
    let broken = try #require(throws: FileFault.self) { try Recipe.load(path: "\(folder)/0.json") }
    #expect("\(broken)".hasPrefix("\(folder)/3.json: not valid JSON"))
  }
}

@Test func `a fault names the file of the value, if it is not the recipe's own`() throws {
  let found = try read(
    ("a.json", ["extends": "b.json", "seed": -1, "method": ["rank": 0]]),
    (
      "b.json", shipped.with("training.epochs", -1).with("training.epocs", 1).with("method.dropout", 2).with("seed", -2)
    ),
    overrides: ["training.batch_size=0"]
  ).faults
  #expect(
    found.sorted() == [
      "method.dropout in b.json: found 2; expected a number from 0 to below 1.",
      "method.rank: found 0; expected a whole number of at least 1.",
      "seed: found -1; expected a whole number of at least 0.",
      "training.batch_size: found 0; expected a whole number of at least 1.",
      "training.epochs in b.json: found -1; expected a number above 0.",
      "training.epocs in b.json: unknown key. Did you mean 'epochs'?",
    ])
}

@Test func `environment variables are expanded, with defaults and escapes`() throws {
  let (tree, faults) = try read(
    (
      "a.json",
      shipped.with("about", "$${env:X} costs $5 ${env:A}${env:B:-b}${env:EMPTY:-c}${env:D:-}.").with(
        "data.train", ["${env:A}/t", "u"]
      ).with("extends", "${env:A}.json")
    ), ("x y.json", ["seed": 1]), overrides: ["output=${env:A}"], environment: ["A": "x y", "EMPTY": ""])
  #expect(faults == [])
  #expect(tree["about"] == "${env:X} costs $5 x ybc.")
  #expect(tree["data"]?["train"] == ["x y/t", "u"] && tree["output"] == "x y")
}

@Test(arguments: [
  (
    "${env:NOPE}",
    "found ${env:NOPE}, but NOPE is not set; expected an environment variable that is set. "
      + "Set it, or give a default: ${env:NOPE:-default}."
  ),
  ("${evn:NOPE}", "found \"${evn:NOPE\"; expected"), ("${env:}", "found \"${env:\"; expected"),
  ("${env:A", "found \"${env:A\"; expected"), ("a${env:A:b}", "found \"${env:A:b\"; expected"),
])
func `a string that cannot be expanded is one fault`(_ text: String, _ message: String) throws {
  let found = try read(("a.json", shipped.with("data.train", ["x", .string(text)])), environment: ["A": "a"]).faults
  #expect(found.count == 1 && found[0].hasPrefix("data.train.1: \(message)"), "\(found)")
}

@Test func `a string with dollar signs is written and read back`() throws {
  for text in ["${env:X}", "$${", "a$", "$$${env:Y}$", "${"] {
    let recipe = try Recipe(json: minimalRecipe.with("about", Environment.escape(.string(text))), checkFiles: false)
    #expect(recipe.about == text)
    #expect(try Recipe(json: recipe.json, checkFiles: false) == recipe)
  }
}

@Test func `a setting from a file is JSON or a string, and is not expanded`() throws {
  let (tree, faults) = try read(
    ("a.json", shipped), ("weights.json", ["O": 0.5]), ("about.json", "${env:X}"), overrides: ["about=y"],
    setFiles: ["task.class_weights=@/weights.json", "about=@/about.json"])
  #expect(faults == [])
  #expect(tree["task"]?["class_weights"] == ["O": 0.5] && tree["about"] == "${env:X}")
  try inNewFolder { folder in
    try writeFile("two\nlines\n\n", to: "\(folder)/text")
    try writeFile("{\"O\": -1}", to: "\(folder)/weights.json")
    try writeFile(minimalRecipe.text(), to: "\(folder)/r.json")
    let recipe = try Recipe.load(path: "\(folder)/r.json", setFiles: ["about=\(folder)/text"], checkFiles: false)
    #expect(recipe.about == "two\nlines\n")
    let error = try #require(throws: RecipeFaults.self) {
      try Recipe.load(
        path: "\(folder)/r.json",
        setFiles: ["task.class_weights=\(folder)/weights.json", "about=\(folder)/none", "seed"], checkFiles: false)
    }
    #expect(
      error.faults.map(\.description) == [
        "about: found --set-file with \"\(folder)/none\"; expected a readable file. "
          + "\(folder)/none: no such file or folder. Paths are relative to the working directory.",
        "seed: found the --set-file \"seed\"; expected key.path=FILE, as in task.class_weights=weights.json.",
        "task.class_weights.O in \(folder)/weights.json: found -1; expected a number above 0.",
      ])
  }
}

@Test func `a recipe extends that of a run by the run's folder`() throws {
  try inNewFolder { folder in
    try makeFolder(folder + "/runs/x")
    try writeFile(minimalRecipe.with("seed", 9).text(), to: folder + "/runs/x/recipe.json")
    try writeFile(#"{"extends": "runs/x", "output": "y"}"#, to: folder + "/r.json")
    let recipe = try Recipe.load(path: folder + "/r.json", checkFiles: false)
    #expect(recipe.seed == 9 && recipe.output == "y")
  }
}
