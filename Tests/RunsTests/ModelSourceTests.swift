/// The section "model": the effect of each key, and faults where it does not match the folders.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import FoundationEssentials
import Recipes
import TestSupport
import Testing
import Tokenization

@testable import Runs

private let tiny: JSON = ["path": .string(fixture("tiny-bert"))]

private func recipe(_ section: JSON) -> JSON { minimalRecipe.with("model", section).with("method", ["type": "full"]) }

/// The model source of a section. Throws faults of the recipe and of the source.
private func source(_ section: JSON) throws -> ModelSource {
  try ModelSource(Recipe(json: recipe(section), checkFiles: false).model)
}

private func fault(_ section: JSON) -> String {
  do {
    _ = try source(section)
    return ""
  } catch {
    return "\(error)"
  }
}

@Test func `a path alone gives the folder's model`() throws {
  let source = try source(tiny)
  #expect(try source.config.json == JSON(path: fixture("tiny-bert/config.json")))
  #expect(source.config.numHiddenLayers == 2 && source.weights.checkpoint != nil)
}

@Test(arguments: [("alternate", 1), ([1], 1), ([0, 1, 1], 3)] as [(JSON, Int)])
func `the number of chosen layers is the model's number of layers`(_ layers: JSON, _ count: Int) throws {
  let source = try source(tiny.with("layers", layers))
  #expect(source.config.numHiddenLayers == count && source.config.json["num_hidden_layers"] == .int(count))
}

@Test func `settings that keep all shapes override a checkpoint's`() throws {
  let source = try source(
    tiny.with("config", ["hidden_dropout_prob": 0.25, "layer_norm_eps": 1e-5, "hidden_size": 32]))
  #expect(source.config.dropout == 0.25 && source.config.layerNormEps == 1e-5)
  #expect(source.config.json["hidden_dropout_prob"] == 0.25)
}

@Test func `random weights can have any size; vocab_size is that of the tokenizer`() throws {
  let sizes: JSON = ["hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48]
  for section: JSON in [
    ["init": "random", "config": sizes, "tokenizer": .string(fixture("tiny-bert"))],
    tiny.with("init", "random").with("config", sizes),
  ] {
    let source = try source(section)
    #expect(source.weights.checkpoint == nil && source.config.vocabSize == 60)
    #expect(source.config.hiddenSize == 24 && source.config.numHiddenLayers == 3 && source.config.family == .bert)
    #expect(source.config.maxPositionEmbeddings == (section["path"] == nil ? 512 : 48))
  }
  let padded = try source([
    "init": "random", "config": sizes.with("vocab_size", 64), "tokenizer": .string(fixture("tiny-bert")),
  ])
  #expect(padded.config.vocabSize == 64)
}

@Test func `a checkpoint may have another folder's tokenizer`() throws {
  try inNewFolder { folder in
    for name in ["vocab.txt", "tokenizer_config.json"] {
      try writeFile(readText(fixture("tiny-bert/" + name)), to: folder + "/" + name)
    }
    let source = try source(tiny.with("tokenizer", .string(folder)))
    #expect(source.tokenizer.count == 60)
  }
}

@Test func `layers that the folder does not have are reported`() {
  let text = fault(tiny.with("layers", [0, 2, 7]))
  #expect(text.hasPrefix("model.layers: 2, 7: ") && text.contains("has layers 0 to 1."))
}

@Test func `the sizes of a checkpoint cannot be changed`() {
  let text = fault(tiny.with("config", ["hidden_size": 64, "num_hidden_layers": 1]))
  #expect(text.contains("model.config.hidden_size is 64, the weights have 32"))
  #expect(text.contains("model.config.num_hidden_layers is 1, the weights have 2"))
  #expect(text.contains("\"model.init\": \"random\"") && text.contains("\"model.layers\" selects"))
}

@Test func `an unknown setting gets the nearest name, and a dropout may be set once`() {
  let text = fault(tiny.with("config", ["hidden_drpout_prob": 0.2, "model_type": "bert"]))
  #expect(
    text.contains("model.config.hidden_drpout_prob: not a setting of this family. Did you mean 'hidden_dropout_prob'?"))
  #expect(text.contains("model.config.model_type: not a setting of this family. Use 'model.family'."))
  #expect(
    fault(tiny.with("config", ["hidden_dropout_prob": 0.2]).with("dropout", 0.1))
      == "model.config.hidden_dropout_prob: 'model.dropout' sets the same. Remove one of the two.")
}

