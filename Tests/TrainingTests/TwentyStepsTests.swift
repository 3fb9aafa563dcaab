/// LoRA and full fine-tuning beside PEFT and PyTorch.
import Models
import Testing

private func start(_ run: String) throws -> TwentySteps {
  run == "full" ? try TwentySteps(run) { _ in nil } : try TwentySteps(run)
}

@Test(arguments: ["full", "lora", "lora-pattern", "lora-bias"])
func `twenty AdamW steps lose what PyTorch and PEFT lose`(_ run: String) throws {
  let golden = try start(run)
  try golden.follow()
  try golden.expectEnd(within: 1e-3)
}

@Test(arguments: ["full", "lora"])
func `in bf16 twenty steps lose what they lose in fp32, but for rounding`(_ run: String) throws {
  try start(run).followRounded(within: 3e-2)
}
