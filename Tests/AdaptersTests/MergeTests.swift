/// Merged is unmerged: every method that can become part of its base.
import Autograd
import Files
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

private let folders =
  ["lora-start", "lora-pattern-start", "lora-bias-start"] + scaleRuns.map { $0 + "-start" }

private let batch = Batch([[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], [2, 30, 31, 7, 3]])

@Test(arguments: folders)
func `merged says what unmerged says, without seams, and unmerged the base is what it was`(_ name: String) throws {
  let model = try tinyModel(), bytes = model.parameters.map { Array($0.values) }
  let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
  adapter.attach()
  let apart = model(batch, Pass(Workspace())).array
  try adapter.merge()
  #expect(model.projections.allSatisfy { $0.adapter == nil })
  let together = model(batch, Pass(Workspace())).array
  #expect(relativeError(together, apart) < 2e-6)
  adapter.unmerge()
  #expect(model(batch, Pass(Workspace())).array == apart)
  try adapter.merge()
  #expect(model(batch, Pass(Workspace())).array == together)
  adapter.detach()
  #expect(model.parameters.map { Array($0.values) } == bytes)
}

@Test func `what no weight can stand for is refused, and nothing is changed`() throws {
  let model = try tinyModel(), bytes = model.parameters.map { Array($0.values) }
  var fitting = try LoRAConfig().inject(into: model, seed: 1)
  fitting.projections[1].adapter = Stranger()
  let adapter = Adapter(LoRAConfig(), on: model, fitting, head: model.classifier)
  adapter.attach()
  let fault = #expect(throws: MergeFault.self) { try adapter.merge() }
  #expect("\(fault!)".contains("cannot be merged"))
  #expect(!adapter.isMerged && model.projections.count { $0.adapter != nil } == 4)
  adapter.detach()
  #expect(model.parameters.map { Array($0.values) } == bytes)
}

/// An adapter that is no weight.
private final class Stranger: ProjectionAdapter {
  let isTrainable = false
  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? { nil }
}
