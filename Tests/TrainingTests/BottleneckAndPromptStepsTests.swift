/// Tests bottleneck adapters, prompt tuning and prefix tuning against PEFT and `adapters` for twenty steps.
import Adapters
import Autograd
import Checkpoints
import Encoders
import TestSupport
import Testing

private let runs = ["houlsby", "pfeiffer", "prompt", "prefix", "prefix-mlp"]

private func goldenRun(_ run: String) throws -> TwentySteps {
  guard run == "prefix-mlp" else { return try TwentySteps(run) }
  return try TwentySteps(run) { model in
    var method = PrefixConfig()
    (method.numVirtualTokens, method.prefixProjection, method.encoderHiddenSize) = (3, true, 12)
    let adapter = try Adapter(method, on: model, seed: 1)
    // An adapter folder does not contain the reparameterization network.
    let weights = try Checkpoint(file: fixture("adapters/\(run)-weights.safetensors"))
    for parameter in adapter.trainable {
      _ = try parameter.values.update(from: TwentySteps.values(of: parameter, in: weights))
    }
    return adapter
  }
}

@Test(arguments: runs, [false, true])
func `first gradients of bottlenecks and prompts match, with and without gradient checkpointing`(
  _ run: String, _ checkpointing: Bool
) throws {
  let golden = try goldenRun(run)
  golden.model.gradientCheckpointing = checkpointing
  try golden.expectFirstGradients(within: 1e-5)
}

@Test(arguments: runs) func `losses of bottlenecks and prompts match the library's for twenty AdamW steps`(
  _ run: String
) throws {
  let golden = try goldenRun(run)
  try golden.expectSteps()
  if run != "prefix-mlp" { return try golden.expectFinalWeights(within: 1e-3) }
  // Of a reparameterization network only the output is saved.
  let folder = TemporaryFolder()
  try golden.adapter?.save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let saved = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
  let final = try Checkpoint(file: fixture("adapters/\(run)-final/adapter_model.safetensors"))
  #expect(saved.names == final.names)
  for name in saved.names { #expect(try relativeError(saved.array(name), final.array(name)) < 1e-3, "\(name)") }
}

@Test(arguments: runs) func `bf16 losses of bottlenecks and prompts match fp32 up to rounding`(_ run: String) throws {
  try goldenRun(run).expectBF16Losses(within: 5e-2)
}
