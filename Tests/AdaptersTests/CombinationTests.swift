/// Combined adapters against PEFT's `add_weighted_adapter`, and the rules that PEFT has no fixed answer for.
import Checkpoints
import Encoders
import Kernels
import TestSupport
import Testing

@testable import Adapters

private let module = "bert.encoder.layer.1.attention.self.query"

private func updates(_ name: String) throws -> [String: WeightUpdate] {
  try Adapter(folder: fixture((name == "rank-2" ? "combination/" : "adapters/") + name), on: tinyModel())
    .weightUpdates()
}

private func combine(_ combination: AdapterCombination, _ names: [String]) throws -> AdapterCombination.Result {
  try combination.combine(zip(names.map(updates), [0.7, -0.4]).map { ($0, $1) })
}

private let pair = ["lora-final", "lora-start"], ranks = ["lora-final", "rank-2"]

@Test(arguments: [
  ("linear", AdapterCombination(.linear), pair), ("cat", .init(.cat), pair), ("svd", .init(.svd, rank: 3), pair),
  ("ties", .init(.ties, density: 0.6), pair),
  ("ties-frequency", .init(.ties, density: 0.6, majoritySign: .frequency), pair),
  ("magnitude_prune", .init(.magnitudePrune, density: 0.3), pair),
  ("ties_svd", .init(.tiesSVD, density: 0.6, rank: 3), pair),
  ("magnitude_prune_svd", .init(.magnitudePruneSVD, density: 0.3), pair),
  ("ranks-cat", .init(.cat), ranks), ("ranks-svd", .init(.svd, rank: 5), ranks),
])
func `a combined adapter has PEFT's weights`(_ name: String, _ combination: AdapterCombination, _ names: [String])
  throws
{
  let golden = try Checkpoint(file: fixture("combination/golden.safetensors"))
  let (a, b) = try #require(try combine(combination, names).factors[module])
  #expect(relativeError((b * a).values, try golden.array(name)) < 1e-5)
  guard golden.contains(name + ".A") else { return }
  #expect(try a.values == golden.array(name + ".A") || relativeError(a.values, golden.array(name + ".A")) < 1e-6)
  #expect(try relativeError(b.values, golden.array(name + ".B")) < 1e-6)
}

@Test func `dare keeps a share of the numbers by its seed, scaled so that the mean stays`() throws {
  func dense(_ combination: AdapterCombination) throws -> [Float] {
    try combine(combination, ["lora-final"]).factors.sorted { $0.key < $1.key }.flatMap { $0.value.a.values }
  }
  let whole = try dense(.init(.linear)), some = try dense(.init(.dareLinear, density: 0.4, seed: 1))
  #expect(try some == dense(.init(.dareLinear, density: 0.4, seed: 1)))
  #expect(try some != dense(.init(.dareLinear, density: 0.4, seed: 2)))
  let kept = some.count { $0 != 0 }
  #expect(abs(Double(kept) / Double(whole.count) - 0.4) < 0.03)
  #expect(zip(some, whole).allSatisfy { $0 == 0 || abs($0 / $1 - 2.5) < 1e-4 })
  #expect(try dense(.init(.dareTies, density: 1)) == whole)
}

@Test func `an update cut to its own rank is the whole update, with its head; a lower one reports what it lacks`()
  throws
{
  let model = try tinyModel(), adapter = try Adapter(folder: fixture("adapters/dora-final"), on: model)
  #expect(throws: CombinationFault.self) { try adapter.weightUpdates() }  // it trains biases
  let lora = try Adapter(folder: fixture("adapters/lora-final"), on: model), updates = try lora.weightUpdates()
  let whole = try AdapterCombination(.svd).combine([(updates, 1)])
  #expect(whole.rank == 4 && whole.errors.values.allSatisfy { $0 < 1e-5 })
  let copy = try Adapter(factors: whole.factors, rank: whole.rank, headOf: lora)
  #expect(relativeError(try logits(model, copy), try logits(model, lora)) < 1e-5)
  let cut = try AdapterCombination(.svd, rank: 2).combine([(updates, 1)])
  let (a, b) = try #require(cut.factors[module]), exact = try #require(updates[module]).matrix
  func norm(_ matrix: DenseMatrix) -> Double { matrix.values.reduce(0) { $0 + Double($1 * $1) }.squareRoot() }
  #expect(abs(norm(b * a - exact) / norm(exact) - (cut.errors[module] ?? 0)) < 1e-5)
  #expect(cut.errors[module] ?? 0 > 0.01)
}

@Test func `adapters that cannot be combined are refused with the reason`() throws {
  #expect(throws: CombinationFault.noWeightUpdate(method: "BOTTLENECK")) { try updates("houlsby-final") }
  #expect(throws: CombinationFault.otherWeights("bert.embeddings.LayerNorm.bias")) { try updates("lora-bias-final") }
  #expect { try combine(.init(.linear), ranks) } throws: {
    "\($0)".contains("Use cat or svd")
  }
  #expect(throws: CombinationFault.notLowRank(.ties)) { try combine(.init(.ties), ["adalora-final"]) }
}
