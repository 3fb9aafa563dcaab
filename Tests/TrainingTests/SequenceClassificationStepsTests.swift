/// Sequence classification against transformers and PEFT: twenty steps, and PEFT's folders.
/// `Tests/Fixtures/sequence-classification/README.md`
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

/// A run of the fixtures: `bert-lora-pair`.
private struct Classifier {
  static let folder = "sequence-classification/"
  let name: String
  let json: JSON
  let model: TextModel
  /// nil: the model itself is trained.
  let adapter: Adapter?

  /// - Parameter state: "start" or "final".
  init(_ name: String, _ state: String = "start") throws {
    self.name = name
    json = try JSON(path: fixture(Self.folder + name + ".json"))
    let base =
      name.hasPrefix("masked")
      ? "distillation/student" : name.hasPrefix("bert") ? "tiny-bert-sequence" : "tiny-distilbert-sequence"
    var config = try ModelConfig(folder: fixture(base))
    (config.dropout, config.attentionDropout) = (0, 0)
    model = try TextModel(
      config, Checkpoint(folder: fixture(base)), headType: .sequenceClassification,
      classes: name.hasSuffix("regression") ? 1 : 3, reuseHead: true, seed: 0)
    adapter = name.contains("lora") ? try Adapter(folder: fixture(Self.folder + name + "-" + state), on: model) : nil
  }

  /// The logits [6, 3] of three texts and three pairs.
  func logits() throws -> [Float] {
    let json = try JSON(path: fixture(Self.folder + "golden-fixed.json"))
    func rows(_ key: String) -> [[Int32]] {
      (json[key]?.array ?? []).map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
    }
    var batch = Batch()
    for (ids, types) in zip(rows("ids"), rows("types")) { batch.append(ids, tokenTypeIDs: types) }
    return model(batch, adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
  }
}

private func golden(_ name: String, of file: String = "golden") throws -> [Float] {
  try Checkpoint(file: fixture(Classifier.folder + file + ".safetensors")).array("logits." + name)
}

private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
}

private let loraRuns = [
  "bert-lora-text", "bert-lora-pair", "distilbert-lora-text", "distilbert-lora-pair", "masked-bert-lora-pair",
]

@Test(arguments: loraRuns + ["bert-full-text", "bert-full-pair", "distilbert-full-text", "distilbert-full-pair"])
func `a classifier's losses match those of transformers and PEFT for twenty steps`(_ name: String) throws {
  try expectGoldenSteps(
    Classifier(name), FixedBatches(Classifier.folder + "batches.json", name.hasSuffix("pair") ? "pair" : "text"))
}

@Test(arguments: ["full", "lora"]) func `losses of label sets and numbers match transformers' for twenty steps`(
  _ method: String
) throws {
  for (form, loss) in [("multi", MultiLabelLoss() as any LossFunction), ("regression", RegressionLoss())] {
    let run = try Classifier("bert-\(method)-\(form)")
    if method == "full" {
      let file = try Checkpoint(file: fixture(Classifier.folder + "label-forms.safetensors"))
      for parameter in run.model.classifier.parameters {
        let name = parameter.name.replacing("classifier.", with: "start.\(run.name).")
        for (index, value) in try file.array(name).enumerated() { parameter.values[index] = value }
      }
    }
    try expectGoldenSteps(
      run, FixedBatches(Classifier.folder + "label-forms.json", form, loss: loss), logits: "label-forms")
  }
}

/// Compares the losses, gradient norms and final logits of twenty steps with the run's golden file.
private func expectGoldenSteps(_ run: Classifier, _ task: FixedBatches, logits file: String = "golden") throws {
  try Processor.initialize()
  #expect(largestDifference(try run.logits(), try golden(run.name + "-start", of: file)) < 1e-4)
  try expectTwentySteps(
    run.model, training: run.adapter?.trainable ?? run.model.parameters, adapters: RowAdapters(run.adapter?.set), task,
    batches: task.batches, run.json)
  #expect(largestDifference(try run.logits(), try golden(run.name + "-final", of: file)) < 1e-3)
}

@Test(arguments: loraRuns)
func `PEFT's folder of a trained classifier is read, and what is saved is read again`(_ name: String) throws {
  try Processor.initialize()
  let run = try Classifier(name, "final"), adapter = try #require(run.adapter)
  #expect(largestDifference(try run.logits(), try golden(name + "-final")) < 1e-4)
  try withTemporaryFolder { folder in
    try adapter.save(to: folder, base: "tiny", head: .sequenceClassification)
    let config = try JSON(path: folder + "/adapter_config.json")
    #expect(config["task_type"] == "SEQ_CLS")
    let again = try Adapter(folder: folder, on: run.model)
    #expect(again.trainable.map(\.name) == adapter.trainable.map(\.name))
    let files = [folder, fixture(Classifier.folder + name + "-final")].map { $0 + "/adapter_model.safetensors" }
    let names = try files.map { try Checkpoint(file: $0).names }
    #expect(names[0] == names[1])
  }
}

@Test func `a layer that the base lacks is trained, saved and named in modules_to_save`() throws {
  try Processor.initialize()
  let model = try TextModel(
    folder: fixture("distillation/student"), headType: .sequenceClassification, classes: 3, reuseHead: true)
  #expect(model.newlyInitialized.contains("bert.pooler.dense.weight"))
  var method = LoRAConfig()
  method.addModulesToSave(["bert.pooler.dense"])
  let adapter = try Adapter(method, on: model, seed: 3)
  #expect(model.missingHeadWeights(besides: adapter.replacedAndHeadNames).isEmpty)
  try withTemporaryFolder { folder in
    try adapter.save(to: folder, base: "tiny", head: .sequenceClassification)
    let saved = try JSON(path: folder + "/adapter_config.json")["modules_to_save"]
    #expect(saved?.array?.contains("bert.pooler.dense") == true)
    let names = try Checkpoint(file: folder + "/adapter_model.safetensors").names
    #expect(names.contains("base_model.model.bert.pooler.dense.weight"))
  }
}
