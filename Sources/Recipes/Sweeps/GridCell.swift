/// One run of a grid: a recipe with a name, and the settings that distinguish it from the grid's other runs.
package import Files

package struct GridCell: Sendable {
  /// Unique in its grid, and safe as a folder's name: `learning_rate=0.003,rank=8,seed=1`.
  package let name: String
  /// By key path, as in a recipe. Cells that differ only in "seed" or the fold are repetitions of one configuration.
  package let settings: [String: JSON]
  /// Its `output` is the run's own folder.
  package let recipe: Recipe

  package init(name: String, settings: [String: JSON], recipe: Recipe) {
    (self.name, self.settings, self.recipe) = (name, settings, recipe)
  }
}

extension GridCell {
  /// The axis of cross-validation: its value may be "all".
  static let foldPath = "data.folds.fold"
  /// Runs that differ only in these are repetitions of one configuration.
  package static let repetitions: Set = ["seed", foldPath]

  /// The settings without those of repetitions.
  package var configuration: [String: JSON] { settings.filter { !Self.repetitions.contains($0.key) } }
}
