/// Executes a run: trains, evaluates the dev and test splits, and writes the run folder.
import Checkpoints
public import Files
import Kernels
import Logs
import Models
import Recipes
import Tasks
public import Training

extension Run {
  /// Trains and writes the run folder.
  /// - Parameters:
  ///   - report: called after every step and evaluation.
  ///   - note: called with messages for the user.
  /// - Returns: the contents of result.json.
  /// - Throws: `SaveFault` if a file of the run cannot be written; the trainer's errors.
  public func execute(
    in folder: RunFolder, resume: Bool, shouldStop: () -> Bool, report: (TrainingEvent) -> Void,
    note: (String) -> Void = { _ in }
  ) throws -> JSON {
    try teacherCache?.open()
    try hiddenStates?.open(for: model).map(note)
    defer { model.hiddenStateCache = nil }
    if resume { try restore(from: folder).forEach(note) }
    let exports = try LogExports(
      of: folder.log.path, tensorboard: recipe.logging.tensorboard, csv: recipe.logging.csv,
      recipe: withoutPaths(recipe.json))
    func log(_ event: JSON) throws {
      let line = event.withTimestamp()
      try folder.log.add(line)
      try exports.add(line)
    }
    let loggingSteps = recipe.training.loggingSteps
    var failure: (any Error)?
    func attempt(_ body: () throws -> Void) {
      do { try body() } catch { failure = failure ?? error }
    }
    var timer = SnapshotTimer(recipe.training, from: trainer.step)
    func takeSnapshot() {
      attempt { try saveSnapshot(folder) }
      timer = SnapshotTimer(recipe.training, from: trainer.step)
    }
    var result = try trainer.run(
      shouldStop: { failure != nil || shouldStop() },
      betweenSteps: { if failure == nil, timer.isDue(at: trainer.step) { takeSnapshot() } }
    ) { event in
      switch event {
      case .step(let step):
        if step.step % loggingSteps == 0 || step.step == 1 || step.step == step.steps { attempt { try log(step.json) } }
      case .evaluated(let evaluation):
        attempt { try log(evaluation.json) }
        // An adapter's snapshot is small. In full fine-tuning it is four times the model's size: by the timer only.
        if adapter != nil, evaluation.step > 0, failure == nil { takeSnapshot() }
      case .evaluating: return report(event)
      }
      attempt { try hiddenStates?.check() }
      report(event)
    }
    if let failure { throw saveFault(failure, in: folder) }
    do {
      if result.status != .interrupted {
        do {
          let (run, dev) = try fitted(shouldStop, report)
          let json = try run.finish(result, dev, folder, shouldStop, report)
          if recipe.logging.report { writeReport(in: folder, note) }
          return json
        } catch is EvaluationInterrupted {
          trainer.exchangeBestWeights()
          result.status = .interrupted
        }
      }
      try saveSnapshot(folder)
      trainer.exchangeBestWeights()
      return try save(result, evaluations: [:], in: folder)
    } catch {
      throw saveFault(error, in: folder)
    }
  }

  /// Loads the newest snapshot and truncates the log to its step.
  /// - Returns: messages for the user.
  private func restore(from folder: RunFolder) throws -> [String] {
    let (logged, notes) = try folder.snapshots.load(into: trainer, inputs: inputDigest, inputNames)
    let isComplete = try folder.log.truncate(to: logged)
    return notes
      + (isComplete ? [] : ["\(folder.log.path) lacks lines from before the snapshot; training is not affected"])
  }

  private func saveSnapshot(_ folder: RunFolder) throws {
    try folder.snapshots.save(
      trainer, inputs: inputDigest, logged: try folder.log.sync(), keeping: recipe.training.saveTotalLimit)
  }

  /// Adds the needed disk space and the last snapshot's step to a write error in the run folder.
  private func saveFault(_ error: any Error, in folder: RunFolder) -> any Error {
    guard let fault = error as? FileFault, case .unwritable(let path, _) = fault, path.hasPrefix(folder.path) else {
      return error
    }
    let isSnapshot = path.hasPrefix(folder.snapshots.folder), isWeights = path.hasSuffix(".safetensors")
    return SaveFault(
      fault: fault, needed: isSnapshot ? trainer.snapshotSize : isWeights ? checkpointSize : nil,
      free: freeSpace(at: path), step: folder.snapshots.steps.first)
  }

  /// The run with what its tasks choose on dev, and then their evaluations there.
  private func fitted(
    _ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void
  ) throws -> (run: Run, dev: [Evaluation?]) {
    let fitted = try trainer.withProgress(of: .dev, before: [.test], shouldStop: shouldStop, report: report) { each in
      try byTask.map { try $0.setup.task.fitted($0.model, adapters: $0.adapters, each) }
    }
    var run = self
    for (index, fitted) in fitted.enumerated() {
      guard let fitted else { continue }
      (run.parts[index].setup.task, run.parts[index].setup.inference) = (fitted.task, fitted.inference)
    }
    return (run, fitted.map { $0?.evaluation })
  }

