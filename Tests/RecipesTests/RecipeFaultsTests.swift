/// Recipes that are wrong: each kind of fault with its sentence, all of them at once, and hostile ones by the hundred.
import Files
import FoundationEssentials
import Testing

@testable import Recipes

private let lora = least.with("method", ["type": "lora"])

@Test(
  arguments: [
    ("training.epochs", -1, "found -1; expected a number above 0."),
    ("training.epochs", "3", "found \"3\"; expected a number above 0."),
    ("training.epochs", 1e300, "found 1e+300; expected a number above 0, at most 3.4e38."),
    ("training.max_steps", 1.5, "found 1.5; expected a whole number of at least 1."),
    ("training.max_steps", 1e19, "found 1e+19; expected a whole number from 1 to 2147483647."),
    ("training.batch_size", 0, "found 0; expected a whole number of at least 1."),
    ("training.batch_size", true, "found true; expected a whole number of at least 1."),
    ("training.warmup_ratio", 1.5, "found 1.5; expected a number from 0 to 1."),
    ("training.weight_decay", -0.5, "found -0.5; expected a number of at least 0."),
    ("training.adam_beta1", 1, "found 1; expected a number from 0 to below 1."),
    ("training.max_grad_norm", 0, "found 0; expected a number above 0."),
    ("training.max_grad_norm", .double(.nan), "found nan; expected a number above 0."),
    ("training.learning_rate", .null, "found null; expected a number above 0."),
    (
      "training.schedule", "liner",
      "found \"liner\"; expected \"linear\", \"cosine\", \"constant\", \"polynomial\", \"inverse_sqrt\" or "
        + "\"one_cycle\". Did you mean 'linear'?"
    ),
    (
      "training.schedule", 1,
      "found 1; expected \"linear\", \"cosine\", \"constant\", \"polynomial\", \"inverse_sqrt\" or \"one_cycle\"."
    ),
    (
      "training.optimizer", "adam",
      "found \"adam\"; expected \"adamw\", \"sgd\", \"lion\" or \"adafactor\". Did you mean 'adamw'?"
    ),
    ("training.optimizer", "lion", "found \"lion\"; expected 'learning_rate' beside it: its default is AdamW's."),
    ("training.ema", 1, "found 1; expected a number from 0 to below 1."),
    ("training.average_last", 0, "found 0; expected a whole number of at least 1."),
    ("training", [], "found an empty list; expected an object."),
    ("seed", -1, "found -1; expected a whole number of at least 0."),
    ("seed", 1e23, "found 1e+23; expected a whole number from 0 to 9223372036854775807."),
    ("about", "", "found \"\"; expected a text."),
    ("about", ["x"], "found a list of 1; expected a text."),
    ("output", "", "found \"\"; expected the path of a folder, which is made when it is missing."),
    ("output", "m/", "found \"m/\"; expected another folder than the model's."),
    ("model.path", nil, "missing; expected the path of a folder with config.json."),
    ("model.path", "a\0b", "found \"a\\u{0}b\"; expected the path of a folder with config.json."),
    ("task.type", "ner", "found \"ner\"; expected \"token_classification\" or \"masked_lm\"."),
    ("task.class_weights", 3, "found 3; expected an object, each value a number above 0."),
    ("data.format", nil, "missing; expected \"conll\" or \"text\"."),
    (
      "data.format", "text",
      "found \"text\"; expected \"conll\", which is what task.type \"token_classification\" learns from."
    ),
    ("distillation", 1, "found 1; expected an object."),
    ("data.max_length", 7, "found 7; expected a whole number of at least 8."),
    ("data.word_column", -1, "found -1; expected \"first\", \"last\" or a column's number, counted from 0."),
    ("data.word_column", "last", "found \"last\"; expected word_column and label_column to differ."),
    (
      "method.type", "lroa",
      "found \"lroa\"; expected \"full\", \"lora\", \"adalora\", \"houlsby\", \"pfeiffer\", \"prompt\", \"prefix\", \"ia3\", \"vera\", "
        + "\"layer_norm\", \"bitfit\" or \"head\". Did you mean 'lora'?"
    ),
  ] as [(String, JSON?, String)])
