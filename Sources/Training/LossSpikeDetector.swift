/// Detects losses that spike and do not come down again, so that a diverged run can stop early.
import Tasks

/// The last losses that were not spikes, and the number of consecutive spikes since then.
struct LossSpikeDetector: Equatable {
  /// Consecutive spikes that stop a run; fewer may be a bad batch.
  static let spikesToStop = 3
  /// The number of losses whose median is compared, and the number required before anything counts as a spike.
  private static let window = 50, minimumCount = 10

  private var losses: [Double] = []
  private var spikes = 0

  /// Adds the loss of a step. A loss above `factor` times the median is a spike and does not enter the median.
  /// - Returns: the median if this was the last of `spikesToStop` consecutive spikes, else nil.
  mutating func add(_ loss: Double, factor: Double?) -> Double? {
    if let factor, losses.count >= Self.minimumCount, loss > factor * median {
      spikes += 1
      guard spikes >= Self.spikesToStop else { return nil }
      spikes = 0
      return median
    }
    spikes = 0
    losses = losses.suffix(Self.window - 1) + [loss]
    return nil
  }

  private var median: Double {
    let sorted = losses.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

/// The format in a snapshot: the spike count, then the losses; exact for every Double.
extension LossSpikeDetector: LosslessStringConvertible {
  var description: String { ([String(spikes)] + losses.map { "\($0)" }).joined(separator: " ") }

  init?(_ text: String) {
    let parts = text.split(separator: " ")
    guard let spikes = parts.first.flatMap({ Int($0) }) else { return nil }
    self.spikes = spikes
    losses = parts.dropFirst().compactMap { Double($0) }
    guard losses.count == parts.count - 1 else { return nil }
  }
}