@Test func `values of settings are checked like those of config json`() {
  let text = fault(tiny.with("config", ["hidden_act": "swish"]))
  #expect(text.contains("config.json with model.config:\n  'hidden_act' is \"swish\"; supported: "))
}

@Test func `a run from random weights reports them and saves all sizes`() throws {
  try inNewFolder { folder in
    try writeFile("a\tO\nb\tB-A\n", to: folder + "/train.tsv")
    let sizes: JSON = ["hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48]
    let section: JSON = ["init": "random", "config": sizes, "tokenizer": .string(fixture("tiny-bert"))]
    let json = recipe(section).with("data.train", .string(folder + "/train.tsv"))
      .with("output", .string(folder + "/run")).with("training.max_steps", 2)
    let run = try RunBuilder(Recipe(json: json), threads: 1).build()
    #expect(run.notes.contains("all weights are randomly initialized") && run.baseHash == nil)
    try run.saveWeights(to: folder + "/model", [:], nil)
    let saved = try ModelConfig(folder: folder + "/model")
    #expect(saved.hiddenSize == 24 && saved.numHiddenLayers == 1 && saved.vocabSize == 60)
    _ = try TextModel(folder: folder + "/model", headType: .tokenClassification, classes: 2, reuseHead: true)
    #expect(try JSON(path: folder + "/model/tune.json")["base"]?["sha256"] == .null)
  }
}

@Test func `a DistilBERT is built from a BERT's layers, trained, and saved as DistilBERT`() throws {
  try inNewFolder { folder in
    try writeFile("a\tO\nb\tB-A\n", to: folder + "/train.tsv")
    let section = tiny.with("family", "distilbert").with("layers", [1]).with("config", ["attention_dropout": 0.2])
    let json = recipe(section).with("data.train", .string(folder + "/train.tsv"))
      .with("output", .string(folder + "/run")).with("training.max_steps", 2)
    let recipe = try Recipe(json: json)
    let runFolder = try RunFolder(recipe, .new)
    try runFolder.begin()
    let run = try RunBuilder(recipe, threads: 1).build()
    #expect(run.model.config.attentionDropout == 0.2)
    let before = try Checkpoint(folder: fixture("tiny-bert")).floats("bert.embeddings.word_embeddings.weight")
    _ = try run.execute(in: runFolder, resume: false, shouldStop: { false }, report: { _ in })
    let saved = try TextModel(
      folder: folder + "/run/model", headType: .tokenClassification, classes: 5, reuseHead: true)
    #expect(saved.newlyInitialized.isEmpty && saved.config.family == .distilbert && saved.config.numHiddenLayers == 1)
    #expect(saved.config.json["architectures"] == ["DistilBertForTokenClassification"])
    #expect(saved.config.json["hidden_size"] == nil && saved.config.json["dim"] == 32)
    // DistilBERT's forward in transformers 4 refuses token types.
    let tokenizer = try JSON(path: folder + "/run/model/tokenizer_config.json")
    #expect(tokenizer["model_input_names"] == ["input_ids", "attention_mask"])
    let after = try Checkpoint(folder: folder + "/run/model").floats("distilbert.embeddings.word_embeddings.weight")
    #expect(after != before)
    #expect(zip(after, before).allSatisfy { abs($0 - $1) < 1e-3 })
  }
}

@Test func `a BERT can have a DistilBERT's sizes, but not its weights`() throws {
  let section: JSON = ["path": .string(fixture("tiny-distilbert")), "family": "bert"]
  let text = fault(section)
  #expect(
    text.contains("holds a distilbert model, whose weights this family cannot take") && text.contains("model.family"))
  let config = try source(section.with("init", "random")).config
  #expect(config.family == .bert && config.hiddenSize == 32 && config.numHiddenLayers == 2)
}

@Test func `settings have the names of the model's family`() {
  let section = tiny.with("family", "distilbert")
  #expect(fault(section.with("config", ["dropout": 0.2])) == "")
  #expect(
    fault(section.with("config", ["hidden_dropout_prob": 0.2])).contains(
      "The settings of a distilbert model are activation, "))
  #expect(fault(section.with("config", ["dim": 64])).contains("model.config.dim is 64, the weights have 32"))
}

@Test func `sinusoidal positions cannot be combined with random weights`() throws {
  try inNewFolder { folder in
    for name in ["vocab.txt", "tokenizer_config.json"] {
      try writeFile(readText(fixture("tiny-distilbert/" + name)), to: folder + "/" + name)
    }
    let json = try JSON(path: fixture("tiny-distilbert/config.json")).with("sinusoidal_pos_embds", true)
    try writeFile(json.text(), to: folder + "/config.json")
    #expect(fault(["path": .string(folder), "init": "random"]).contains("'sinusoidal_pos_embds' is true"))
  }
}

