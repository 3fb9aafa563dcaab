/// Estimates the memory, time and disk space of a run from a few of its steps. Writes no file.
package import Files
import Kernels
package import Recipes
package import Training

package struct ResourceEstimate: Sendable, CustomStringConvertible {
  package let dryRun: DryRun
  package let steps: Int
  /// The maximum resident set size in bytes, with an allowance.
  package let peakMemory: Int
  /// Bytes of the saved weights, of a snapshot, and the maximum on disk at any time.
  package let checkpoint, snapshot, disk: Int
  /// Free bytes on the output's disk; nil: unknown.
  package let free: Int?
  /// Bytes of the gradients of a step; see `Trainer.gradientBytes`.
  package let gradients: Int

  package var seconds: Double { dryRun.trainSeconds + dryRun.evaluationSeconds }

  package var json: JSON {
    [
      "steps": .int(steps), "measured_steps": .int(dryRun.steps),
      "longest_step_tokens": .int(dryRun.longestStepTokens),
      "tokens": .int(dryRun.tokens), "seconds": .double(seconds),
      "train_seconds": .double(dryRun.trainSeconds), "evaluation_seconds": .double(dryRun.evaluationSeconds),
      "peak_memory_bytes": .int(peakMemory), "checkpoint_bytes": .int(checkpoint), "snapshot_bytes": .int(snapshot),
      "gradient_bytes": .int(gradients), "ranks": .array(dryRun.ranks.map(\.json)), "disk_bytes": .int(disk),
      "free_disk_bytes": free.map(JSON.int) ?? .null,
    ]
  }

  package var description: String {
    """
    memory    at most \(megabytes(peakMemory))
    time      \(duration(seconds)): \(counted(steps, "step")) in \(duration(dryRun.trainSeconds)), evaluations \
    \(duration(dryRun.evaluationSeconds))
    result    \(megabytes(checkpoint))
    snapshot  \(megabytes(snapshot))
    disk      at most \(megabytes(disk))\(free.map { ", \(megabytes($0)) free" } ?? "")
    \(ranks)
    """
  }

  private var ranks: String {
    if dryRun.ranks.isEmpty { return "ranks     no step has work for more than one" }
    return dryRun.ranks.enumerated().map { index, estimate in
      "\(index == 0 ? "ranks " : "      ")    \(estimate.ranks): \(megabytes(estimate.bytesPerStep)) sent per step, "
        + "\(fixed(estimate.speedup(gigabits: 1), 2)) times as fast as one over 1 Gb/s, "
        + "\(fixed(estimate.speedup(gigabits: 10), 2)) over 10 Gb/s"
    }.joined(separator: "\n")
  }
}

extension RankEstimate {
  fileprivate var json: JSON {
    [
      "ranks": .int(ranks), "bytes_per_step": .int(bytesPerStep), "speedup_1_gbit": .double(speedup(gigabits: 1)),
      "speedup_10_gbit": .double(speedup(gigabits: 10)),
    ]
  }
}

/// 5000 s as "1 h 23 min".
package func duration(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded(.up))
  if whole < 120 { return "\(whole) s" }
  return whole < 7200 ? "\((whole + 59) / 60) min" : "\(whole / 3600) h \(whole % 3600 / 60) min"
}

extension Run {
  /// Takes a few training steps. The run must not be executed afterwards.
  package func estimateResources() throws -> ResourceEstimate {
    let before = Processor.peakMemory, dryRun = try trainer.dryRun(), peak = Processor.peakMemory
    // A thread reuses buffers by size, and a whole run has more combinations of sizes than these steps: 40 % more
    // memory after 300 steps of the quick start on two threads.
    let allowance = (peak - before) / 2
    return ResourceEstimate(
      dryRun: dryRun, steps: trainer.steps, peakMemory: peak + allowance, checkpoint: checkpointSize,
      snapshot: trainer.snapshotSize, disk: diskNeeded, free: freeSpace(at: recipe.output),
      gradients: trainer.gradientBytes)
  }

  /// A warning if the disk may have too little space for the run.
  package var diskNote: String? {
    guard let free = freeSpace(at: recipe.output), free < diskNeeded else { return nil }
    return "\(recipe.output): the run may need \(megabytes(diskNeeded)) of disk space; \(megabytes(free)) are free"
  }

  /// Bytes of the result and the snapshots. A new snapshot is written before the oldest is removed.
  private var diskNeeded: Int { checkpointSize + (recipe.training.saveTotalLimit + 1) * trainer.snapshotSize }
}

extension Recipe {
  /// This recipe without a teacher cache and a hidden-state cache, because a dry run writes no file.
  package var withoutCache: Recipe {
    var copy = self
    copy.distillation?.cache = nil
    copy.training.caching.hiddenStates = .off
    return copy
  }
}
