/// DistilBERT: names, config.json, students from a BERT teacher, and saving.
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Encoders

@Test func `a DistilBERT initialized from a BERT's layers has its embeddings and blocks, without token types`() throws {
  let teacher = try Checkpoint(folder: fixture("tiny-bert"))
  let json =
    Family.distilbert.convertedConfig(try JSON(path: fixture("tiny-bert/config.json")), from: .bert).object ?? [:]
  let config = try ModelConfig(json: .object(json.merging(["n_layers": 1]) { _, new in new }), file: "c")
  #expect(
    config.hiddenSize == 32 && config.numAttentionHeads == 4 && config.intermediateSize == 64
      && config.maxPositionEmbeddings == 48 && config.typeVocabSize == 0)
  let model = try TextModel(
    config, WeightSource(teacher, of: .bert, layers: [1]), headType: .tokenClassification, classes: 5, reuseHead: true,
    seed: 1)
  #expect(model.newlyInitialized.isEmpty)
  let pairs = [
    "embeddings.word_embeddings": "embeddings.word_embeddings",
    "embeddings.position_embeddings": "embeddings.position_embeddings", "embeddings.LayerNorm": "embeddings.LayerNorm",
    "transformer.layer.0.attention.q_lin": "encoder.layer.1.attention.self.query",
    "transformer.layer.0.attention.k_lin": "encoder.layer.1.attention.self.key",
    "transformer.layer.0.attention.v_lin": "encoder.layer.1.attention.self.value",
    "transformer.layer.0.attention.out_lin": "encoder.layer.1.attention.output.dense",
    "transformer.layer.0.sa_layer_norm": "encoder.layer.1.attention.output.LayerNorm",
    "transformer.layer.0.ffn.lin1": "encoder.layer.1.intermediate.dense",
    "transformer.layer.0.ffn.lin2": "encoder.layer.1.output.dense",
    "transformer.layer.0.output_layer_norm": "encoder.layer.1.output.LayerNorm",
  ]
  var count = 0
  for parameter in model.parameters where parameter.name.hasPrefix("distilbert.") {
    let parts = parameter.name.split(separator: ".")
    let module = pairs[parts.dropFirst().dropLast().joined(separator: ".")] ?? "nothing"
    #expect(
      try Array(parameter.values) == teacher.array("bert.\(module).\(parts[parts.count - 1])"), "\(parameter.name)")
    count += 1
  }
  #expect(count == 2 + 2 + 16)
}

@Test func `a student with all of its teacher's layers differs from it by the token types only`() throws {
  try Processor.initialize()
  let checkpoint = try Checkpoint(folder: fixture("tiny-bert"))
  let teacher = try TextModel(folder: fixture("tiny-bert"), headType: .tokenClassification, classes: 5, reuseHead: true)
  let json = Family.distilbert.convertedConfig(teacher.config.json, from: .bert)
  let student = try TextModel(
    ModelConfig(json: json, file: "c"), WeightSource(checkpoint, of: .bert), headType: .tokenClassification, classes: 5,
    reuseHead: true, seed: 1)
  let batch = Batch([[2, 9, 14, 3], [2, 30, 3]])
  let types = try #require(teacher.encoder.embeddings.tokenTypeEmbeddings)
  #expect(relativeError(student(batch, Pass(Workspace())).array, teacher(batch, Pass(Workspace())).array) > 1e-3)
  types.makeWritable()
  types.values.update(repeating: 0)
  #expect(student(batch, Pass(Workspace())).array == teacher(batch, Pass(Workspace())).array)
}

@Test func `weight names are translated between families, both ways`() {
  let (bert, distilbert) = (Architecture.bert, Architecture.distilbert)
  for (one, other) in [
    ("bert.encoder.layer.11.attention.output.dense.bias", "distilbert.transformer.layer.11.attention.out_lin.bias"),
    ("bert.encoder.layer.3.output.dense.weight", "distilbert.transformer.layer.3.ffn.lin2.weight"),
    ("bert.embeddings.LayerNorm.weight", "distilbert.embeddings.LayerNorm.weight"),
    ("cls.predictions.transform.dense.weight", "vocab_transform.weight"),
    ("cls.predictions.transform.LayerNorm.bias", "vocab_layer_norm.bias"),
    ("cls.predictions.bias", "vocab_projector.bias"), ("classifier.weight", "classifier.weight"),
  ] {
    #expect(bert.translate(one, to: distilbert) == other)
    #expect(distilbert.translate(other, to: bert) == one)
    #expect(bert.translate(one, to: bert) == one)
  }
}

