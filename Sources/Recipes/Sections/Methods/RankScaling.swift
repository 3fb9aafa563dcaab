/// Rank and alpha of the methods that scale their update by alpha / rank.
import Adapters

package struct RankScaling: Sendable, Equatable {
  /// The rank's key in the section "method": "rank" or "init_r".
  package let rankKey: String
  package let rank: Int
  package let alpha: Double
  /// Whether the update is scaled by alpha / √rank instead (rsLoRA).
  package let isRankStabilized: Bool
}

extension Recipe.Method {
  /// nil for methods without alpha.
  package var scaling: RankScaling? {
    switch settings {
    case let lora as LoRAConfig:
      RankScaling(rankKey: "rank", rank: lora.rank, alpha: lora.alpha, isRankStabilized: lora.useRSLoRA)
    case let adalora as AdaLoRAConfig:
      RankScaling(rankKey: "init_r", rank: adalora.initR, alpha: adalora.alpha, isRankStabilized: false)
    default: nil
    }
  }
}
