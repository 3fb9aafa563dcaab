/// The results of a sweep, aggregated over seeds: mean and standard deviation for each configuration.
public import Files
import Training

public struct SweepSummary: Sendable {
  /// How a run ended.
  public enum Outcome: Sendable {
    /// With its result.json.
    case finished(JSON)
    case failed(String)
    /// The sweep was stopped before or during this run.
    case pending
  }

  /// Mean and standard deviation of a value over seeds.
  public struct Score: Sendable, Equatable {
    public let mean: Double
    /// The sample standard deviation (n − 1); nil for a single run.
    public let deviation: Double?
    public let count: Int

    init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      (self.mean, count) = (mean, values.count)
      deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
    }

    var json: JSON {
      ["mean": .double(mean), "std": deviation.map(JSON.double) ?? .null, "n": .int(count)]
    }
  }

  /// All runs that differ only in their seed.
  public struct Configuration: Sendable {
    public let settings: [String: JSON]
    public fileprivate(set) var finished = 0, failed = 0, pending = 0
    /// The metric that chose the best checkpoint; nil without dev data.
    public fileprivate(set) var metric: String?
    public fileprivate(set) var dev: Score?
    public fileprivate(set) var test: [String: Score] = [:]
    public fileprivate(set) var trainable: Int?
    public fileprivate(set) var seconds: Score?
    public fileprivate(set) var isBest = false
  }

  /// The axes' paths, without `seed`.
  public let axes: [String]
  public let configurations: [Configuration]
  private let runs: [JSON]
  /// The names of metrics, the most informative first.
  public static let metrics = ["f1", "precision", "recall", "perplexity", "accuracy", "loss"]

  /// - Parameter outcomes: one for each cell of `sweep`.
  public init(_ sweep: Sweep, _ outcomes: [Outcome]) {
    axes = sweep.axes.map(\.path).filter { $0 != "seed" }
    var groups: [(settings: [String: JSON], runs: [(cell: Sweep.Cell, outcome: Outcome)])] = []
    for (cell, outcome) in zip(sweep.cells, outcomes) {
      let settings = cell.settings.filter { $0.key != "seed" }
      if let index = groups.firstIndex(where: { $0.settings == settings }) {
        groups[index].runs.append((cell, outcome))
      } else {
        groups.append((settings, [(cell, outcome)]))
      }
    }
    var configurations = groups.map { Self.aggregate($0.settings, $0.runs) }
    // Scores are comparable only if all configurations have the same metric.
    if Set(configurations.compactMap(\.metric)).count == 1, let metric = configurations.compactMap(\.metric).first {
      let scores = configurations.indices.compactMap { index in configurations[index].dev.map { (index, $0.mean) } }
      let best = scores.max { TrainingSettings.isBetter($1.1, than: $0.1, in: metric) }
      if let best { configurations[best.0].isBest = true }
    }
    self.configurations = configurations
    runs = zip(sweep.cells, outcomes).map(Self.json)
  }

  private static func aggregate(
    _ settings: [String: JSON], _ runs: [(cell: Sweep.Cell, outcome: Outcome)]
  ) -> Configuration {
    var configuration = Configuration(settings: settings)
    var results: [JSON] = []
    for (cell, outcome) in runs {
      switch outcome {
      case .failed: configuration.failed += 1
      case .pending: configuration.pending += 1
      case .finished(let result):
        results.append(result)
        configuration.metric = cell.recipe.data.dev == nil ? nil : cell.recipe.training.metricForBestModel.rawValue
      }
    }
    func score(_ value: (JSON) -> Double?) -> Score? { Score(results.compactMap(value)) }
    configuration.finished = results.count
    configuration.dev = configuration.metric.flatMap { metric in score { $0["metrics"]?["dev"]?[metric]?.number } }
    for name in metrics { configuration.test[name] = score { $0["metrics"]?["test"]?[name]?.number } }
    configuration.trainable = results.first?["trainable_parameters"]?.int
    configuration.seconds = score { $0["train_seconds"]?.number }
    return configuration
  }

  public var hasFailures: Bool { configurations.contains { $0.failed > 0 } }

  private static func json(_ cell: Sweep.Cell, _ outcome: Outcome) -> JSON {
    var run: [String: JSON] = [
      "name": .string(cell.name), "output": .string(cell.recipe.output), "settings": .object(cell.settings),
    ]
    switch outcome {
    case .finished(let result):
      run["status"] = result["status"] ?? .null
      run["metrics"] = result["metrics"] ?? .null
      run["train_seconds"] = result["train_seconds"] ?? .null
    case .failed(let reason): (run["status"], run["error"]) = ("failed", .string(reason))
    case .pending: run["status"] = "pending"
    }
    return .object(run)
  }

  /// `{"configurations": […], "runs": […]}`.
  public var json: JSON {
    [
      "configurations": .array(
        configurations.map { configuration in
          [
            "settings": .object(configuration.settings), "finished": .int(configuration.finished),
            "failed": .int(configuration.failed),
            "pending": .int(configuration.pending), "metric": configuration.metric.map(JSON.string) ?? .null,
            "dev": configuration.dev?.json ?? .null,
            "test": .object(configuration.test.mapValues(\.json)),
            "trainable_parameters": configuration.trainable.map(JSON.int) ?? .null,
            "train_seconds": configuration.seconds?.json ?? .null, "is_best": .bool(configuration.isBest),
          ]
        }),
      "runs": .array(runs),
    ]
  }

  /// The configurations as tab-separated values with a header line. Missing values are empty.
  public var tsv: String {
    let tests = Self.metrics.filter { name in configurations.contains { $0.test[name] != nil } }
    let header =
      axes + ["finished", "failed", "metric", "dev_mean", "dev_std"]
      + tests.flatMap { ["test_\($0)_mean", "test_\($0)_std"] }
      + ["trainable_parameters", "train_seconds", "best"]
    func columns(_ score: Score?) -> [String] { [text(score?.mean), text(score?.deviation)] }
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let rows = configurations.map { configuration in
      let settings = axes.map { axis in configuration.settings[axis].map { $0.string ?? $0.text(pretty: false) } ?? "" }
      let counts = ["\(configuration.finished)", "\(configuration.failed)", configuration.metric ?? ""]
      let end = [
        configuration.trainable.map { "\($0)" } ?? "", text(configuration.seconds?.mean),
        configuration.isBest ? "best" : "",
      ]
      return settings + counts + columns(configuration.dev) + tests.flatMap { columns(configuration.test[$0]) } + end
    }
    return ([header] + rows).map { row in
      row.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }.joined(separator: "\t") + "\n"
    }.joined()
  }
}