@Test func `a DistilBERT's weights are found without the prefix, and heads of other tasks are ignored`() throws {
  let source = WeightSource(try Checkpoint(folder: fixture("tiny-distilbert")), of: .distilbert)
  let name = "transformer.layer.0.attention.q_lin.weight"
  #expect(source.candidates("distilbert." + name, in: .distilbert).contains(name))
  for head in ["vocab_transform.weight", "vocab_projector.bias", "pre_classifier.weight", "qa_outputs.bias"] {
    #expect(source.mayIgnore(head, in: .distilbert), "\(head)")
  }
  #expect(!source.mayIgnore("distilbert." + name, in: .distilbert))
  #expect(!source.mayIgnore("distilbert.embeddings.token_type_embeddings.weight", in: .distilbert))
}

@Test func `a config json is read and converted with DistilBERT's keys`() throws {
  let distilbert = try ModelConfig(folder: fixture("tiny-distilbert"))
  let bert = try ModelConfig(folder: fixture("tiny-bert"))
  #expect(distilbert.family == .distilbert && bert.family == .bert)
  #expect(bert.sizes.dropLast().map(\.value) == distilbert.sizes.map(\.value))
  let defaults = try ModelConfig(json: ["model_type": "distilbert"], file: "c")
  #expect(defaults.numHiddenLayers == 6 && defaults.intermediateSize == 3072 && defaults.numAttentionHeads == 12)
  // DistilBertConfig's defaults: dropout 0.1 before a token classifier, seq_classif_dropout 0.2 before a sequence
  // classifier.
  #expect(defaults.dropout(before: .tokenClassification) == 0.1)
  #expect(defaults.dropout(before: .sequenceClassification) == 0.2)
  let converted = try ModelConfig(json: Family.bert.convertedConfig(distilbert.json, from: .distilbert), file: "c")
  #expect(
    converted.family == .bert && converted.hiddenSize == 32 && converted.numHiddenLayers == 2
      && converted.labels == bert.labels)
  #expect(
    try ModelConfig(json: Family.bert.convertedConfig(["model_type": "distilbert"], from: .distilbert), file: "c")
      .numHiddenLayers == 6)
}

@Test func `DistilBERT has no dropout after attention's output`() throws {
  for (folder, dropout) in [("tiny-distilbert", 0.0), ("tiny-bert", 0.4)] {
    var config = try ModelConfig(folder: fixture(folder))
    config.dropout = 0.4
    let model = try TextModel(config, .random, headType: .tokenClassification, classes: 5, reuseHead: false, seed: 1)
    let blocks = model.encoder.blocks.compactMap { $0 as? PostNormBlock }
    #expect(blocks.count == 2 && blocks.allSatisfy { $0.attentionOutputDropout == dropout && $0.dropout == 0.4 })
  }
}

@Test(arguments: [HeadType.tokenClassification, .sequenceClassification])
func `a saved DistilBERT equals the fixture and loads as the same model`(_ headType: HeadType) throws {
  try Processor.initialize()
  let output = TemporaryFolder(),
    (folder, classes) = headType == .tokenClassification ? ("tiny-distilbert", 5) : ("tiny-distilbert-sequence", 3)
  let model = try TextModel(folder: fixture(folder), headType: headType, classes: classes, reuseHead: true)
  try model.save(
    to: output.path, labels: model.config.labels,
    problemType: headType == .sequenceClassification ? "single_label_classification" : nil)
  let (saved, expected) = (try Checkpoint(folder: output.path), try Checkpoint(folder: fixture(folder)))
  #expect(saved.names == expected.names)
  for name in expected.names { #expect(try saved.array(name) == expected.array(name), "\(name)") }
  var config = try JSON(path: fixture(folder + "/config.json")).object ?? [:]
  config["problem_type"] = headType == .sequenceClassification ? "single_label_classification" : nil
  #expect(try JSON(path: output.path + "/config.json") == .object(config))
  let loaded = try TextModel(folder: output.path, headType: headType, classes: classes, reuseHead: true)
  let batch = Batch([[2, 9, 14, 3], [2, 30, 3]])
  #expect(loaded(batch, Pass(Workspace())).array == model(batch, Pass(Workspace())).array)
}

@Test func `an unknown family's error lists the supported ones`() {
  let fault = #expect(throws: ConfigFault.self) { try ModelConfig(json: ["model_type": "gpt2"], file: "c.json") }
  #expect(
    fault?.description
      == "c.json:\n  'model_type' is \"gpt2\"; supported: \"bert\", \"distilbert\", \"roberta\", \"electra\", "
      + "\"modernbert\".")
}
