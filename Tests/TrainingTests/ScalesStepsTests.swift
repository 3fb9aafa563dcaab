/// Methods that scale or free what is there, trained beside PEFT and PyTorch.
import Models
import Testing

private let runs = ["ia3", "ia3-chosen", "vera", "layer-norm", "bitfit", "bitfit-chosen", "head"]

@Test(arguments: runs)
func `twenty steps of scales and freed weights lose what PEFT's and PyTorch's lose`(_ run: String) throws {
  let golden = try TwentySteps(run)
  try golden.follow(within: 2e-5)
  try golden.expectEnd(within: 1e-4)
}

@Test(arguments: runs, [false, true])
func `the first step's gradients are PEFT's and PyTorch's, blocks recomputed or not`(
  _ run: String, _ recompute: Bool
) throws {
  let golden = try TwentySteps(run)
  golden.model.gradientCheckpointing = recompute
  try golden.expectFirstGradients(within: 2e-5)
}

@Test(arguments: runs) func `in bf16 scales lose the same, but for rounding`(_ run: String) throws {
  try TwentySteps(run).followRounded(within: 4e-2)
}