  /// - Parameter dev: the evaluation of each task on dev, if it is known.
  private func finish(
    _ result: TrainingResult, _ dev: [Evaluation?], _ folder: RunFolder, _ shouldStop: () -> Bool,
    _ report: (TrainingEvent) -> Void
  ) throws -> JSON {
    var metrics: [String: JSON] = [:], intervals: [String: JSON] = [:]
    let bootstrap = Bootstrap(seed: UInt64(recipe.seed))
    for (split, known, later) in [(Split.dev, dev, [Split.test]), (.test, dev.map { _ in nil }, [])] {
      let found = try trainer.withProgress(of: split, before: later, shouldStop: shouldStop, report: report) { each in
        try zip(byTask, known).map { run, known in
          try known ?? run.setup.task.evaluate(run.model, adapters: run.adapters, on: split, each)
        }
      }
      let evaluations = zip(recipe.parts, found).compactMap { part, evaluation in evaluation.map { (part, $0) } }
      if evaluations.isEmpty { continue }
      let ofTasks = evaluations.compactMap { part, evaluation in
        evaluation.scored.map { (part.name, bootstrap.json(of: $0)) }
      }
      for (part, evaluation) in evaluations { try folder.savePredictions(evaluation.predictions(), part.name, split) }
      if parts.count == 1 {
        metrics[split.rawValue] = evaluations[0].1.json
        intervals[split.rawValue] = ofTasks.first?.1
      } else {
        metrics[split.rawValue] = Evaluation(averaging: evaluations.map { ($0.name, $0.metric, $1) })?.json
        if !ofTasks.isEmpty { intervals[split.rawValue] = .object(.init(uniqueKeysWithValues: ofTasks)) }
      }
    }
    if !intervals.isEmpty { intervals.merge(bootstrap.json.object ?? [:]) { $1 } }
    let latency = try recipe.logging.latency ? self.latency : nil
    let json = try save(result, evaluations: metrics, intervals, latency: latency, in: folder)
    try folder.end()
    return json
  }

  /// A run does not fail by its report.
  private func writeReport(in folder: RunFolder, _ note: (String) -> Void) {
    do {
      try RunReport(ended: folder.path).save()
    } catch {
      note("report.html was not written: \(error)")
    }
  }

  /// Writes the weights and result.json.
  private func save(
    _ result: TrainingResult, evaluations: [String: JSON], _ intervals: [String: JSON] = [:], latency: Double? = nil,
    in folder: RunFolder
  ) throws -> JSON {
    var members = resultJSON(result, evaluations, intervals)
    members["latency_ms"] = latency.map(JSON.double)
    let json = JSON.object(members)
    let (saved, obsolete) = adapter == nil ? ("model", "adapter") : ("adapter", "model")
    let isOwn = folder.ownFiles(of: folder.path)
    try replaceFolder(at: folder.path + "/" + saved, isOwn: { isOwn("\(saved)/\($0)") }) {
      try saveWeights(to: $0, json)
    }
    folder.remove(obsolete)
    try folder.saveResult(json)
    return json
  }

  private func resultJSON(
    _ result: TrainingResult, _ metrics: [String: JSON], _ intervals: [String: JSON]
  ) -> [String: JSON] {
    var object: [String: JSON] = [
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

/// When the next snapshot is due.
private struct SnapshotTimer {
  private let step: Int?
  private let time: ContinuousClock.Instant?

  init(_ training: Recipe.Training, from step: Int) {
    self.step = training.saveSteps.map { step + $0 }
    time = training.saveMinutes.map { .now + .seconds(60 * $0) }
  }

  func isDue(at step: Int) -> Bool { self.step.map { step >= $0 } ?? false || time.map { .now >= $0 } ?? false }
}

extension StepRecord {
  var json: JSON {
    var object: [String: JSON] = [
      "event": "step", "step": .int(step), "epoch": .double(epoch), "loss": .double(loss),
      "learning_rate": .double(learningRate), "grad_norm": .double(gradientNorm), "tokens": .int(totalTokens),
      "seconds": .double(seconds),
    ]
    if !terms.isEmpty { object["loss_terms"] = .object(.init(uniqueKeysWithValues: terms.map { ($0, .double($1)) })) }
    return .object(object)
  }
}

extension EvaluationRecord {
  var json: JSON {
    [
      "event": "evaluation", "split": "dev", "step": .int(step), "epoch": .double(epoch), "is_best": .bool(isBest),
      "metrics": evaluation.json, "seconds": .double(seconds),
    ]
  }
}
