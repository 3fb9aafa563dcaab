/// Merging and unmerging of adapters of every mergeable method.
import Autograd
import Files
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

private let folders =
  ["lora-start", "lora-pattern-start", "lora-bias-start"] + scalingAndSelectiveRuns.map { $0 + "-start" }

private let batch = Batch([[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3]])

@Test(arguments: folders)
func `merging empties the slots and keeps the logits, and unmerging restores the base bit for bit`(_ name: String)
  throws
{
  let model = try tinyModel(), bytes = model.parameters.map { Array($0.values) }
  let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
  adapter.attach()
  let unmerged = model(batch, Pass(Workspace())).array
  try adapter.merge()
  #expect(model.projections.allSatisfy { $0.adapter == nil })
  let merged = model(batch, Pass(Workspace())).array
  #expect(relativeError(merged, unmerged) < 2e-6)
  adapter.unmerge()
  #expect(model(batch, Pass(Workspace())).array == unmerged)
  try adapter.merge()
  #expect(model(batch, Pass(Workspace())).array == merged)
  adapter.detach()
  #expect(model.parameters.map { Array($0.values) } == bytes)
}

@Test func `an adapter that is not mergeable is refused, and the model stays unchanged`() throws {
  let model = try tinyModel(), bytes = model.parameters.map { Array($0.values) }
  var injection = try LoRAConfig().inject(into: model, seed: 1)
  injection.projections[1].adapter = UnmergeableAdapter()
  let adapter = Adapter(LoRAConfig(), on: model, injection, head: model.classifier)
  adapter.attach()
  let fault = #expect(throws: MergeFault.self) { try adapter.merge() }
  #expect("\(fault!)".contains("cannot be merged"))
  #expect(!adapter.isMerged && model.projections.count { $0.adapter != nil } == 4)
  adapter.detach()
  #expect(model.parameters.map { Array($0.values) } == bytes)
}

private final class UnmergeableAdapter: ProjectionAdapter {
  let isTrainable = false
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? { nil }
}
