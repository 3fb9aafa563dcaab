/// Answering models of every family against transformers and PEFT: twenty steps in full and with LoRA, and PEFT's folders.
/// `Tests/Fixtures/question-answering/make_steps.py`
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

private let families = ["bert", "distilbert", "roberta", "electra", "modernbert"]

private struct AnsweringRun {
  static let folder = "question-answering/"
  let family: String
  let json: JSON
  let model: TextModel
  let adapter: Adapter?

  /// - Parameter lora: "start" or "final"; nil: full fine-tuning.
  init(_ family: String, lora: String?) throws {
    try Processor.initialize()
    self.family = family
    json = try JSON(path: fixture(Self.folder + family + ".json"))
    let base = fixture(
      family.hasSuffix("bert") && family != "modernbert" ? "tiny-\(family)" : "families/\(family)-token")
    var config = try ModelConfig(folder: base).json.object ?? [:]
    config["qa_dropout"] = family == "distilbert" ? 0 : nil
    let model = try TextModel(
      ModelConfig(json: .object(config), file: "config.json"), Checkpoint(folder: base), headType: .questionAnswering,
      classes: 2, reuseHead: false, seed: 0)
    self.model = model
    let tensors = try Checkpoint(file: fixture(Self.folder + "logits.safetensors"))
    for parameter in model.classifier.parameters {
      let name = parameter.name.hasSuffix("weight") ? "weight" : "bias"
      for (index, value) in try tensors.array("\(family).start.\(name)").enumerated() {
        parameter.values[index] = value
      }
    }
    adapter = try lora.map { try Adapter(folder: fixture("\(Self.folder)\(family)-lora-\($0)"), on: model) }
  }

  var task: FixedBatches {
    get throws { try FixedBatches(#require(json["batches"]), "batch", loss: SpanLoss()) }
  }

  func distance(to golden: String) throws -> Float {
    let task = try task, batch = task.batch(task.batches[0], at: 0)
    let found = model(batch.input, adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
    let expected = try Checkpoint(file: fixture(Self.folder + "logits.safetensors")).array("\(family).\(golden)")
    return found.count == expected.count ? zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }
}

@Suite struct QuestionAnsweringStepsTests {
  @Test(arguments: families) func `losses match those of transformers and PEFT for twenty steps`(_ family: String)
    throws
  {
    for name in ["full", "lora"] {
      let run = try AnsweringRun(family, lora: name == "lora" ? "start" : nil), task = try run.task
      #expect(try run.distance(to: name + "-start") < 1e-4, "\(name)")
      try expectTwentySteps(
        run.model, training: run.adapter?.trainable ?? run.model.parameters, adapters: RowAdapters(run.adapter?.set),
        task,
        batches: task.batches, run.json[name])
      // In PyTorch, float32 and float64 end up to 0.026 apart.
      #expect(try run.distance(to: name + "-final") < 0.05, "\(name)")
    }
  }

  @Test(arguments: families) func `PEFT's folder is read, and what is saved has its tensors and its head`(
    _ family: String
  ) throws {
    let run = try AnsweringRun(family, lora: "final"), adapter = try #require(run.adapter)
    #expect(try run.distance(to: "lora-final") < 1e-4)
    try withTemporaryFolder { folder in
      try adapter.save(to: folder, base: "tiny", head: .questionAnswering)
      let config = try JSON(path: folder + "/adapter_config.json")
      #expect(config["task_type"] == "QUESTION_ANS")
      #expect(config["modules_to_save"] == (family == "modernbert" ? ["qa_outputs", "classifier"] : ["qa_outputs"]))
      let files = [folder, fixture("\(AnsweringRun.folder)\(family)-lora-final")].map {
        $0 + "/adapter_model.safetensors"
      }
      let names = try files.map { try Checkpoint(file: $0).names }
      #expect(names[0] == names[1])
    }
  }

  @Test(arguments: families) func `a saved model has transformers' class and is read again`(_ family: String) throws {
    let run = try AnsweringRun(family, lora: nil)
    try withTemporaryFolder { folder in
      try run.model.save(to: folder, labels: ["LABEL_0", "LABEL_1"], problemType: nil, as: .f32)
      let config = try ModelConfig(folder: folder)
      #expect(TaskType.architectures(of: config) == [.extractiveQA])
      let again = try TextModel(
        config, Checkpoint(folder: folder), headType: .questionAnswering, classes: 2, reuseHead: true, seed: 0)
      #expect(again.newlyInitialized.isEmpty)
    }
  }
}
