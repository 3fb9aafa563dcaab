/// Scores what a benchmark's methods have learned on one task on the test data of its other tasks, as where a model of one
/// site or sub-domain is used at another.
import Checkpoints
import Files
import Glibc
import Kernels
import Recipes
import Serving
public import Tasks
import Training

/// The scores of one base and method: trained on one task, tested on each.
public struct CrossScores {
  public let base, method: String
  /// In the order of `scores`' rows and columns.
  public let tasks: [String]
  public let metric: Metric
  /// By the task of the training and that of the test data; nil: not scored.
  public let scores: [[GridSummary.Score?]]
}

extension BenchResults {
  /// Evaluates every finished run of the chosen settings on the test data of the other tasks with the same type and labels.
  /// What an earlier call has found is read from the run's cross_evaluation.json.
  /// - Parameter report: called with the folder of each run before it is evaluated.
  /// - Throws: the errors of reading the data and the models; `FileFault`.
  public mutating func crossEvaluate(
    threads: Int, until shouldStop: () -> Bool, report: (String) -> Void
  ) throws {
    let claims = GridClaims(folder: output + "/.tune-claims")
    var scores: [String: [String: Double]] = [:]
    for row in rows where row.split == .test {
      let others = rows.filter { $0.isComparable(with: row) }
      for run in row.runs where !others.isEmpty {
        if shouldStop() { return }
        scores[run.cell.name] = try CrossEvaluation(run: run.cell.recipe, metric: row.metric).scores(
          on: others.map { ($0.row.task, $0.row.candidates[0][0].recipe) }, threads: threads,
          claimed: { try claims.claim(run.cell.name + "/cross_evaluation") }, report: report)
      }
    }
    crossScores = rows.grouped { [$0.row.base, $0.row.method] }.compactMap { rows in
      guard let first = rows.first, rows.contains(where: { row in row.runs.contains { scores[$0.cell.name] != nil } })
      else { return nil }
      return CrossScores(
        base: first.row.base, method: first.row.method, tasks: rows.map(\.row.task), metric: first.metric,
        scores: rows.map { trained in
          rows.map { tested in
            if trained.row.task == tested.row.task { return trained.score }
            return GridSummary.Score(trained.runs.compactMap { scores[$0.cell.name]?[tested.row.task] })
          }
        })
    }
  }
}

extension BenchResults.Row {
  /// Whether a model of this row can be scored on the other's test data.
  fileprivate func isComparable(with other: BenchResults.Row) -> Bool {
    func labels(_ row: BenchResults.Row) -> Set<String>? {
      guard let run = row.runs.first?.cell.recipe else { return nil }
      let folder = run.output + (run.method.adapter == nil ? "/model" : "/adapter")
      return (try? TuneJSON(folder: folder))?.map { Set($0.task.labels) }
    }
    let (own, others) = (row.candidates[0][0].recipe, other.row.candidates[0][0].recipe)
    return row.base == other.row.base && row.method == other.row.method && row.task != other.row.task
      && own.multiTask == nil && others.multiTask == nil && own.task.type == others.task.type
      && own.data.files.contains { $0.split == .test } && metric.name == other.metric.name
      && labels(self) != nil && labels(self) == labels(other)
  }
}

/// The evaluations of one run on other tasks' test data.
private struct CrossEvaluation {
  let run: Recipe
  let metric: Metric

  private var file: String { run.output + "/cross_evaluation.json" }

  /// By task.
  func scores(
    on others: [(task: String, recipe: Recipe)], threads: Int, claimed: () throws -> GridClaim?,
    report: (String) -> Void
  ) throws -> [String: Double] {
    while true {
      let (known, open) = try found(others)
      if open.isEmpty { return known }
      guard let claim = try claimed() else {
        usleep(500_000)
        continue
      }
      defer { claim.release() }
      report(run.output)
      var saved = saved
      let (base, adapter) = try RunParts.baseAndAdapter(run.output)
      let pool = try AdapterPool(
        folder: base, adapters: adapter.map { [("adapter", $0)] } ?? [], withBase: adapter == nil,
        precision: InferencePrecision(run.precision), threads: threads)
      for (task, recipe) in open {
        saved[task] = [
          "data_sha256": try digests(recipe), "metrics": try evaluate(pool.members[0], on: recipe, threads: threads),
        ]
      }
      try writeFile(JSON.object(saved).text() + "\n", to: file)
    }
  }

  private var saved: [String: JSON] { (try? JSON(path: file))?.object ?? [:] }

  private func found(
    _ others: [(task: String, recipe: Recipe)]
  ) throws -> (known: [String: Double], open: [(task: String, recipe: Recipe)]) {
    let saved = saved
    var known: [String: Double] = [:]
    let open = try others.filter { task, recipe in
      guard let entry = saved[task], entry["data_sha256"] == (try digests(recipe)) else { return true }
      known[task] = entry["metrics"]?[metric.name]?.number
      return false
    }
    return (known, open)
  }

  private func digests(_ recipe: Recipe) throws -> JSON {
    .array(try testFiles(recipe).map { .string(try sha256(ofFile: $0)) })
  }

  private func testFiles(_ recipe: Recipe) -> [String] {
    recipe.data.files.filter { $0.split == .test }.flatMap(\.paths)
  }

  private func evaluate(_ member: Member, on recipe: Recipe, threads: Int) throws -> JSON {
    let data = TaskData(files: [(.test, testFiles(recipe))], format: recipe.data.format)
    let task = try member.task.makeEvaluation(of: data, member.tokenizer, threads: threads).task
    let replicas = Replicas(threads: threads)
    let evaluation = try task.evaluate(member.model, adapters: member.adapters, on: .test) { count, body in
      replicas.forEach(count, body)
    }
    return .object((evaluation?.values ?? [:]).mapValues(JSON.double))
  }
}
