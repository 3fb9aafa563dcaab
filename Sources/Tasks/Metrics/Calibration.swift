/// Whether predictions are right as often as their probabilities say: the bins of a reliability diagram.

/// Bins of equal width, as of the metric `ece`.
package struct Calibration: Sendable, Equatable {
  package struct Bin: Sendable, Equatable {
    /// The bin's probabilities.
    package let range: ClosedRange<Double>
    /// The number of predictions.
    package let count: Int
    /// Their mean probability, and the share of them that is right.
    package let probability, accuracy: Double
  }

  /// Those with predictions.
  package let bins: [Bin]
  /// The expected calibration error.
  package let error: Double

  /// - Returns: nil without predictions.
  package init?(_ predictions: [(probability: Double, isRight: Bool)]) {
    if predictions.isEmpty { return nil }
    let width = 1 / Double(CalibrationColumns.bins)
    let byBin = Dictionary(grouping: predictions) { CalibrationColumns.bin(of: $0.probability) }
    bins = byBin.sorted { $0.key < $1.key }.map { number, predictions in
      let count = Double(predictions.count)
      return Bin(
        range: Double(number) * width...Double(number + 1) * width, count: predictions.count,
        probability: predictions.reduce(0) { $0 + $1.probability } / count,
        accuracy: Double(predictions.count { $0.isRight }) / count)
    }
    error = bins.reduce(0) { $0 + Double($1.count) * abs($1.accuracy - $1.probability) } / Double(predictions.count)
  }
}
