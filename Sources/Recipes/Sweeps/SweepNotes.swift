/// What a user may not expect of a sweep.
import Files

extension Sweep {
  /// Messages for the user that are not errors.
  public var notes: [String] { [constantAlpha].compactMap(\.self) }

  /// A sweep over the rank also changes the scale of the update, unless alpha changes with the rank.
  private var constantAlpha: String? {
    let scalings = cells.compactMap(\.recipe.method.scaling)
    guard let first = scalings.first, scalings.contains(where: { $0.rank != first.rank }),
      scalings.allSatisfy({ $0.alpha == first.alpha && $0.rankKey == first.rankKey })
    else { return nil }
    let scale = first.isRankStabilized ? "alpha/√rank" : "alpha/rank"
    return "method.alpha is \(plain(first.alpha)) in every run while method.\(first.rankKey) changes, so that the "
      + "scale \(scale) changes too. With method.alpha \"rank\" or \"2*rank\" alpha follows the rank."
  }
}
