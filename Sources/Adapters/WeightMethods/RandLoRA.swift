import Encoders
/// RandLoRA: a sum of random matrices of low rank, which all targets share, with trained scales.
import Files
import Kernels

/// ΔW = alpha/r·B'·A'        A' [r·k, small]: row i·k + j is λ[i, j]·A[i]∘γ[j]   B' [large, k·r]: the first rows and k bases of B
/// of a target whose sides are small ≤ large; transposed if it has more inputs than outputs. k = ⌈small / r⌉
/// A [r, 1, ≥ small], B [≥ large, ≥ k, r]: shared and frozen.
/// source: Albert et al. 2025; peft/tuners/randlora/layer.py `get_scaled_bases`
struct RandLoRA: WeightMethod {
  static let peftType = "RANDLORA"
  var modules: ModuleChoice
  let bias: BiasMode
  private let rank: Int
  private let alpha: Double

  init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    // How A and B were drawn: they are in the file.
    file.ignore(["init_weights", "projection_prng_key", "randlora_dropout", "sparse", "very_sparse"])
    rank = file.positiveInt("r") ?? 32
    alpha = file["randlora_alpha", "a number", { $0.number }] ?? 640
    bias = BiasMode(&file, only: "randlora_only")
    if file["save_projection", "true", { $0.bool }] == false {
      file.problem(
        "'save_projection' is false: the matrices A and B are not in the file, and only torch's generator can "
          + "recompute them. Load the adapter with PEFT and save it with save_projection=True.")
    }
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    let rank = rank, scale = Float(alpha / Double(rank))
    func sides(_ target: Projection) -> (small: Int, large: Int, bases: Int) {
      let small = min(target.inputs, target.outputs)
      return (small, max(target.inputs, target.outputs), (small + rank - 1) / rank)
    }
    // As large as the largest target in PEFT's model, which may have modules that this one lacks.
    let least = targets.map(sides), (nameA, nameB) = (sharedPrefix + "randlora_A", sharedPrefix + "randlora_B")
    func side(_ name: String, _ axis: Int, _ least: Int) throws -> Int {
      let shape = try file.shape(name) ?? []
      return max(least, shape.count == 3 ? shape[axis] : 0)
    }
    let width = try side(nameA, 2, least.map(\.small).max() ?? 0)
    let height = try side(nameB, 0, least.map(\.large).max() ?? 0)
    let count = try side(nameB, 1, least.map(\.bases).max() ?? 0)
    let a = try file.floats(nameA, [rank, 1, width]), b = try file.floats(nameB, [height, count, rank])
    return try targets.map { target in
      let (small, large, bases) = sides(target)
      let lambda = try file.floats("randlora_lambda", of: target, [rank, bases])
      let gamma = try file.floats("randlora_gamma", of: target, [bases, small])
      try file.skipCopies(of: a, [rank, 1, width], "randlora_A", of: target)
      try file.skipCopies(of: b, [height, count, rank], "randlora_B", of: target)
      return { w in
        let down = (0..<rank * bases).flatMap { row in
          (0..<small).map { lambda[row] * a[row / bases * width + $0] * gamma[row % bases * small + $0] }
        }
        let up = (0..<large).flatMap { b[$0 * count * rank..<($0 * count + bases) * rank] }
        let update =
          DenseMatrix(rows: large, columns: bases * rank, up) * DenseMatrix(rows: rank * bases, columns: small, down)
        return w + (target.inputs <= target.outputs ? update : update.transposed).scaled(by: scale)
      }
    }
  }
}
