/// The sums that metrics are computed from, and what each example adds to them.

/// Rows of a sparse matrix, one per example. Metrics of a resample need only the weighted sums of its columns.
struct Tally: Sendable {
  let columns: Int
  private var starts = [0]
  private var indices: [Int32] = []
  private var amounts: [Double] = []

  init(columns: Int) { self.columns = columns }

  /// The number of examples.
  var count: Int { starts.count - 1 }

  /// Adds to a column of the example that `endExample` will end.
  mutating func add(_ amount: Double = 1, to column: Int) {
    indices.append(Int32(column))
    amounts.append(amount)
  }

  mutating func endExample() { starts.append(indices.count) }

  /// The sum of each column, in which example i counts `weights[i]` times.
  func sums(weights: [Int]) -> [Double] {
    precondition(weights.count == count, "\(weights.count) weights for \(count) examples")
    var sums = [Double](repeating: 0, count: columns)
    for example in 0..<count where weights[example] != 0 {
      let weight = Double(weights[example])
      for entry in starts[example]..<starts[example + 1] { sums[Int(indices[entry])] += weight * amounts[entry] }
    }
    return sums
  }
}

/// Three columns of a tally for each name: gold, predicted, and both.
struct MatchColumns: Sendable {
  let start: Int
  let names: Int

  var end: Int { start + 3 * names }

  /// One label, or one entity, that is gold or predicted or both.
  func add(_ name: Int, gold: Bool, predicted: Bool, to tally: inout Tally) {
    if gold { tally.add(to: start + 3 * name) }
    if predicted { tally.add(to: start + 3 * name + 1) }
    if gold, predicted { tally.add(to: start + 3 * name + 2) }
  }

  func counts(_ sums: [Double]) -> [MatchCounts] {
    (0..<names).map { name in
      let column = start + 3 * name
      return MatchCounts(gold: Int(sums[column]), predicted: Int(sums[column + 1]), correct: Int(sums[column + 2]))
    }
  }
}

/// Columns of a tally for the expected calibration error (Naeini et al. 2015): 15 bins of equal width, of which each has its
/// lower edge and the last also 1, as in torchmetrics 1.9.
struct CalibrationColumns: Sendable {
  static let bins = 15
  let start: Int

  var end: Int { start + Self.bins + 1 }

  /// A prediction with a probability, which was right or wrong.
  func add(_ probability: Double, isRight: Bool, to tally: inout Tally) {
    tally.add((isRight ? 1 : 0) - probability, to: start + Self.bin(of: probability))
    tally.add(to: start + Self.bins)
  }

  static func bin(of probability: Double) -> Int {
    (0..<bins).last { Double($0) / Double(bins) <= probability } ?? 0
  }

  /// Σ over bins |right - Σ probabilities| / predictions; nil without predictions.
  func error(_ sums: [Double]) -> Double? {
    let count = sums[start + Self.bins]
    return count == 0 ? nil : sums[start..<start + Self.bins].reduce(0) { $0 + abs($1) } / count
  }
}
