/// What a run will need: memory, time and disk, from a few of its steps. Writes no file.
public import Files
import Kernels
public import Training

public struct ResourceEstimate: Sendable, CustomStringConvertible {
  public let dryRun: DryRun
  public let steps: Int
  /// The largest resident set, with an allowance.
  public let peakMemory: Int
  /// Bytes of the adapter's or model's weights, of a snapshot, and of all that lies on the disk at once.
  public let checkpoint, snapshot, disk: Int
  /// Bytes that are free where the run writes; nil: nobody knows.
  public let free: Int?

  public var seconds: Double { dryRun.trainSeconds + dryRun.evaluationSeconds }

  public var json: JSON {
    [
      "steps": .int(steps), "rehearsed_steps": .int(dryRun.steps), "longest_step_tokens": .int(dryRun.longest),
      "tokens": .int(dryRun.tokens), "seconds": .double(seconds),
      "train_seconds": .double(dryRun.trainSeconds), "evaluation_seconds": .double(dryRun.evaluationSeconds),
      "peak_memory_bytes": .int(peakMemory), "checkpoint_bytes": .int(checkpoint), "snapshot_bytes": .int(snapshot),
      "disk_bytes": .int(disk), "free_disk_bytes": free.map(JSON.int) ?? .null,
    ]
  }

  public var description: String {
    """
    memory    \(megabytes(peakMemory)) at most
    time      \(duration(seconds)): \(steps) steps in \(duration(dryRun.trainSeconds)), evaluations \
    \(duration(dryRun.evaluationSeconds))
    result    \(megabytes(checkpoint))
    snapshot  \(megabytes(snapshot))
    disk      \(megabytes(disk)) at most\(free.map { ", \(megabytes($0)) are free" } ?? "")
    """
  }
}

/// 5000 s as "1 h 23 min".
private func duration(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded(.up))
  if whole < 120 { return "\(whole) s" }
  return whole < 7200 ? "\((whole + 59) / 60) min" : "\(whole / 3600) h \(whole % 3600 / 60) min"
}

extension Run {
  /// Takes a few steps; the run is not to be executed afterwards.
  public func estimateResources() throws -> ResourceEstimate {
    let before = Processor.peakMemory, rehearsal = try trainer.dryRun(), peak = Processor.peakMemory
    // A thread keeps buffers by size, and over a run meets more mixtures of sizes than here: two fifths more in 300 steps
    // of the quick start on two threads.
    let allowance = (peak - before) / 2
    return ResourceEstimate(
      dryRun: rehearsal, steps: trainer.steps, peakMemory: peak + allowance, checkpoint: checkpointSize,
      snapshot: trainer.snapshotSize, disk: diskNeeded, free: freeSpace(at: recipe.output))
  }

  /// What a user should know of the disk; nil: there is room enough.
  public var diskNote: String? {
    guard let free = freeSpace(at: recipe.output), free < diskNeeded else { return nil }
    return "\(recipe.output): the run may take \(megabytes(diskNeeded)) there, and \(megabytes(free)) are free"
  }

  /// The result, and the snapshots that are kept with the next one beside them, which lets the oldest go when it is whole.
  private var diskNeeded: Int { checkpointSize + (recipe.training.saveTotalLimit + 1) * trainer.snapshotSize }
}

extension Recipe {
  /// The same with nothing kept for later: a rehearsal leaves no file of teachers' answers or of frozen states.
  public var withoutCache: Recipe {
    var copy = self
    copy.distillation?.cache = nil
    copy.training.caching.frozenStates = .off
    return copy
  }
}
