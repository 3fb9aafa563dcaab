/// A sweep's results with the seeds folded together: mean and standard deviation of what each configuration reached.
public import Files
import Training

public struct SweepSummary: Sendable {
  /// How a run ended.
  public enum Outcome: Sendable {
    /// Its result.json.
    case finished(JSON)
    case failed(String)
    /// The sweep was stopped before, or in it.
    case pending
  }

  /// Of a metric over seeds.
  public struct Score: Sendable, Equatable {
    public let mean: Double
    /// With n − 1; nil for a single run.
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

  /// All runs that differ in nothing but their seed.
  public struct Configuration: Sendable {
    public let settings: [String: JSON]
    public fileprivate(set) var finished = 0, failed = 0, pending = 0
    /// What the best checkpoint was chosen by; nil without dev data.
    public fileprivate(set) var metric: String?
    public fileprivate(set) var dev: Score?
    public fileprivate(set) var test: [String: Score] = [:]
    public fileprivate(set) var trainable: Int?
    public fileprivate(set) var seconds: Score?
    public fileprivate(set) var isBest = false
  }

  /// The axes' paths but `seed`.
  public let axes: [String]
  public let configurations: [Configuration]
  private let runs: [JSON]
  /// The names of metrics, the most telling first.
  public static let metrics = ["f1", "precision", "recall", "perplexity", "accuracy", "loss"]

  /// - Parameter outcomes: one for each point of `sweep`.
  public init(_ sweep: Sweep, _ outcomes: [Outcome]) {
    axes = sweep.axes.map(\.path).filter { $0 != "seed" }
    var groups: [(settings: [String: JSON], members: [(point: Sweep.Cell, outcome: Outcome)])] = []
    for (point, outcome) in zip(sweep.cells, outcomes) {
      let settings = point.settings.filter { $0.key != "seed" }
      if let index = groups.firstIndex(where: { $0.settings == settings }) {
        groups[index].members.append((point, outcome))
      } else {
        groups.append((settings, [(point, outcome)]))
      }
    }
    var found = groups.map { Self.fold($0.settings, $0.members) }
    // The best of what was measured in one way.
    if Set(found.compactMap(\.metric)).count == 1, let metric = found.compactMap(\.metric).first {
      let scores = found.indices.compactMap { index in found[index].dev.map { (index, $0.mean) } }
      let best = scores.max { TrainingSettings.isBetter($1.1, than: $0.1, in: metric) }
      if let best { found[best.0].isBest = true }
    }
    configurations = found
    runs = zip(sweep.cells, outcomes).map(Self.json)
  }

  private static func fold(
    _ settings: [String: JSON], _ members: [(point: Sweep.Cell, outcome: Outcome)]
  ) -> Configuration {
    var folded = Configuration(settings: settings)
    var results: [JSON] = []
    for (point, outcome) in members {
      switch outcome {
      case .failed: folded.failed += 1
      case .pending: folded.pending += 1
      case .finished(let result):
        results.append(result)
        folded.metric = point.recipe.data.dev == nil ? nil : point.recipe.training.metricForBestModel.rawValue
      }
    }
    func score(_ value: (JSON) -> Double?) -> Score? { Score(results.compactMap(value)) }
    folded.finished = results.count
    folded.dev = folded.metric.flatMap { metric in score { $0["metrics"]?["dev"]?[metric]?.number } }
    for name in metrics { folded.test[name] = score { $0["metrics"]?["test"]?[name]?.number } }
    folded.trainable = results.first?["trainable_parameters"]?.int
    folded.seconds = score { $0["train_seconds"]?.number }
    return folded
  }

  public var hasFailures: Bool { configurations.contains { $0.failed > 0 } }

  private static func json(_ point: Sweep.Cell, _ outcome: Outcome) -> JSON {
    var facts: [String: JSON] = [
      "name": .string(point.name), "output": .string(point.recipe.output), "settings": .object(point.settings),
    ]
    switch outcome {
    case .finished(let result):
      facts["status"] = result["status"] ?? .null
      facts["metrics"] = result["metrics"] ?? .null
      facts["train_seconds"] = result["train_seconds"] ?? .null
    case .failed(let why): (facts["status"], facts["error"]) = ("failed", .string(why))
    case .pending: facts["status"] = "open"
    }
    return .object(facts)
  }

  /// `{"configurations": […], "runs": […]}`.
  public var json: JSON {
    [
      "configurations": .array(
        configurations.map { one in
          [
            "settings": .object(one.settings), "finished": .int(one.finished), "failed": .int(one.failed),
            "open": .int(one.pending), "metric": one.metric.map(JSON.string) ?? .null, "dev": one.dev?.json ?? .null,
            "test": .object(one.test.mapValues(\.json)), "trainable_parameters": one.trainable.map(JSON.int) ?? .null,
            "train_seconds": one.seconds?.json ?? .null, "is_best": .bool(one.isBest),
          ]
        }),
      "runs": .array(runs),
    ]
  }

  /// The configurations as tab-separated lines under one of headings; what there is nothing of is empty.
  public var tsv: String {
    let tests = Self.metrics.filter { name in configurations.contains { $0.test[name] != nil } }
    let headings =
      axes + ["finished", "failed", "metric", "dev_mean", "dev_std"]
      + tests.flatMap { ["test_\($0)_mean", "test_\($0)_std"] }
      + ["trainable_parameters", "train_seconds", "best"]
    func cells(_ score: Score?) -> [String] { [text(score?.mean), text(score?.deviation)] }
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let lines = configurations.map { one in
      let settings = axes.map { axis in one.settings[axis].map { $0.string ?? $0.text(pretty: false) } ?? "" }
      let counts = ["\(one.finished)", "\(one.failed)", one.metric ?? ""]
      let end = [one.trainable.map { "\($0)" } ?? "", text(one.seconds?.mean), one.isBest ? "best" : ""]
      return settings + counts + cells(one.dev) + tests.flatMap { cells(one.test[$0]) } + end
    }
    return ([headings] + lines).map { line in
      line.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }.joined(separator: "\t") + "\n"
    }.joined()
  }
}
