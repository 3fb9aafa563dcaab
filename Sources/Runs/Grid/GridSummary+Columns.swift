/// The columns of a grid's tables that distinguish its configurations.
import Files
import Recipes

extension GridSummary {
  /// The axes, and alpha where rank or alpha differs: an update is scaled by alpha / rank.
  package var settingColumns: [String] { axes + (showsAlpha ? ["alpha"] : []) }

  /// The configuration's values in `settingColumns`.
  package func settings(of configuration: Configuration) -> [String] {
    axes.map { axis in
      configuration.settings[axis].map { withoutPaths($0) }.map { $0.string ?? $0.text(pretty: false) } ?? ""
    }
      + (showsAlpha ? [configuration.scaling.map { plain($0.alpha) } ?? ""] : [])
  }

  private var showsAlpha: Bool {
    // An axis of numbers shows it already; one of "rank" and "2*rank" does not.
    if configurations.allSatisfy({ $0.settings["method.alpha"]?.number != nil }) { return false }
    let scalings = configurations.compactMap(\.scaling)
    return scalings.contains { $0.rank != scalings[0].rank || $0.alpha != scalings[0].alpha }
  }
}

/// The number without ".0".
private func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
