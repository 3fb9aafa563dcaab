/// What a benchmark has shown: of every row the scores of its seeds, and of every two rows of one base and task whether they
/// differ significantly.
package import Files
import Hashing
package import Recipes
package import Tasks

package struct BenchResults {
  /// A base, task and method.
  package struct Row {
    package let row: Bench.Row
    package internal(set) var searched: [(settings: [String: JSON], dev: Double?)] = []
    /// Of the runs that were searched and failed, but for the chosen one.
    package internal(set) var failedSearches: [String] = []
    /// The chosen settings; nil: not known yet, or no run has finished.
    package internal(set) var chosen: Int?
    /// The runs of what was chosen that have finished.
    package internal(set) var runs: [FinishedRun] = []
    /// Of the chosen runs, or of all that were searched if none is chosen.
    package internal(set) var failures: [String] = []
    /// The chosen runs that have not.
    package internal(set) var pending = 0
    /// On test, or on dev without test data.
    package internal(set) var split = Split.test
    /// Of the metric that compares rows.
    package internal(set) var resampled: ResampledScores?
    /// Why the scores are not resampled.
    package internal(set) var untested: String?
    /// The predictions of the first run.
    package internal(set) var saved: SavedPredictions?

    package var metric: Metric { row.metric }
    package var trainable: Int? { runs.first?.result["trainable_parameters"]?.int }
    package var total: Int? { runs.first?.result["total_parameters"]?.int }
    package var bytes: Int? { runs.first?.bytes }
    package func score(_ metric: String) -> GridSummary.Score? {
      GridSummary.Score(runs.compactMap { $0.result["metrics"]?[split.rawValue]?[metric]?.number })
    }
    /// Of the metric that compares rows.
    package var score: GridSummary.Score? { score(metric.name) }
    /// The mean of a figure of result.json over the runs.
    package func cost(_ key: String) -> Double? { GridSummary.Score(runs.compactMap { $0.result[key]?.number })?.mean }
  }

  package struct FinishedRun {
    package let cell: GridCell
    package let result: JSON
    /// Of its weights in safetensors: the adapter's, or the model's.
    package let bytes: Int
  }

  /// The rows of one base and task, with the differences of each two.
  package struct Comparison {
    package let base, task: String
    package let rows: [Row]
    /// Of two rows by their indices, the first below the second; p is adjusted for all pairs (Holm).
    package internal(set) var pairs: [Pair] = []
    package internal(set) var untested: [Untested] = []

    /// Two rows that cannot be tested against each other.
    package struct Untested {
      package let first, second: Int
      package let why: String
    }

    package struct Pair {
      package let first, second: Int
      package let difference: ResampledScores.Difference
      package let adjustedP: Double
    }
  }

  package let about: String?
  package let output: String
  package let comparisons: [Comparison]
  /// Of each base and method, if the benchmark asks for it.
  package internal(set) var crossScores: [CrossScores] = []
  static let bootstrap = Bootstrap(seed: 0)
  /// Resamples of a comparison of so many rows. The smallest p is 1 / (resamples + 1), which is then multiplied by the number
  /// of pairs: with 1,000 resamples, no two of 11 rows could differ significantly. It is 0.0125 at most.
  static func testResamples(rows: Int) -> Int { max(bootstrap.resamples, 80 * rows * (rows - 1) / 2) }

  package var rows: [Row] { comparisons.flatMap(\.rows) }
  package var failures: [String] { rows.flatMap { $0.failures + $0.failedSearches } }

  /// - Parameter outcomes: of the cells of `bench.grid`.
  /// - Throws: `FileFault` for predictions that are damaged.
  package init(_ bench: Bench, _ outcomes: [RunGrid.Outcome]) throws {
    (about, output) = (bench.about, bench.output)
    var first = 0, rows: [Row] = []
    let counts = Dictionary(grouping: bench.rows) { [$0.base, $0.task] }.mapValues(\.count)
    for row in bench.rows {
      let resamples = Self.testResamples(rows: counts[[row.base, row.task]] ?? 1)
      rows.append(try Row(row, Array(outcomes[first..<first + row.cells.count]), testResamples: resamples))
      first += row.cells.count
    }
    comparisons = rows.grouped { [$0.row.base, $0.row.task] }.map(Comparison.init)
  }
}

extension BenchResults.Row {
  fileprivate init(_ row: Bench.Row, _ outcomes: [RunGrid.Outcome], testResamples: Int) throws {
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
      case .failed(let why) where isChosen || chosen == nil && isSearched:
        failures.append("\(row.folder)/\(cells[index].name): \(why)")
      case .failed(let why) where isSearched: failedSearches.append("\(row.folder)/\(cells[index].name): \(why)")
      case .pending where isChosen || chosen == nil && isSearched: pending += 1
      case .finished(let result) where isChosen:
        let cell = row.cell(cells[index])
        runs.append(.init(cell: cell, result: result, bytes: weightBytes(cell.recipe)))
      default: break
      }
    }
    guard let first = runs.first else { return }
    if first.result["metrics"]?["test"] == nil { split = .dev }
    try resample(testResamples: testResamples)
  }

  private mutating func resample(testResamples: Int) throws {
    let saved = try runs.compactMap { try SavedPredictions(run: $0.cell.recipe.output, split) }
    guard let first = saved.first, saved.count == runs.count else {
      untested = "no predictions are saved"
      return
    }
    do throws(PairingFault) { for other in saved.dropFirst() { try first.check(other) } } catch {
      untested = "its runs differ: \(error.why)"
      return
    }
    let scored = try saved.map { try $0.scored() }
    // By the row's name, so that other rows do not change its interval.
    resampled = ResampledScores(
      scored, metric: row.metric.name, BenchResults.bootstrap, testResamples: testResamples, runSeed: fnv1a(row.folder))
    if resampled == nil {
      untested = "\(row.metric.name) is not made of predictions, or these are of a single document"
    } else {
      self.saved = first
    }
  }

  /// Why a row cannot be tested against another; nil: it can.
  fileprivate func obstacle(to other: BenchResults.Row) -> String? {
    guard let resampled, let saved else { return untested ?? "no run has finished" }
    guard let others = other.resampled, let othersSaved = other.saved else { return other.obstacle(to: self) }
    if split != other.split { return "one has test data, the other has not" }
    do throws(PairingFault) { try saved.check(othersSaved) } catch { return error.why }
    return resampled.isPaired(with: others) ? nil : "the documents of their test data differ"
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
        if let why = a.obstacle(to: b) {
          untested.append(Untested(first: first, second: second, why: why))
        } else if let x = a.resampled, let y = b.resampled {
          found.append((first, second, x.difference(to: y)))
        }
      }
    }
    let adjusted = holm(found.map(\.2.p))
    pairs = zip(found, adjusted).map { Pair(first: $0.0, second: $0.1, difference: $0.2, adjustedP: $1) }
  }

  /// What the test says of two rows; nil: they were not tested.
  package func pair(_ a: Int, _ b: Int) -> Pair? { pairs.first { $0.first == min(a, b) && $0.second == max(a, b) } }

  /// The row with the best mean; nil: none has a score, or some row is not complete.
  package var best: Int? {
    if rows.contains(where: { $0.pending > 0 }) { return nil }
    return rows.indices.filter { rows[$0].score != nil }.max { a, b in
      guard let x = rows[a].score, let y = rows[b].score else { return false }
      return rows[a].metric.isBetter(y.mean, than: x.mean)
    }
  }

  /// The rows that no row with fewer parameters, or as few, equals, from few to many.
  package var frontier: [Int] {
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
