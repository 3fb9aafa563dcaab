/// Twenty steps of what is put between a model's parts, from the same start as the libraries'.
import Adapters
import Autograd
import Checkpoints
import Models
import TestSupport
import Testing

private let runs = ["houlsby", "pfeiffer", "prompt", "prefix", "prefix-mlp"]

private func start(_ run: String) throws -> TwentySteps {
  guard run == "prefix-mlp" else { return try TwentySteps(run) }
  return try TwentySteps(run) { model in
    var method = PrefixConfig()
    (method.numVirtualTokens, method.prefixProjection, method.encoderHiddenSize) = (3, true, 12)
    let adapter = try Adapter(method, on: model, seed: 1)
    // What the network is at first stands in no folder.
    let weights = try Checkpoint(file: fixture("adapters/\(run)-weights.safetensors"))
    for parameter in adapter.trainable {
      _ = try parameter.values.update(from: TwentySteps.values(of: parameter, in: weights))
    }
    return adapter
  }
}

@Test(arguments: runs, [false, true])
func `the first step's gradients are the library's, blocks recomputed or not`(
  _ run: String, _ recompute: Bool
) throws {
  let golden = try start(run)
  golden.model.gradientCheckpointing = recompute
  try golden.expectFirstGradients(within: 1e-5)
}

@Test(arguments: runs) func `twenty AdamW steps lose what the library loses`(_ run: String) throws {
  let golden = try start(run)
  try golden.follow()
  if run != "prefix-mlp" { return try golden.expectEnd(within: 1e-3) }
  // Of a network only what it makes is kept.
  let folder = TemporaryFolder()
  try golden.adapter?.save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let made = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
  let final = try Checkpoint(file: fixture("adapters/\(run)-final/adapter_model.safetensors"))
  #expect(made.names == final.names)
  for name in made.names { #expect(try relativeError(made.array(name), final.array(name)) < 1e-3, "\(name)") }
}

@Test(arguments: runs) func `in bf16 they lose the same, but for rounding`(_ run: String) throws {
  try start(run).followRounded(within: 5e-2)
}
