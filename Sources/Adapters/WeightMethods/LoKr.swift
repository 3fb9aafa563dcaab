import Encoders
/// LoKr: a Kronecker product, of which one or both factors are matrices of low rank.
import Files
import Kernels

/// W' = W + alpha/r·(W₁ ⊗ W₂)        W₁ [a, c] or [a, r]·[r, c]   W₂ [b, d] or [b, r]·[r, d]   out = a·b   in = c·d
/// source: Yeh et al. 2024 (LyCORIS); peft/tuners/lokr/layer.py `update_layer`, `make_kron`
struct LoKr: WeightMethod {
  static let peftType = "LOKR"
  var modules: ModuleChoice
  private let ranks: RankAndAlpha
  private let decomposesBoth: Bool
  private let factor: Int

  init(_ file: inout AdapterConfigReader) {
    ranks = RankAndAlpha(&file)
    decomposesBoth = file.flag("decompose_both")
    factor = file["decompose_factor", "a whole number", { $0.int }] ?? -1
    // A convolution's; the targets here are linear layers.
    file.ignore(["use_effective_conv2d"])
    file.ignore(["init_weights", "module_dropout", "rank_dropout", "rank_dropout_scale"])
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    let ranks = try ranks.resolve(modules)
    return try targets.map { target in
      let (rank, scale) = try ranks(target)
      let (a, b) = Self.factors(of: target.outputs, near: factor),
        (c, d) = Self.factors(of: target.inputs, near: factor)
      let first = try Self.matrix(
        "lokr_w1", of: target, a, c, rank: decomposesBoth && 2 * rank < max(a, c) ? rank : nil, &file)
      let second = try Self.matrix("lokr_w2", of: target, b, d, rank: 2 * rank < max(b, d) ? rank : nil, &file)
      return { w in
        var changed = w
        for row in 0..<w.rows {
          for column in 0..<w.columns {
            changed.values[row * w.columns + column] +=
              scale * first.values[row / b * c + column / d] * second.values[row % b * d + column % d]
          }
        }
        return changed
      }
    }
  }

  /// The matrix `name`, or the product of its two parts of rank `rank`.
  private static func matrix(
    _ name: String, of target: Projection, _ rows: Int, _ columns: Int, rank: Int?, _ file: inout AdapterTensors
  ) throws -> DenseMatrix {
    guard let rank else { return try file.matrix(name, of: target, rows, columns) }
    return try file.matrix(name + "_a", of: target, rows, rank) * file.matrix(name + "_b", of: target, rank, columns)
  }

  /// Two factors of `dimension`, the smaller one first unless `factor` is one of them. -1: as near to each other as possible.
  /// source: peft/tuners/lokr/layer.py `factorization`
  static func factors(of dimension: Int, near factor: Int) -> (Int, Int) {
    if factor > 0, dimension % factor == 0 { return (factor, dimension / factor) }
    let limit = factor == -1 ? dimension : factor
    var (m, n) = (1, dimension)
    while m < n {
      guard let next = (m + 1...dimension).first(where: { dimension % $0 == 0 }) else { break }
      if next + dimension / next > 1 + dimension || next > limit { break }
      (m, n) = (next, dimension / next)
    }
    return (min(m, n), max(m, n))
  }
}
