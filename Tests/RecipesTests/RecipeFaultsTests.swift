/// Faulty recipes: the message of each fault, and all faults reported at once.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Recipes

private let lora = minimalRecipe.with("method", ["type": "lora"])

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
    (
      "training.optimizer", "lion",
      "found \"lion\"; expected 'learning_rate' to be set as well, because its default is AdamW's."
    ),
    ("training.ema_decay", 1, "found 1; expected a number from 0 to below 1."),
    ("training.average_last_evals", 0, "found 0; expected a whole number of at least 1."),
    ("training", [], "found an empty list; expected an object."),
    ("seed", -1, "found -1; expected a whole number of at least 0."),
    ("seed", 1e23, "found 1e+23; expected a whole number from 0 to 9223372036854775807."),
    ("about", "", "found \"\"; expected a non-empty string."),
    ("about", ["x"], "found a list of length 1; expected a non-empty string."),
    ("output", "", "found \"\"; expected the path of a folder, which is created if it is missing."),
    (
      "output", "a\u{1B}[2J",
      "found \"a\\u{1b}[2J\", with a control character; expected the path of a folder, which is created if it is missing."
    ),
    ("output", "m/", "found \"m/\"; expected a folder other than the model's."),
    ("model.path", nil, "missing; expected the path of a folder with config.json."),
    (
      "model.path", "a\0b",
      "found \"a\\u{0}b\", with a control character; expected the path of a folder with config.json."
    ),
    (
      "task.type", "ner",
      "found \"ner\"; expected \"token_classification\", \"sequence_classification\", \"relation_extraction\", "
        + "\"multi_label_classification\", \"regression\", \"extractive_qa\", \"embedding\" or \"masked_lm\". Did you mean 'token_classification'?"
    ),
    ("task.class_weights", 3, "found 3; expected an object, each value a number above 0."),
    (
      "data.format", nil, "missing; expected \"conll\", \"squad\", \"text\", \"jsonl\", \"tsv\", \"csv\" or \"bioasq\"."
    ),
    (
      "data.format", "text",
      "found \"text\"; expected \"conll\" for task.type \"token_classification\"."
    ),
    ("distillation", 1, "found 1; expected an object."),
    ("data.max_length", 7, "found 7; expected a whole number of at least 8."),
    ("data.word_column", -1, "found -1; expected \"first\", \"last\" or a column index, counted from 0."),
    ("data.word_column", "last", "found \"last\"; expected word_column and label_column to differ."),
    (
      "method.type", "lroa",
      "found \"lroa\"; expected \"full\", \"lora\", \"adalora\", \"houlsby\", \"pfeiffer\", \"prompt\", \"prefix\", "
        + "\"ia3\", \"vera\", \"layer_norm\", \"bitfit\", \"head\" or \"trainable_tokens\". Did you mean 'lora'?"
    ),
  ] as [(String, JSON?, String)])
func `a wrong value is reported with its key, the found value and the expected values`(
  _ key: String, _ value: JSON?, _ message: String
) throws {
  #expect(try faults(minimalRecipe.with(key, value)) == ["\(key): \(message)"])
}