func `a wrong value is named with its key, what was found and what may stand there`(
  _ key: String, _ value: JSON?, _ sentence: String
) throws {
  #expect(try faults(least.with(key, value)) == ["\(key): \(sentence)"])
}

@Test(
  arguments: [
    ("method.dropout", 1, "method.dropout: found 1; expected a number from 0 to below 1."),
    ("method.use_rslora", "yes", "method.use_rslora: found \"yes\"; expected true or false."),
    (
      "method.target_modules", [],
      "method.target_modules: found an empty list; expected a list that is not empty."
    ),
    ("method.target_modules", ["query", 3], "method.target_modules.1: found 3; expected a text."),
    (
      "method.target_modules", "(",
      "method.target_modules: found \"(\", no regular expression (expected ')'); "
        + "expected a list of module names, a regular expression or \"all-linear\"."
    ),
    (
      "method.exclude_modules", "all-linear",
      "method.exclude_modules: found \"all-linear\"; expected a list of module names or a regular expression."
    ),
    ("method.rank_pattern", ["q": 0], "method.rank_pattern.q: found 0; expected a whole number of at least 1."),
    (
      "method.layers_to_transform", "1",
      "method.layers_to_transform: found \"1\"; "
        + "expected a layer's number, counted from 0, or a list of such numbers that is not empty."
    ),
    (
      "method.layers_to_transform", [0, -1],
      "method.layers_to_transform.1: found -1; expected a whole number of at least 0."
    ),
    (
      "method.bias", "non",
      "method.bias: found \"non\"; expected \"none\", \"all\" or \"lora_only\". Did you mean 'none'?"
    ),
  ] as [(String, JSON, String)])
func `a wrong option of LoRA is named`(_ key: String, _ value: JSON, _ sentence: String) throws {
  #expect(try faults(lora.with(key, value)) == [sentence])
}

@Test(arguments: [
  ("training.ephocs", "Did you mean 'epochs'?"),
  ("training.num_train_epochs", "Did you mean 'epochs'?"),
  ("training.warmup", "Did you mean 'warmup_ratio'?"),
  ("learning_rate", "Did you mean 'training.learning_rate'?"),
  ("trainning", "Did you mean 'training'?"),
  ("method.lora_alpha", "Did you mean 'alpha'?"),
  ("training.esc\u{1B}[2J", nil),
])
func `an unknown key is told its nearest`(_ key: String, _ advice: String?) throws {
  let found = try faults(lora.with(key, 1))
  #expect(found.count == 1)
  if let advice {
    #expect(found.first == "\(key): unknown key. \(advice)")
  } else {
    #expect(found.first?.hasPrefix("training.esc\\u{1b}[2J: unknown key; expected one of adam_beta1, ") == true)
  }
}

@Test func `a key of another method is told where it belongs`() throws {
  #expect(
    try faults(least.with("method.rank", 8)) == [
      "method.rank: unknown key. It belongs to method.type \"lora\" or \"vera\", and this one is \"full\". "
        + "Remove it (on the command line: method.rank=null), or change method.type."
    ])
}

