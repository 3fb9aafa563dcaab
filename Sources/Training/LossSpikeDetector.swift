/// Sees when losses leap and do not come down again: learning has gone wrong, and the hours to come would be for nothing.
/// Changes nothing that is computed.
import Tasks

/// The losses of the last steps that were no leaps, and how many leaps the steps since then were.
struct LossSpikeDetector: Equatable {
  /// Leaps in a row before the alarm; one bad batch is none.
  static let patience = 3
  /// Losses whose median is the measure, and how many there must be at least.
  private static let window = 50, least = 10

  private var losses: [Double] = []
  private var spikes = 0

  /// Takes the loss of a step. A leap is a loss above `factor` times the median; it does not enter the median itself.
  /// - Returns: the median, if this was one leap too many.
  mutating func add(_ loss: Double, factor: Double?) -> Double? {
    if let factor, losses.count >= Self.least, loss > factor * median {
      spikes += 1
      guard spikes >= Self.patience else { return nil }
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

/// As a snapshot keeps it: the leaps, then the losses, to the last bit.
extension LossSpikeDetector: LosslessStringConvertible {
  var description: String { ([String(spikes)] + losses.map { "\($0)" }).joined(separator: " ") }

  init?(_ text: String) {
    let parts = text.split(separator: " ")
    guard let leaps = parts.first.flatMap({ Int($0) }) else { return nil }
    self.spikes = leaps
    losses = parts.dropFirst().compactMap { Double($0) }
    guard losses.count == parts.count - 1 else { return nil }
  }
}
