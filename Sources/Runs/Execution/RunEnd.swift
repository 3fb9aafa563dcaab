/// The end of a run: evaluates the dev and test splits, and writes predictions, weights, result.json and the report.
import Files
import Kernels
import Recipes
import Tasks
import Training

/// As result.json and `tune --version` have it.
package let tuneVersion = "0.2.0"

extension Run {
  /// The evaluations of a split, one for each task; nil: the task has no such data.
  typealias SplitEvaluations = (split: Split, byTask: [Evaluation?])

  /// The run with what its tasks choose on dev, and its evaluations on dev and test. Every rank takes part.
  /// - Parameter best: the evaluations on dev with the model's weights, if they are known.
  /// - Throws: `EvaluationInterrupted`; the errors of the tasks.
  func evaluateAtEnd(
    _ best: [Evaluation?], _ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void
  ) throws -> (run: Run, evaluations: [SplitEvaluations]) {
    let (run, dev) = try fitted(best, shouldStop, report), unknown: [Evaluation?] = dev.map { _ in nil }
    let evaluations: [SplitEvaluations] = try [(Split.dev, dev, [Split.test]), (.test, unknown, [])].map {
      split, known, later in
      let found = try trainer.withProgress(of: split, before: later, shouldStop: shouldStop, report: report) { map in
        try zip(run.byTask, known).map { run, known in
          try known ?? run.setup.task.evaluate(run.model, adapters: run.adapters, on: split, map)
        }
      }
      return (split, found)
    }
    return (run, evaluations)
  }

  /// The run with what its tasks choose on dev, and then their evaluations there.
  private func fitted(
    _ best: [Evaluation?], _ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void
  ) throws -> (run: Run, dev: [Evaluation?]) {
    let fitted = try trainer.withProgress(of: .dev, before: [.test], shouldStop: shouldStop, report: report) { map in
      try byTask.map { try $0.setup.task.fitted($0.model, adapters: $0.adapters, map) }
    }
    var run = self
    for (index, fitted) in fitted.enumerated() {
      guard let fitted else { continue }
      (run.parts[index].setup.task, run.parts[index].setup.inference) = (fitted.task, fitted.inference)
    }
    return (run, fitted.enumerated().map { index, fitted in fitted?.evaluation ?? (best.isEmpty ? nil : best[index]) })
  }

  /// Writes everything that a finished run leaves.
  func finish(
    _ result: TrainingResult, _ evaluations: [SplitEvaluations], _ folder: RunFolder, _ note: (String) -> Void
  ) throws -> JSON {
    var last: LastEvaluation?
    var metrics: [String: JSON] = [:], intervals: [String: JSON] = [:]
    let bootstrap = Bootstrap(seed: UInt64(recipe.seed))
    for (split, found) in evaluations {
      let evaluations = zip(recipe.parts, found).compactMap { part, evaluation in evaluation.map { (part, $0) } }
      if evaluations.isEmpty { continue }
      let ofTasks = evaluations.compactMap { part, evaluation in
        evaluation.scored.map { (part.name, bootstrap.json(of: $0)) }
      }
      let reported = try zip(byTask, found).compactMap { run, evaluation in
        try evaluation.flatMap { try run.savePredictions(of: $0, split, in: folder) }
      }
      if !reported.isEmpty { last = LastEvaluation(split: split, parts: reported) }
      if parts.count == 1 {
        metrics[split.rawValue] = evaluations[0].1.json
        intervals[split.rawValue] = ofTasks.first?.1
      } else {
        metrics[split.rawValue] = Evaluation(averaging: evaluations.map { ($0.name, $0.metric, $1) })?.json
        if !ofTasks.isEmpty { intervals[split.rawValue] = .object(.init(uniqueKeysWithValues: ofTasks)) }
      }
    }
    if !intervals.isEmpty { intervals.merge(bootstrap.json.object ?? [:]) { $1 } }
    for run in byTask { last?.slice(run, bootstrap) }
    let latency = try recipe.logging.latency == true ? self.latency : nil
    let json = try save(result, evaluations: metrics, intervals, last, latency: latency, in: folder)
    if recipe.logging.report { writeReport(of: last, in: folder, note) }
    try folder.end()
    return json
  }

  /// - Returns: what a report shows of the evaluation; nil: the task has no records.
  private func savePredictions(
    of evaluation: Evaluation, _ split: Split, in folder: RunFolder
  ) throws -> ReportedPart? {
    let rows = evaluation.predictions()
    let path = try folder.savePredictions(rows, name, split)
    guard !rows.isEmpty, let inference = setup.inference as? any RecordInference else { return nil }
    return try ReportedPart(name: name, SavedPredictions(rows, inference, run: folder.path, path: path))
  }

  /// A run does not fail by its report.
  private func writeReport(of last: LastEvaluation?, in folder: RunFolder, _ note: (String) -> Void) {
    do {
      let run = try ReportedRun(ending: folder.path, last)
      try RunReport(run, name: lastPathComponent(recipe.output)).save()
    } catch {
      note("report.html was not written: \(error)")
    }
  }

  /// Writes the weights and result.json.
  func save(
    _ result: TrainingResult, evaluations: [String: JSON], _ intervals: [String: JSON] = [:],
    _ last: LastEvaluation? = nil, latency: Double? = nil, in folder: RunFolder
  ) throws -> JSON {
    var members = resultJSON(result, evaluations, intervals)
    members["latency_ms"] = latency.map(JSON.double)
    let json = JSON.object(members)
    let (saved, obsolete) = adapter == nil ? ("model", "adapter") : ("adapter", "model")
    let isOwn = folder.ownFiles(of: folder.path)
    try replaceFolder(at: folder.path + "/" + saved, isOwn: { isOwn("\(saved)/\($0)") }) {
      try saveWeights(to: $0, json, last)
    }
    folder.remove(obsolete)
    try folder.saveResult(json)
    return json
  }

  private func resultJSON(
    _ result: TrainingResult, _ metrics: [String: JSON], _ intervals: [String: JSON]
  ) -> [String: JSON] {
    var object: [String: JSON] = [
      "tune_version": .string(tuneVersion),
      "status": .string(result.status.rawValue),
      "seed": .int(recipe.seed),
      "steps": .int(result.steps),
      "trainable_parameters": .int(trainableParameterCount),
      "total_parameters": .int(totalParameterCount),
      "train_seconds": .double(result.trainSeconds),
      "tokens": .int(result.tokens),
      "tokens_per_second": .double(Double(result.tokens) / max(result.trainSeconds, 1e-9)),
      "peak_memory_bytes": .int(Processor.peakMemory),
      "threads": .int(replicas.threads),
      "blas_core": .string(Processor.blasCore),
      "cpu": .string(Processor.vectors),
      "precision": .string(recipe.precision.rawValue),
      "gemm_backend": .string(GEMMBackend.selected.rawValue),
      "base_sha256": baseHash.map(JSON.string) ?? .null,
      "data_sha256": .array(dataDigests.map(JSON.string)),
      "metrics": .object(metrics),
    ]
    if replicas.communicator.size > 1 { object["ranks"] = .int(replicas.communicator.size) }
    if !intervals.isEmpty { object["intervals"] = .object(intervals) }
    if let best = result.best {
      object["best"] = [
        "epoch": .double(best.epoch), "step": .int(best.step), "metric": .string(best.metric),
        "value": .double(best.value),
      ]
    } else {
      object["best"] = .null
    }
    return object
  }
}
