/// Tests IA3, VeRA, LayerNorm tuning, BitFit and linear probing against PEFT and PyTorch for twenty steps.
import Encoders
import Testing

private let runs = ["ia3", "ia3-chosen", "vera", "layer-norm", "bitfit", "bitfit-chosen", "head"]

@Test(arguments: runs)
func `losses of scaling and selective methods match PEFT and PyTorch for twenty steps`(_ run: String) throws {
  let golden = try TwentySteps(run)
  try golden.expectSteps(within: 2e-5)
  try golden.expectFinalWeights(within: 1e-4)
}

@Test(arguments: runs, [false, true])
func `first gradients of scaling and selective methods match, with and without gradient checkpointing`(
  _ run: String, _ checkpointing: Bool
) throws {
  let golden = try TwentySteps(run)
  golden.model.gradientCheckpointing = checkpointing
  try golden.expectFirstGradients(within: 2e-5)
}

@Test(arguments: runs) func `bf16 losses of scaling and selective methods match fp32 up to rounding`(_ run: String)
  throws
{
  try TwentySteps(run).expectBF16Losses(within: 4e-2)
}