@Test(
  arguments: [
    ("method.dropout", 1, "method.dropout: found 1; expected a number from 0 to below 1."),
    ("method.use_rslora", "yes", "method.use_rslora: found \"yes\"; expected true or false."),
    (
      "method.target_modules", [],
      "method.target_modules: found an empty list; expected a non-empty list."
    ),
    ("method.target_modules", ["query", 3], "method.target_modules.1: found 3; expected a non-empty string."),
    (
      "method.target_modules", "(",
      "method.target_modules: found \"(\", not a regular expression (a missing )); "
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
        + "expected a layer index, counted from 0, or a non-empty list of layer indices."
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
func `a wrong setting of LoRA is reported`(_ key: String, _ value: JSON, _ message: String) throws {
  #expect(try faults(lora.with(key, value)) == [message])
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
func `an unknown key gets the nearest name`(_ key: String, _ advice: String?) throws {
  let found = try faults(lora.with(key, 1))
  #expect(found.count == 1)
  if let advice {
    #expect(found.first == "\(key): unknown key. \(advice)")
  } else {
    #expect(found.first?.hasPrefix("training.esc\\u{1b}[2J: unknown key; expected one of adam_beta1, ") == true)
  }
}

@Test func `a key of another method is reported with the methods that have it`() throws {
  #expect(
    try faults(minimalRecipe.with("method.rank", 8)) == [
      "method.rank: unknown key. It belongs to method.type \"lora\" or \"vera\", but method.type is \"full\". "
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
func `an option of another schedule or optimizer is a fault`(
  _ key: String, _ variant: String, _ owner: String?, _ choice: String
) throws {
  let json = minimalRecipe.with("training.\(choice)", .string(variant)).with("training.learning_rate", 1e-3)
  #expect(try faults(json) == [])
  let found = try faults(json.with("training.\(key)", 0.5))
  let owners = owner ?? "\"linear\", \"cosine\", \"constant\", \"polynomial\" or \"inverse_sqrt\""
  #expect(
    found == [
      "training.\(key): unknown key. It belongs to training.\(choice) \(owners), "
        + "but training.\(choice) is \"\(variant)\". "
        + "Remove it (on the command line: training.\(key)=null), or change training.\(choice)."
    ])
  #expect(try faults(json.with("training.\(key)", 0.5), "training.\(key)=null") == [])
}

@Test(
  arguments: [
    ([["learning_rate": 1e-3]], "training.groups.0: found an object; expected an object with 'match' and"),
    ([["match": ["x"]]], "training.groups.0: found 'match' alone; expected"),
    (
      [["match": "(", "weight_decay": 0]],
      "training.groups.0.match: found \"(\", not a regular expression (a missing ))"
    ),
    ([["match": [], "weight_decay": 0]], "training.groups.0.match: found an empty list"),
    ([["match": ["x"], "weight_dceay": 0]], "training.groups.0.weight_dceay: unknown key; expected one of match, "),
    (
      [["match": ["x"], "learning_rate": 1, "learning_rate_ratio": 2]],
      "training.groups.0.learning_rate_ratio: found together with 'learning_rate'; expected only one of the two."
    ),
    ([["match": ["x"], "learning_rate": 0]], "training.groups.0.learning_rate: found 0; expected a number above 0."),
  ] as [(JSON, String)])
func `a wrong parameter group is reported`(_ groups: JSON, _ message: String) throws {
  let found = try faults(minimalRecipe.with("training.groups", groups))
  #expect(found.count == 1 && found[0].hasPrefix(message), "\(found)")
}

@Test(arguments: [
  ("average_last_evals", "metric_for_best_model", "\"f1\""), ("average_last_evals", "early_stopping_patience", "2"),
])
func `averaging the last weights excludes choosing the best`(_ first: String, _ second: String, _ value: String) throws
{
  let found = try faults(minimalRecipe, "data.dev=d.tsv", "training.\(first)=3", "training.\(second)=\(value)")
  #expect(found.count == 1 && found[0].hasPrefix("training.\(second): found together with '\(first)'"), "\(found)")
}

@Test(arguments: [
  ("ema_decay", "average_last_evals"), ("epochs", "max_steps"), ("batch_size", "max_tokens_per_batch"),
  ("warmup_ratio", "warmup_steps"),
])
func `keys that exclude each other are reported`(_ first: String, _ second: String) throws {
  let json = minimalRecipe.with("training.\(first)", first == "ema_decay" ? 0.5 : 1).with("training.\(second)", 1)
  #expect(
    try faults(json) == [
      "training.\(second): found together with '\(first)'; expected only one of the two. "
        + "Remove one, or unset it with 'training.\(first)=null'."
    ])
  #expect(try faults(json, "training.\(first)=null") == [])
}

@Test(arguments: [("metric_for_best_model", "\"f1\""), ("early_stopping_patience", "3"), ("eval_steps", "9")])
func `settings for evaluation require dev data`(_ key: String, _ value: String) throws {
  #expect(
    try faults(minimalRecipe, "training.\(key)=\(value)") == [
      "training.\(key): found \(value); expected 'data.dev' to be set as well. "
        + "Add 'data.dev' or remove 'training.\(key)'."
    ])
  #expect(try faults(minimalRecipe, "training.\(key)=\(value)", "data.dev=d.tsv") == [])
  #expect(try faults(minimalRecipe, "training.\(key)=\(value)", "data=3") == ["data: found 3; expected an object."])
}

@Test func `a threshold for lists needs list questions`() throws {
  let json = minimalRecipe.with("task", ["type": "extractive_qa", "list_threshold": 0.3])
  func read(_ format: String, _ types: JSON?) throws -> [String] {
    try faults(json.with("data.format", .string(format)).with("data.question_types", types))
  }
  #expect(try read("bioasq", nil) == [] && read("bioasq", ["list"]) == [])
  let squad = try read("squad", nil), factoid = try read("bioasq", ["factoid"])
  #expect(
    squad.count == 1 && squad[0].hasPrefix("task.list_threshold: found 0.3; expected no value unless data.format"))
  #expect(
    factoid == [
      "task.list_threshold: found 0.3; expected no value unless data.question_types has \"list\". "
        + "Remove 'task.list_threshold'."
    ])
}

@Test func `a threshold for no answer needs questions that may have none`() throws {
  let json = minimalRecipe.with("data.format", "squad")
    .with("task", ["type": "extractive_qa", "null_score_diff_threshold": 2])
  #expect(try faults(json) == [] && faults(json.with("task.version_2_with_negative", true)) == [])
  let found = try faults(json.with("task.version_2_with_negative", false))
  #expect(found.count == 1 && found[0].hasPrefix("task.null_score_diff_threshold: found 2; expected no value unless"))
}

@Test func `a stride must be less than half a window`() throws {
  let json = minimalRecipe.with("data.max_length", 64).with("data.stride", 32)
  #expect(try faults(json) == ["data.stride: found 32; expected less than half of max_length, which is 64."])
  #expect(try faults(json.with("data.stride", 31)) == [])
}

@Test func `all faults are reported at once, sorted by key, as text and as JSON`() throws {
  let text =
    #"{"model": {"paht": "m"}, "method": {"type": "full"}, "training": {"epochs": 0}, "seed": 1.5}"#
  let error = try #require(throws: RecipeFaults.self) { try Recipe(text: text, named: "r.json", checkFiles: false) }
  #expect(
    error.description == """
      r.json: 8 faults
        data.format: missing; expected "conll", "squad", "text", "jsonl", "tsv", "csv" or "bioasq".
        data.train: missing; expected the path of a file, or a list of such paths.
        model.paht: unknown key. Did you mean 'path'?
        model.path: missing; expected the path of a folder with config.json.
        output: missing; expected the path of a folder, which is created if it is missing.
        seed: found 1.5; expected a whole number of at least 0.
        task.type: missing; expected "token_classification", "sequence_classification", "relation_extraction", "multi_label_classification", "regression", "extractive_qa", "embedding" or "masked_lm".
        training.epochs: found 0; expected a number above 0.
      """)
  #expect(
    error.json.array?[2] == [
      "key": "model.paht", "found": "unknown key", "expected": .null, "advice": "Did you mean 'path'?",
      "message": "model.paht: unknown key. Did you mean 'path'?", "file": .null, "runs": [],
    ])
}

@Test func `a recipe that is not an object is one fault`() throws {
  #expect(try faults([1]) == ["the recipe: found a list of length 1; expected an object."])
}