@Test(arguments: [
  ("schedule_power", "cosine", "\"polynomial\"", "schedule"),
  ("schedule_min_lr_rate", "linear", "\"cosine\" or \"polynomial\"", "schedule"),
  ("warmup_steps", "one_cycle", nil, "schedule"),
  ("schedule_div_factor", "constant", "\"one_cycle\"", "schedule"),
  ("sgd_momentum", "adamw", "\"sgd\"", "optimizer"), ("adam_beta1", "lion", "\"adamw\"", "optimizer"),
])
func `an option that the chosen schedule or optimizer does not read is an error`(
  _ key: String, _ kind: String, _ owner: String?, _ choice: String
) throws {
  let json = least.with("training.\(choice)", .string(kind)).with("training.learning_rate", 1e-3)
  #expect(try faults(json) == [])
  let found = try faults(json.with("training.\(key)", 0.5))
  let others = owner ?? "\"linear\", \"cosine\", \"constant\", \"polynomial\" or \"inverse_sqrt\""
  #expect(
    found == [
      "training.\(key): unknown key. It belongs to training.\(choice) \(others), and this one is \"\(kind)\". "
        + "Remove it (on the command line: training.\(key)=null), or change training.\(choice)."
    ])
  #expect(try faults(json.with("training.\(key)", 0.5), "training.\(key)=null") == [])
}

@Test(
  arguments: [
    ([["learning_rate": 1e-3]], "training.groups.0: found an object; expected an object with 'match' and"),
    ([["match": ["x"]]], "training.groups.0: found 'match' alone; expected"),
    (
      [["match": "(", "weight_decay": 0]], "training.groups.0.match: found \"(\", no regular expression (expected ')')"
    ),
    ([["match": [], "weight_decay": 0]], "training.groups.0.match: found an empty list"),
    ([["match": ["x"], "weight_dceay": 0]], "training.groups.0.weight_dceay: unknown key; expected one of match, "),
    (
      [["match": ["x"], "learning_rate": 1, "learning_rate_ratio": 2]],
      "training.groups.0.learning_rate_ratio: found beside 'learning_rate'; expected one of the two."
    ),
    ([["match": ["x"], "learning_rate": 0]], "training.groups.0.learning_rate: found 0; expected a number above 0."),
  ] as [(JSON, String)])
func `a wrong group is named`(_ groups: JSON, _ start: String) throws {
  let found = try faults(least.with("training.groups", groups))
  #expect(found.count == 1 && found[0].hasPrefix(start), "\(found)")
}

@Test(arguments: [
  ("average_last", "metric_for_best_model", "\"f1\""), ("average_last", "early_stopping_patience", "2"),
])
func `where the last weights are averaged none is chosen`(_ one: String, _ other: String, _ value: String) throws {
  let found = try faults(least, "data.dev=d.tsv", "training.\(one)=3", "training.\(other)=\(value)")
  #expect(found.count == 1 && found[0].hasPrefix("training.\(other): found beside '\(one)'"), "\(found)")
}

@Test(arguments: [
  ("ema", "average_last"), ("epochs", "max_steps"), ("batch_size", "max_tokens_per_batch"),
  ("warmup_ratio", "warmup_steps"),
])
func `of two keys for one thing only one is given`(_ one: String, _ other: String) throws {
  let json = least.with("training.\(one)", one == "ema" ? 0.5 : 1).with("training.\(other)", 1)
  #expect(
    try faults(json) == [
      "training.\(other): found beside '\(one)'; expected one of the two. "
        + "Remove one, or unset it with 'training.\(one)=null'."
    ])
  #expect(try faults(json, "training.\(one)=null") == [])
}

@Test(arguments: [("metric_for_best_model", "\"f1\""), ("early_stopping_patience", "3"), ("eval_steps", "9")])
func `what is chosen on dev needs dev`(_ key: String, _ value: String) throws {
  #expect(
    try faults(least, "training.\(key)=\(value)") == [
      "training.\(key): found \(value); expected 'data.dev' beside it. Add 'data.dev' or remove 'training.\(key)'."
    ])
  #expect(try faults(least, "training.\(key)=\(value)", "data.dev=d.tsv") == [])
  #expect(try faults(least, "training.\(key)=\(value)", "data=3") == ["data: found 3; expected an object."])
}

@Test func `a stride is less than half a window`() throws {
  let json = least.with("data.max_length", 64).with("data.stride", 32)
  #expect(try faults(json) == ["data.stride: found 32; expected less than half of max_length, which is 64."])
  #expect(try faults(json.with("data.stride", 31)) == [])
}

