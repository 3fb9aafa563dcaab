import Encoders
/// LoHa: the product, number by number, of two matrices of low rank.
import Kernels

/// W' = W + alpha/r·(A₁·B₁) ∘ (A₂·B₂)        A [out, r]   B [r, in]
/// source: Hyeon-Woo et al. 2022 (FedPara); peft/tuners/loha/layer.py `make_weight`
struct LoHa: WeightMethod {
  static let peftType = "LOHA"
  var modules: ModuleChoice
  private let ranks: RankAndAlpha

  init(_ file: inout AdapterConfigReader) {
    ranks = RankAndAlpha(&file)
    // A convolution's; the targets here are linear layers.
    file.ignore(["use_effective_conv2d"])
    file.ignore(["init_weights", "module_dropout", "rank_dropout"])
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    let ranks = try ranks.resolve(modules)
    return try targets.map { target in
      let (rank, scale) = try ranks(target), (outputs, inputs) = (target.outputs, target.inputs)
      let a1 = try file.matrix("hada_w1_a", of: target, outputs, rank)
      let b1 = try file.matrix("hada_w1_b", of: target, rank, inputs)
      let a2 = try file.matrix("hada_w2_a", of: target, outputs, rank)
      let b2 = try file.matrix("hada_w2_b", of: target, rank, inputs)
      return { w in
        var changed = w
        let (first, second) = (a1 * b1, a2 * b2)
        for index in w.values.indices { changed.values[index] += first.values[index] * second.values[index] * scale }
        return changed
      }
    }
  }
}
