/// Tests LoRA and full fine-tuning against PEFT and PyTorch for twenty steps.
import Encoders
import Testing

private func goldenRun(_ run: String) throws -> TwentySteps {
  run == "full" ? try TwentySteps(run) { _ in nil } : try TwentySteps(run)
}

@Test(arguments: ["full", "lora", "lora-pattern", "lora-bias"])
func `losses match PyTorch and PEFT for twenty AdamW steps`(_ run: String) throws {
  let golden = try goldenRun(run)
  try golden.expectSteps()
  try golden.expectFinalWeights(within: 1e-3)
}

@Test(arguments: ["full", "lora"])
func `bf16 losses match fp32 up to rounding for twenty steps`(_ run: String) throws {
  try goldenRun(run).expectBF16Losses(within: 3e-2)
}