@Test func `all faults come at once, by key, as text and as JSON`() throws {
  let text =
    #"{"model": {"paht": "m"}, "method": {"type": "full"}, "training": {"epochs": 0}, "seed": 1.5}"#
  let error = try #require(throws: RecipeFaults.self) { try Recipe(text: text, named: "r.json", checkFiles: false) }
  #expect(
    error.description == """
      r.json: 8 faults
        data.format: missing; expected "conll" or "text".
        data.train: missing; expected the path of a file, or a list of such paths.
        model.paht: unknown key. Did you mean 'path'?
        model.path: missing; expected the path of a folder with config.json.
        output: missing; expected the path of a folder, which is made when it is missing.
        seed: found 1.5; expected a whole number of at least 0.
        task.type: missing; expected "token_classification" or "masked_lm".
        training.epochs: found 0; expected a number above 0.
      """)
  #expect(
    error.json.array?[2] == [
      "key": "model.paht", "found": "unknown key", "expected": .null, "advice": "Did you mean 'path'?",
      "message": "model.paht: unknown key. Did you mean 'path'?", "file": .null, "runs": [],
    ])
}

@Test func `a recipe that is no object is one fault`() throws {
  #expect(try faults([1]) == ["the recipe: found a list of 1; expected an object."])
}

@Test func `a missing file is told the nearest name`() throws {
  try inNewFolder { folder in
    let good = try furnish(folder)
    #expect(try faults(good, checkFiles: true) == [])
    #expect(
      try faults(good, "data.train=\(folder)/shared/data/ncbi-disease/trian.tsv", checkFiles: true) == [
        "data.train: found \"\(folder)/shared/data/ncbi-disease/trian.tsv\", "
          + "but \"\(folder)/shared/data/ncbi-disease\" has no \"trian.tsv\"; expected the path of a file. "
          + "Did you mean '\(folder)/shared/data/ncbi-disease/train.tsv'?"
      ])
    #expect(
      try faults(good, "model.path=\(folder)/sharde/models/minilm-l6", checkFiles: true) == [
        "model.path: found \"\(folder)/sharde/models/minilm-l6\", but \"\(folder)\" has no \"sharde\"; "
          + "expected the path of a folder with config.json. Did you mean '\(folder)/shared/models/minilm-l6'?"
      ])
    #expect(
      try faults(good, "model.path=\(folder)/shared/models/minilm", checkFiles: true)[0]
        .hasSuffix("Did you mean '\(folder)/shared/models/minilm-l6'?"))
    #expect(
      try faults(good, "data.dev=nowhere-to-be-found.tsv", checkFiles: true) == [
        "data.dev: found \"nowhere-to-be-found.tsv\", but \".\" has no \"nowhere-to-be-found.tsv\"; "
          + "expected the path of a file."
      ])
  }
}

@Test func `a path of the wrong kind is told so`() throws {
  try inNewFolder { folder in
    let good = try furnish(folder)
    let file = "\(folder)/shared/data/ncbi-disease/test.tsv"
    #expect(
      try faults(good, "data.train=\(folder)/shared", checkFiles: true) == [
        "data.train: found \"\(folder)/shared\", a folder; expected the path of a file."
      ])
    #expect(
      try faults(good, "model.path=\(folder)/shared", checkFiles: true) == [
        "model.path: found \"\(folder)/shared\", a folder without config.json; "
          + "expected the path of a folder with config.json."
      ])
    #expect(
      try faults(good, "model.path=\(file)", checkFiles: true) == [
        "model.path: found \"\(file)\", a file; expected the path of a folder with config.json."
      ])
    #expect(
      try faults(good, "output=\(file)/out", checkFiles: true) == [
        "output: found \"\(file)/out\", but \"\(file)\" is a file; expected the path of a folder."
      ])
  }
}

@Test func `a recipe file that is not there is a fault of the file`() {
  #expect(throws: FileFault.missing(path: "no/such.json")) { try Recipe.load(path: "no/such.json") }
}
