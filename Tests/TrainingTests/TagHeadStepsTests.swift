/// Twenty steps with a CRF, and with a BiLSTM-CRF over a scalar mix, against PyTorch and pytorch-crf.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Tasks
@testable import Training

/// The batches of `adapters/batches.json`, of which the tokens with a label are words.
private struct WordBatches: Task {
  let fixed: FixedBatches

  init() throws { fixed = try FixedBatches("adapters/batches.json", "batch") }

  var lengths: [Int] { fixed.lengths }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    let features = examples.map { example in
      guard case .classes(let labels) = fixed.targets[example] else { preconditionFailure("labels") }
      let words = labels.indices.filter { labels[$0] >= 0 }
      return Features(
        ids: fixed.ids[example], tokenTypeIDs: fixed.tokenTypeIDs[example],
        targets: .tagSequences([words.map { labels[$0] }]), predictionRows: words)
    }
    return LabeledBatch(examples, features, ChainLoss())
  }

  func loss(of logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass) -> Double {
    ChainLoss()(logits, targets, chain, norm: norm, pass)
  }

  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }
}

private func layers(_ name: String) -> HeadLayers {
  var layers = HeadLayers()
  layers.decoder = .crf
  if name == "bilstm-crf" { (layers.lstm, layers.mixesStates) = (.init(hiddenSize: 10, layers: 2), true) }
  return layers
}

private func golden(_ name: String) throws -> (json: JSON, model: TextModel, head: [Parameter], final: Checkpoint) {
  let model = try TextModel(
    folder: fixture("tiny-bert"), headType: .tokenClassification, layers: layers(name), classes: 5, reuseHead: true)
  let start = try Checkpoint(file: fixture("tag-heads/\(name)-start.safetensors"))
  let head = model.parameters.filter { start.contains($0.name) }
  for weight in head { _ = weight.values.update(fromContentsOf: try start.array(weight.name)) }
  #expect(Set(head.map(\.name)) == Set(start.names) && model.newlyInitialized.sorted() == start.names.sorted())
  return (
    try JSON(path: fixture("tag-heads/\(name).json")), model, head,
    try Checkpoint(file: fixture("tag-heads/\(name)-final.safetensors"))
  )
}

@Test(arguments: ["crf", "bilstm-crf"], [1, 2])
func `losses match PyTorch and pytorch-crf for twenty AdamW steps`(_ name: String, _ threads: Int) throws {
  let (json, model, head, final) = try golden(name)
  let task = try WordBatches()
  try expectTwentySteps(
    model, training: name == "crf" ? model.parameters : head, adapters: .none, task, batches: task.fixed.batches, json,
    normTolerance: 1e-4, threads: threads)
  for weight in head {
    #expect(relativeError(Array(weight.values), try final.array(weight.name).map(Double.init)) < 2e-3, "\(weight.name)")
  }
}
