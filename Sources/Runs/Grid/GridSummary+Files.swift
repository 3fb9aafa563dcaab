/// A grid's summary as JSON and as tab-separated values.
package import Files
import Recipes
import Tasks

extension GridSummary {
  /// Writes `path`.json and `path`.tsv.
  package func save(as path: String) throws {
    try writeFile(withoutPaths(json).text() + "\n", to: path + ".json")
    try writeFile(tsv, to: path + ".tsv")
  }

  /// `{"configurations": […], "runs": […]}`.
  package var json: JSON {
    [
      "configurations": .array(
        configurations.map { configuration in
          [
            "settings": .object(configuration.settings),
            "alpha": (configuration.scaling?.alpha).map(JSON.double) ?? .null, "finished": .int(configuration.finished),
            "failed": .int(configuration.failed),
            "pending": .int(configuration.pending), "metric": (configuration.metric?.name).map(JSON.string) ?? .null,
            "dev": configuration.dev?.json ?? .null,
            "test": .object(configuration.test.mapValues(\.json)),
            "trainable_parameters": configuration.trainable.map(JSON.int) ?? .null,
            "train_seconds": configuration.seconds?.json ?? .null, "is_best": .bool(configuration.selection == .best),
            "selection": (configuration.selection?.text).map(JSON.string) ?? .null,
          ]
        }),
      "runs": .array(runs),
    ]
  }

  /// The configurations as tab-separated values with a header line. Missing values are empty.
  package var tsv: String {
    let tests = metrics.map(\.name).filter { name in configurations.contains { $0.test[name] != nil } }
    let header =
      settingColumns + ["finished", "failed", "metric", "dev_mean", "dev_std"]
      + tests.flatMap { ["test_\($0)_mean", "test_\($0)_std"] }
      + ["trainable_parameters", "train_seconds", "selection"]
    func columns(_ score: Score?) -> [String] { [text(score?.mean), text(score?.deviation)] }
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let rows = configurations.map { configuration in
      let counts = ["\(configuration.finished)", "\(configuration.failed)", configuration.metric?.name ?? ""]
      let end = [
        configuration.trainable.map { "\($0)" } ?? "", text(configuration.seconds?.mean),
        configuration.selection?.text ?? "",
      ]
      return settings(of: configuration) + counts + columns(configuration.dev)
        + tests.flatMap { columns(configuration.test[$0]) }
        + end
    }
    return ([header] + rows).map { row in
      row.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }.joined(separator: "\t") + "\n"
    }.joined()
  }
}
