/// What a user may not expect of a sweep.
import Files

extension Sweep {
  /// Messages for the user that are not errors.
  package var notes: [String] {
    let scalings = cells.compactMap(\.recipe.method.scaling)
    return Set(scalings.map(\.rankKey)).sorted().compactMap { key in
      constantAlphaNote(scalings.filter { $0.rankKey == key })
    }
  }
}

/// A sweep over the rank also changes the scale of the update, unless alpha changes with the rank.
private func constantAlphaNote(_ scalings: [RankScaling]) -> String? {
  let first = scalings[0]
  guard scalings.contains(where: { $0.rank != first.rank }), scalings.allSatisfy({ $0.alpha == first.alpha }) else {
    return nil
  }
  let scale = first.isRankStabilized ? "alpha/√rank" : "alpha/rank"
  return "method.alpha is \(plain(first.alpha)) in every run while method.\(first.rankKey) changes, so that the "
    + "scale \(scale) changes too. With method.alpha \"rank\" or \"2*rank\" alpha follows the rank."
}
