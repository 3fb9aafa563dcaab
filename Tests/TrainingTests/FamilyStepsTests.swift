/// Every family and head against transformers and PEFT: twenty steps in full and with LoRA, and PEFT's folders.
/// `Tests/Fixtures/families/make_families.py`
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import TestSupport
import Testing

@testable import Training

private struct FamilyRun {
  let folder: String
  let json: JSON
  let model: TextModel
  let adapter: Adapter?

  static let heads: [(name: String, type: HeadType, classes: Int)] = [
    ("token", .tokenClassification, 5), ("sequence", .sequenceClassification, 3), ("masked", .maskedLM, 60),
  ]

  /// - Parameter lora: "start" or "final"; nil: full fine-tuning.
  init(_ family: String, _ head: (name: String, type: HeadType, classes: Int), lora: String?) throws {
    try Processor.initialize()
    let folder = "families/\(family)-\(head.name)"
    self.folder = folder
    json = try JSON(path: fixture(folder + "/runs.json"))
    let model = try TextModel(folder: fixture(folder), headType: head.type, classes: head.classes, reuseHead: true)
    self.model = model
    adapter = try lora.map { try Adapter(folder: fixture("\(folder)/lora-\($0)"), on: model) }
  }

  func logits() -> [Float] {
    let sequences = (json["fixed"]?.array ?? []).map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
    return model(Batch(sequences), adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
  }

  func golden(_ name: String) throws -> [Float] {
    try Checkpoint(file: fixture(folder + "/runs.safetensors")).array(name)
  }
}

private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
}

@Suite struct FamilyStepsTests {
  @Test(arguments: ["roberta", "electra", "modernbert"], FamilyRun.heads)
  func `losses match those of transformers and PEFT for twenty steps`(
    _ family: String, _ head: (name: String, type: HeadType, classes: Int)
  ) throws {
    for name in ["full", "lora"] {
      let run = try FamilyRun(family, head, lora: name == "lora" ? "start" : nil)
      #expect(largestDifference(run.logits(), try run.golden(name + "-start")) < 1e-4)
      let task = try FixedBatches(#require(run.json["batches"]), "batch")
      try expectTwentySteps(
        run.model, training: run.adapter?.trainable ?? run.model.parameters, adapters: RowAdapters(run.adapter?.set),
        task,
        batches: task.batches, run.json[name], normTolerance: 1e-4)
      #expect(largestDifference(run.logits(), try run.golden(name + "-final")) < 1e-2, "\(name)")
    }
  }

  @Test(arguments: ["roberta", "electra", "modernbert"], FamilyRun.heads)
  func `PEFT's folder is read, and what is saved has its tensors`(
    _ family: String, _ head: (name: String, type: HeadType, classes: Int)
  ) throws {
    let run = try FamilyRun(family, head, lora: "final"), adapter = try #require(run.adapter)
    #expect(largestDifference(run.logits(), try run.golden("lora-final")) < 1e-4)
    try withTemporaryFolder { folder in
      try adapter.save(to: folder, base: "tiny", head: head.type)
      let again = try Adapter(folder: folder, on: run.model)
      #expect(again.trainable.map(\.name) == adapter.trainable.map(\.name))
      let files = [folder, fixture(run.folder + "/lora-final")].map { $0 + "/adapter_model.safetensors" }
      let names = try files.map { try Checkpoint(file: $0).names }
      #expect(names[0] == names[1])
    }
  }
}
