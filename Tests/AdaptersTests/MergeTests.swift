/// Merging of adapters of every mergeable method into a copy of the model.
import Autograd
import Encoders
import Files
import Kernels
import TestSupport
import Testing

@testable import Adapters

private let folders =
  ["lora-start", "lora-pattern-start", "lora-bias-start"] + scalingAndSelectiveRuns.map { $0 + "-start" }

private let batch = Batch([[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3]])

/// The bytes of all weights.
private func bytes(_ model: TextModel) -> [[UInt32]] { model.parameters.map { $0.values.map(\.bitPattern) } }

@Test(arguments: folders)
func `a merged model gives the logits of the adapter, and the base's bytes stay the same`(_ name: String) throws {
  let model = try tinyModel(), before = bytes(model)
  let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
  let unmerged = model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array
  let merged = try adapter.merged(), logits = merged(batch, Pass(Workspace())).array
  #expect(relativeError(logits, unmerged) < 2e-6)
  #expect(bytes(model) == before)
  #expect(model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array == unmerged)
  #expect(try bytes(adapter.merged()) == bytes(merged))
  #expect(merged.parameters.map(\.name) == model.parameters.map(\.name))
  // The copy shares no memory with the base or the adapter.
  for parameter in merged.parameters { parameter.values.update(repeating: 0) }
  #expect(bytes(model) == before)
  #expect(model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array == unmerged)
}

@Test func `a merged masked language model keeps its decoder tied to the word embeddings`() throws {
  let model = try tinyModel(headType: .maskedLM)
  var method = BitFit()
  method.modules.modulesToSave = ["word_embeddings"]
  let adapter = try Adapter(method, on: model, seed: 1)
  for parameter in adapter.trainable { for index in 0..<parameter.count { parameter.pointer[index] += 0.1 } }
  let merged = try adapter.merged()
  #expect(merged.classifier.weight === merged.wordEmbeddings)
  #expect(
    merged(batch, Pass(Workspace())).array
      == model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array)
}

@Test func `an adapter that is not mergeable is refused, and the model stays unchanged`() throws {
  let model = try tinyModel(), before = bytes(model)
  var injection = try LoRAConfig().inject(into: model, seed: 1)
  injection.projections[1].adapter = UnmergeableAdapter()
  let adapter = Adapter(LoRAConfig(), on: model, injection, head: model.outputLayers.copy)
  let fault = #expect(throws: MergeFault.self) { try adapter.merged() }
  #expect("\(fault!)".contains("cannot be merged"))
  for method in [PromptConfig(), BottleneckConfig.pfeiffer] as [any AdapterMethod] {
    #expect(throws: MergeFault.self) { try Adapter(method, on: model, seed: 1).merged() }
  }
  #expect(bytes(model) == before)
}

private final class UnmergeableAdapter: ProjectionAdapter {
  let isTrainable = false
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? { nil }
}
