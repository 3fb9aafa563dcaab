/// What a benchmark has shown: of every row the scores of its seeds, and of every two rows of one base and task whether they
/// differ significantly.
public import Files
import Hashing
public import Recipes
public import Tasks

public struct BenchResults {
  /// A base, task and method.
  public struct Row {
    public let row: Bench.Row
    public internal(set) var searched: [(settings: [String: JSON], dev: Double?)] = []
    /// The chosen settings; nil: not known yet, or no run has finished.
    public internal(set) var chosen: Int?
    /// The runs of what was chosen that have finished.
    public internal(set) var runs: [FinishedRun] = []
    public internal(set) var failures: [String] = []
    /// The chosen runs that have not.
    public internal(set) var pending = 0
    /// On test, or on dev without test data.
    public internal(set) var split = Split.test
    /// Of the metric that compares rows; nil: no run has finished, or its examples cannot be drawn.
    public internal(set) var resampled: ResampledScores?

    public var metric: Metric { row.metric }
    public var trainable: Int? { runs.first?.result["trainable_parameters"]?.int }
    public var total: Int? { runs.first?.result["total_parameters"]?.int }
    public var bytes: Int? { runs.first?.bytes }
    public func score(_ metric: String) -> GridSummary.Score? {
      GridSummary.Score(runs.compactMap { $0.result["metrics"]?[split.rawValue]?[metric]?.number })
    }
    /// Of the metric that compares rows.
    public var score: GridSummary.Score? { score(metric.name) }
    /// The mean of a figure of result.json over the runs.
    public func cost(_ key: String) -> Double? { GridSummary.Score(runs.compactMap { $0.result[key]?.number })?.mean }
  }

  public struct FinishedRun {
    public let cell: GridCell
    public let result: JSON
    /// Of its weights in safetensors: the adapter's, or the model's.
    public let bytes: Int
  }

  /// The rows of one base and task, with the differences of each two.
  public struct Comparison {
    public let base, task: String
    public let rows: [Row]
    /// Of two rows by their indices, the first below the second; p is adjusted for all pairs (Holm).
    public internal(set) var pairs: [Pair] = []

    public struct Pair {
      public let first, second: Int
      public let difference: ResampledScores.Difference
      public let adjustedP: Double
    }
  }

  public let about: String?
  public let output: String
  public let comparisons: [Comparison]
  /// Of each base and method, if the benchmark asks for it.
  public internal(set) var crossScores: [CrossScores] = []
  static let bootstrap = Bootstrap(seed: 0)

  public var rows: [Row] { comparisons.flatMap(\.rows) }
  public var hasFailures: Bool { rows.contains { !$0.failures.isEmpty } }

  /// - Parameter outcomes: of the cells of `bench.grid`.
  /// - Throws: `FileFault` for predictions that are damaged; `PairingFault` where runs of a row have other examples.
  public init(_ bench: Bench, _ outcomes: [RunGrid.Outcome]) throws {
    (about, output) = (bench.about, bench.output)
    var first = 0, rows: [Row] = []
    for row in bench.rows {
      rows.append(try Row(row, Array(outcomes[first..<first + row.cells.count])))
      first += row.cells.count
    }
    comparisons = rows.grouped { [$0.row.base, $0.row.task] }.map(Comparison.init)
  }
}

extension BenchResults.Row {
  fileprivate init(_ row: Bench.Row, _ outcomes: [RunGrid.Outcome]) throws {
    self.row = row
    let seeds = row.candidates[0].count, cells = row.cells
    searched = row.candidates.enumerated().map { index, cells in
      guard case .finished(let result) = outcomes[index * seeds] else { return (cells[0].configuration, nil) }
      return (cells[0].configuration, row.devScore(result))
    }
    chosen = row.chosen(outcomes)
    for (index, outcome) in outcomes.enumerated() {
      let isSearched = index % seeds == 0, isChosen = chosen == index / seeds
      switch outcome {
      case .failed(let why) where isSearched || isChosen: failures.append("\(cells[index].name): \(why)")
      case .pending where isChosen || chosen == nil && isSearched: pending += 1
      case .finished(let result) where isChosen:
        let cell = row.cell(cells[index])
        runs.append(.init(cell: cell, result: result, bytes: weightBytes(cell.recipe)))
      default: break
      }
    }
    guard let first = runs.first else { return }
    if first.result["metrics"]?["test"] == nil { split = .dev }
    let saved = try runs.compactMap { try SavedPredictions(run: $0.cell.recipe.output, split) }
    guard saved.count == runs.count else { return }
    for other in saved.dropFirst() { try saved[0].check(other) }
    // By the row's name, so that other rows do not change its interval.
    resampled = ResampledScores(
      try saved.map { try $0.scored() }, metric: row.metric.name, BenchResults.bootstrap, runSeed: fnv1a(row.folder))
  }
}

extension BenchResults.Comparison {
  init(_ rows: [BenchResults.Row]) {
    // From few parameters to many; rows without a run are last.
    self.rows = rows.sorted { ($0.trainable ?? .max, $0.row.folder) < ($1.trainable ?? .max, $1.row.folder) }
    (base, task) = (rows[0].row.base, rows[0].row.task)
    var found: [(Int, Int, ResampledScores.Difference)] = []
    for second in self.rows.indices {
      for first in 0..<second {
        let (a, b) = (self.rows[first], self.rows[second])
        guard let x = a.resampled, let y = b.resampled, a.metric.name == b.metric.name, a.split == b.split else {
          continue
        }
        found.append((first, second, x.difference(to: y)))
      }
    }
    let adjusted = holm(found.map(\.2.p))
    pairs = zip(found, adjusted).map { Pair(first: $0.0, second: $0.1, difference: $0.2, adjustedP: $1) }
  }

  public func pair(_ a: Int, _ b: Int) -> Pair? { pairs.first { $0.first == min(a, b) && $0.second == max(a, b) } }

  /// The row with the best mean; nil: none has a score, or some row is not complete.
  public var best: Int? {
    if rows.contains(where: { $0.pending > 0 }) { return nil }
    return rows.indices.filter { rows[$0].score != nil }.max { a, b in
      guard let x = rows[a].score, let y = rows[b].score else { return false }
      return rows[a].metric.isBetter(y.mean, than: x.mean)
    }
  }

  /// The rows that no row with fewer parameters, or as few, equals, from few to many.
  public var frontier: [Int] {
    var best: Double?
    return rows.indices.filter { index in
      guard let score = rows[index].score?.mean, rows[index].trainable != nil else { return false }
      guard best.map({ rows[index].metric.isBetter(score, than: $0) }) ?? true else { return false }
      best = score
      return true
    }
  }
}

/// Of the files of weights that a run has saved, of all its tasks.
private func weightBytes(_ recipe: Recipe) -> Int {
  let folder = recipe.output + (recipe.method.adapter == nil ? "/model" : "/adapter")
  return recipe.parts.map { $0.name.isEmpty ? folder : "\(folder)/\($0.name)" }.reduce(0) { sum, folder in
    let files = ((try? folderContents(folder)) ?? []).filter { $0.hasSuffix(".safetensors") }
    return files.reduce(sum) { $0 + (FileIdentity(path: "\(folder)/\($1)")?.size ?? 0) }
  }
}
