/// Executes a run: trains and writes snapshots. What is written at its end is in `RunEnd`.
import Checkpoints
import Encoders
package import Files
import Kernels
import Logs
import Recipes
import Tasks
package import Training

extension Run {
  /// Trains and writes the run folder. Of several ranks, which `checkEqualRanks` compares first, rank 0 does; the others `follow` it.
  /// - Parameters:
  ///   - shouldSave: asked between steps; if true, a snapshot is saved and the run continues.
  ///   - report: called after every step and evaluation.
  ///   - note: called with messages for the user.
  /// - Returns: the contents of result.json.
  /// - Throws: `SaveFault` if a file of the run cannot be written; the trainer's errors.
  package func execute(
    in folder: RunFolder, resume: Bool, shouldStop: () -> Bool, shouldSave: () -> Bool = { false },
    report: (TrainingEvent) -> Void, note: (String) -> Void = { _ in }
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
      betweenSteps: { if failure == nil, shouldSave() || timer.isDue(at: trainer.step) { takeSnapshot() } }
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
          let (run, evaluations) = try evaluateAtEnd(result.bestEvaluations, shouldStop, report)
          return try run.finish(result, evaluations, folder, note)
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
    let (path, logged, notes) = try folder.snapshots.load(into: trainer, inputs: inputDigest, inputNames)
    _ = replicas.communicator.broadcast(path ?? "")
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
