/// A run from its first step to its files: trains, scores the test split, writes what is kept.
import Checkpoints
public import Files
import Kernels
import Models
import Tasks
public import Training

extension Run {
  /// Trains and writes the run folder. `report` hears of every step and evaluation, `note` of what a person should know.
  /// - Returns: what result.json says.
  public func execute(
    in folder: RunFolder, resume: Bool, shouldStop: () -> Bool, report: (TrainingEvent) -> Void,
    note: (String) -> Void = { _ in }
  ) throws -> JSON {
    try cache?.open()
    try frozen?.open(for: model).map(note)
    defer { model.frozen = nil }
    if resume {
      try trainer.loadSnapshot(from: folder.snapshot, inputs: inputs)
      try folder.rewindLog(to: trainer.step)
    }
    let every = recipe.training.logEverySteps
    var failure: (any Error)?
    func attempt(_ body: () throws -> Void) {
      do { try body() } catch { failure = failure ?? error }
    }
    var saved = trainer.step
    // Between two steps, when all that belongs to the last one has been done.
    func keepSnapshot() {
      guard let every = recipe.training.snapshotEverySteps, trainer.step >= saved + every else { return }
      saved = trainer.step
      attempt { try trainer.saveSnapshot(to: folder.snapshot, inputs: inputs) }
    }
    let result = try trainer.run(
      shouldStop: {
        keepSnapshot()
        return failure != nil || shouldStop()
      }
    ) { event in
      switch event {
      case .step(let step):
        if step.step % every == 0 || step.step == 1 || step.step == step.steps { attempt { try folder.log(step.json) } }
      case .evaluated(let evaluation):
        attempt { try folder.log(evaluation.json) }
        // Against power cuts and kill -9. In full fine-tuning a snapshot is four times the model: on request only.
        if adapter != nil { attempt { try trainer.saveSnapshot(to: folder.snapshot, inputs: inputs) } }
      }
      attempt { try frozen?.check() }
      report(event)
    }
    if let failure { throw failure }
    return try finish(result, folder)
  }

  private func finish(_ result: TrainingResult, _ folder: RunFolder) throws -> JSON {
    if result.status == .interrupted {
      try trainer.saveSnapshot(to: folder.snapshot, inputs: inputs)
      trainer.takeBest()
    }
    let run = replicas.forEach
    var metrics: [String: JSON] = [:]
    for split in [Split.dev, .test] where result.status != .interrupted {
      metrics[split.rawValue] = try work.task.evaluate(model, on: split, run)?.json
    }
    let json = resultJSON(result, metrics)
    let (kept, other) = adapter == nil ? ("model", "adapter") : ("adapter", "model")
    try folder.replaceFolder(kept) { try saveWeights(to: $0, json) }
    folder.remove(other)
    try folder.saveResult(json)
    if result.status != .interrupted { folder.remove("snapshot.safetensors") }
    return json
  }

  private func resultJSON(_ result: TrainingResult, _ metrics: [String: JSON]) -> JSON {
    var object: [String: JSON] = [
      "status": .string(result.status.rawValue),
      "seed": .int(recipe.seed),
      "steps": .int(result.steps),
      "trainable_parameters": .int(trainableParameters),
      "total_parameters": .int(totalParameters),
      "train_seconds": .double(result.trainSeconds),
      "real_tokens": .int(result.tokens),
      "real_tokens_per_second": .double(Double(result.tokens) / max(result.trainSeconds, 1e-9)),
      "peak_memory_bytes": .int(Processor.peakMemory),
      "threads": .int(replicas.threads),
      "blas_core": .string(Processor.blasCore),
      "cpu": .string(Processor.vectors),
      "precision": .string(recipe.precision.rawValue),
      "multiplier": .string(Multiplier.chosen.rawValue),
      "base_sha256": baseHash.map(JSON.string) ?? .null,
      "metrics": .object(metrics),
    ]
    if let best = result.best {
      object["best"] = [
        "epoch": .double(best.epoch), "step": .int(best.step), "metric": .string(best.metric),
        "value": .double(best.value),
      ]
    } else {
      object["best"] = .null
    }
    return .object(object)
  }
}

extension StepRecord {
  var json: JSON {
    var object: [String: JSON] = [
      "event": "step", "step": .int(step), "epoch": .double(epoch), "loss": .double(loss),
      "learning_rate": .double(learningRate), "gradient_norm": .double(gradientNorm), "tokens": .int(totalTokens),
      "seconds": .double(seconds),
    ]
    if !terms.isEmpty { object["terms"] = .object(.init(uniqueKeysWithValues: terms.map { ($0, .double($1)) })) }
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
