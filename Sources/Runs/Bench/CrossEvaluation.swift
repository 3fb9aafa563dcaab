/// Scores what a benchmark's methods have learned on one task on the test data of its other tasks, as where a model of one
/// site or sub-domain is used at another.
import Files
import Glibc
import Kernels
import Recipes
import Serving
import Tasks
import Training

extension BenchResults {
  /// Evaluates every finished run of the chosen settings on the test data of the other tasks with the same type and labels.
  /// What an earlier call has found is read from the run's cross_evaluation.json.
  /// - Parameter report: called with the folder of each run before it is evaluated.
  /// - Throws: the errors of reading the data and the models; `FileFault`.
  package mutating func crossEvaluate(
    threads: Int, until shouldStop: () -> Bool, report: (String) -> Void
  ) throws {
    let claims = GridClaims(folder: output + "/.tune-claims"), rows = rows, labels = rows.map(\.labels)
    var scores: [String: [String: Double]] = [:], files = DataChanges()
    for (index, row) in rows.enumerated() where row.split == .test {
      let others = rows.indices.filter {
        labels[index] != nil && labels[$0] == labels[index] && rows[$0].isComparable(with: row)
      }
      let tests = try others.map { try TestData(rows[$0].row, &files) }
      for run in row.runs where !tests.isEmpty {
        if shouldStop() { return }
        scores[run.cell.name] = try CrossEvaluation(run: run.cell.recipe, metric: row.metric).scores(
          on: tests, threads: threads, claimed: { try claims.claim(run.cell.name + "/cross_evaluation") },
          report: report)
      }
    }
    let alike = rows.grouped { [$0.row.base, $0.row.method, $0.type.rawValue, $0.metric.name] }
    crossScores = alike.compactMap { rows in
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
  /// Of its models; nil: none has finished, or they are those of several tasks.
  fileprivate var labels: Set<String>? {
    guard let run = runs.first?.cell.recipe else { return nil }
    let folder = run.output + (run.method.adapter == nil ? "/model" : "/adapter")
    return (try? TuneJSON(folder: folder))?.map { Set($0.task.labels) }
  }

  fileprivate var type: TaskType { row.candidates[0][0].recipe.task.type }

  /// Whether a model of the other row, which has the same labels, can be scored on this row's test data.
  fileprivate func isComparable(with other: BenchResults.Row) -> Bool {
    let (own, others) = (row.candidates[0][0].recipe, other.row.candidates[0][0].recipe)
    return row.base == other.row.base && row.method == other.row.method && row.task != other.row.task
      && own.multiTask == nil && others.multiTask == nil && type == other.type
      && own.data.files.contains { $0.split == .test } && metric.name == other.metric.name
  }
}

/// The test data of a task.
private struct TestData {
  let task: String
  let data: TaskData
  /// The digests of its files and how they are read: scores of others are not those of this data.
  let identity: JSON

  init(_ row: Bench.Row, _ digests: inout DataChanges) throws {
    let own = row.candidates[0][0].recipe.data, files = own.files.filter { $0.split == .test }
    (task, data) = (row.task, TaskData(files: files, format: own.format))
    identity = [
      "sha256": .array(try files.flatMap(\.paths).map { .string(try digests.digest(of: $0)) }),
      "format": own.formatJSON(scheme: nil),
    ]
  }
}

/// The evaluations of one run on other tasks' test data.
private struct CrossEvaluation {
  let run: Recipe
  let metric: Metric

  private var file: String { run.output + "/cross_evaluation.json" }

  /// By task.
  func scores(
    on tests: [TestData], threads: Int, claimed: () throws -> GridClaim?, report: (String) -> Void
  ) throws -> [String: Double] {
    while true {
      var saved = (try? JSON(path: file))?.object ?? [:]
      let open = tests.filter { saved[$0.task]?["data"] != $0.identity }
      if open.isEmpty {
        return tests.reduce(into: [:]) { $0[$1.task] = saved[$1.task]?["metrics"]?[metric.name]?.number }
      }
      guard let claim = try claimed() else {
        usleep(500_000)
        continue
      }
      defer { claim.release() }
      report(run.output)
      let (base, adapter) = try RunParts.baseAndAdapter(run.output)
      let pool = try AdapterPool(
        folder: base, adapters: adapter.map { [("adapter", $0)] } ?? [], withBase: adapter == nil,
        precision: InferencePrecision(run.precision), threads: threads)
      for test in open {
        saved[test.task] = [
          "data": test.identity, "metrics": try evaluate(pool.members[0], on: test.data, threads: threads),
        ]
      }
      try writeFile(JSON.object(saved).text() + "\n", to: file)
    }
  }

  private func evaluate(_ member: Member, on data: TaskData, threads: Int) throws -> JSON {
    let task = try member.task.makeEvaluation(of: data, member.tokenizer, threads: threads).task
    let replicas = Replicas(threads: threads)
    let evaluation = try task.evaluate(member.model, adapters: member.adapters, on: .test) { count, body in
      replicas.map(count, body)
    }
    return .object((evaluation?.values ?? [:]).mapValues(JSON.double))
  }
}