/// A folder of a tiny model of another family, with tiny-bert's vocabulary.
private func folder(_ name: String, in temporary: String) throws -> JSON {
  for file in ["config.json", "model.safetensors"] {
    try FileManager.default.copyItem(atPath: fixture("families/\(name)/\(file)"), toPath: "\(temporary)/\(file)")
  }
  try WordPiece(folder: fixture("tiny-bert")).save(to: temporary, hasTokenTypes: false)
  return ["path": .string(temporary)]
}

@Test func `chosen layers of a rotary encoder keep their attention, and layer 0 is the first`() throws {
  let temporary = TemporaryFolder(), folder = try folder("modernbert-token", in: temporary.path)
  let source = try source(folder.with("layers", [0, 2, 3]))
  #expect(source.config.layerTypes == ["full_attention", "sliding_attention", "full_attention"])
  let model = try TextModel(
    source.config, source.weights, headType: .tokenClassification, classes: 5, reuseHead: true, seed: 1)
  #expect(model.newlyInitialized.isEmpty)
  let saved = TemporaryFolder()
  try model.save(to: saved.path, labels: [], problemType: nil)
  #expect(try ModelConfig(folder: saved.path).layerTypes == source.config.layerTypes)
  for layers: JSON in [[1, 2], [0, 0, 1], [2]] {
    #expect(fault(folder.with("layers", layers)).contains("it must be the first one"), "\(layers)")
  }
}

@Test func `an older config.json without layer_types has the same attention after layers are chosen`() throws {
  let temporary = TemporaryFolder(), folder = try folder("modernbert-token", in: temporary.path)
  var json = try JSON(path: temporary.path + "/config.json").object ?? [:]
  (json["layer_types"], json["global_attn_every_n_layers"]) = (nil, 2)
  try writeFile(JSON.object(json).text(), to: temporary.path + "/config.json")
  let source = try source(folder.with("layers", [0, 2, 3]))
  #expect(source.config.layerTypes == ["full_attention", "full_attention", "sliding_attention"])
}

@Test func `sizes and ids with other defaults are written when the family changes`() throws {
  let converted = Family.modernbert.convertedConfig(["model_type": "bert"], from: .bert)
  let expected: JSON = [
    "model_type": "modernbert", "vocab_size": 30522, "max_position_embeddings": 512, "num_hidden_layers": 12,
    "intermediate_size": 3072, "pad_token_id": 0,
  ]
  #expect(converted == expected)
  #expect(Family.distilbert.convertedConfig(["model_type": "bert"], from: .bert)["pad_token_id"] == nil)
}

@Test func `settings of a rotary base are the same after they were written and read`() throws {
  let settings = JSON.object(try ModelConfig(folder: fixture("families/modernbert-token")).outputSettings)
  #expect(try JSON(parsing: .init(settings.text().utf8), named: "settings") == settings)
}

@Test(arguments: ["electra", "roberta"])
func `layers inside PEFT's classifier are trained and saved with it, and are no targets`(_ family: String) throws {
  let temporary = TemporaryFolder(), model = try folder(family + "-sequence", in: temporary.path)
  let rows = (0..<6).map { "{\"text\": \"a b\", \"label\": \"L\($0 % 3)\"}" }
  try writeFile(rows.joined(separator: "\n"), to: temporary.path + "/rows.jsonl")
  let json = minimalRecipe.with("model", model).with("task.type", "sequence_classification")
    .with("data", ["format": "jsonl", "train": .string(temporary.path + "/rows.jsonl"), "label_column": "label"])
    .with("method", ["type": "lora", "rank": 2, "target_modules": "all-linear"])
    .with("output", .string(temporary.path + "/run"))
  let run = try RunBuilder(Recipe(json: json), threads: 1).build(), adapter = try #require(run.adapter)
  #expect(!run.notes.contains { $0.contains("newly initialized") })
  let names = Set(adapter.trainable.map(\.name))
  #expect(names.isSuperset(of: ["classifier.dense.weight", "classifier.dense.bias", "classifier.out_proj.weight"]))
  #expect(!names.contains { $0.hasPrefix("classifier.dense.lora") })
  try adapter.save(to: temporary.path + "/adapter", base: "tiny", head: .sequenceClassification)
  let config = try JSON(path: temporary.path + "/adapter/adapter_config.json")
  #expect(config["modules_to_save"] == ["classifier", "score"])
}
