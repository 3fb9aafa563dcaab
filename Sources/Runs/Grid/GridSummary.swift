/// The results of a grid, aggregated over seeds: mean and standard deviation for each configuration.
package import Files
package import Recipes
package import Tasks
import Training

package struct GridSummary: Sendable {
  /// Mean and standard deviation of a value over seeds.
  package struct Score: Sendable, Equatable {
    package let mean: Double
    /// The sample standard deviation (n − 1); nil for a single run.
    package let deviation: Double?
    package let minimum, maximum: Double
    package let count: Int

    init?(_ values: [Double]) {
      guard let minimum = values.min(), let maximum = values.max() else { return nil }
      (self.minimum, self.maximum) = (minimum, maximum)
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      (self.mean, count) = (mean, values.count)
      deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
    }

    var json: JSON {
      [
        "mean": .double(mean), "std": deviation.map(JSON.double) ?? .null, "min": .double(minimum),
        "max": .double(maximum), "n": .int(count),
      ]
    }
  }

  /// All runs that differ only in their seed.
  package struct Configuration: Sendable {
    package let settings: [String: JSON]
    /// Of a method whose update is scaled by alpha / rank.
    package fileprivate(set) var scaling: RankScaling?
    package fileprivate(set) var finished = 0, failed = 0, pending = 0
    /// The metric that chose the best checkpoint; nil without dev data.
    package fileprivate(set) var metric: Metric?
    package fileprivate(set) var dev: Score?
    package fileprivate(set) var test: [String: Score] = [:]
    package fileprivate(set) var trainable: Int?
    package fileprivate(set) var seconds: Score?
    /// For the configuration that is best on dev; nil for the others.
    package internal(set) var selection: Selection?
  }

  /// The keys of the configurations' settings.
  package let axes: [String]
  package let configurations: [Configuration]
  /// Each run's name, folder, settings and result.
  let runs: [JSON]
  /// The metrics of the runs' tasks, the most informative first.
  package let metrics: [Metric]

  /// - Parameter outcomes: one for each cell of `grid`.
  package init(_ grid: RunGrid, _ outcomes: [RunGrid.Outcome]) {
    axes = grid.axes
    let all = grid.cells.flatMap(\.recipe.metrics).uniqueByName
    metrics = all.filter(\.isHeadline) + all.filter { !$0.isHeadline }
    var groups: [(settings: [String: JSON], runs: [(cell: GridCell, outcome: RunGrid.Outcome)])] = []
    for (cell, outcome) in zip(grid.cells, outcomes) {
      let settings = cell.configuration
      if let index = groups.firstIndex(where: { $0.settings == settings }) {
        groups[index].runs.append((cell, outcome))
      } else {
        groups.append((settings, [(cell, outcome)]))
      }
    }
    var configurations = groups.map { Self.aggregate($0.settings, $0.runs) }
    Self.select(&configurations)
    self.configurations = configurations
    runs = zip(grid.cells, outcomes).map(Self.json)
  }

  private static func aggregate(
    _ settings: [String: JSON], _ runs: [(cell: GridCell, outcome: RunGrid.Outcome)]
  ) -> Configuration {
    var configuration = Configuration(settings: settings, scaling: runs.first?.cell.recipe.method.scaling)
    var results: [JSON] = []
    for (cell, outcome) in runs {
      switch outcome {
      case .failed: configuration.failed += 1
      case .pending: configuration.pending += 1
      case .finished(let result):
        results.append(result)
        configuration.metric =
          cell.recipe.parts[0].data.hasDev ? cell.recipe.training.settings.metricForBestModel : nil
      }
    }
    func score(_ value: (JSON) -> Double?) -> Score? { Score(results.compactMap(value)) }
    configuration.finished = results.count
    configuration.dev = configuration.metric.flatMap { metric in score { $0["metrics"]?["dev"]?[metric.name]?.number } }
    for name in runs.flatMap(\.cell.recipe.metrics).map(\.name) {
      configuration.test[name] = score { $0["metrics"]?["test"]?[name]?.number }
    }
    configuration.trainable = results.first?["trainable_parameters"]?.int
    configuration.seconds = score { $0["train_seconds"]?.number }
    return configuration
  }

  package var hasFailures: Bool { configurations.contains { $0.failed > 0 } }

  private static func json(_ cell: GridCell, _ outcome: RunGrid.Outcome) -> JSON {
    var run: [String: JSON] = [
      "name": .string(cell.name), "output": .string(cell.recipe.output), "settings": .object(cell.settings),
    ]
    switch outcome {
    case .finished(let result):
      run["status"] = result["status"] ?? .null
      run["metrics"] = result["metrics"] ?? .null
      run["train_seconds"] = result["train_seconds"] ?? .null
    case .failed(let reason):
      (run["status"], run["error"]) = ("failed", .string(withoutPaths(reason, of: cell.recipe.json)))
    case .pending: run["status"] = "pending"
    }
    return .object(run)
  }
}
