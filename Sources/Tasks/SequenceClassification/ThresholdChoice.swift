/// How the probability is chosen from which a label applies.

package enum ThresholdChoice: Sendable, Equatable {
  case fixed(Double)
  /// One for all labels, with the highest micro F1 on dev.
  case dev
  /// One for each label, with its highest F1 on dev.
  case devPerLabel

  /// The threshold before dev has been seen.
  var start: Double { if case .fixed(let threshold) = self { threshold } else { 0.5 } }

  var usesDev: Bool { if case .fixed = self { false } else { true } }

  /// - Parameters:
  ///   - gold: by record and label, whether the label applies.
  ///   - probabilities: the same, of the model.
  func thresholds(gold: [[Bool]], probabilities: [[Double]], labels: Int) -> [Double] {
    func pairs(_ label: Int) -> [(probability: Double, applies: Bool)] {
      zip(probabilities, gold).map { ($0[label], $1[label]) }
    }
    return switch self {
    case .fixed(let threshold): [Double](repeating: threshold, count: labels)
    case .dev: [Double](repeating: bestThreshold((0..<labels).flatMap(pairs)), count: labels)
    case .devPerLabel: (0..<labels).map { bestThreshold(pairs($0)) }
    }
  }
}

/// The highest of the probabilities p with the highest F1 of "applies if at least p"; 0.5 where no label applies.
private func bestThreshold(_ pairs: [(probability: Double, applies: Bool)]) -> Double {
  let sorted = pairs.sorted { $0.probability > $1.probability }, gold = pairs.count(where: \.applies)
  var best = (f1: 0.0, threshold: 0.5), correct = 0
  for (index, pair) in sorted.enumerated() {
    if pair.applies { correct += 1 }
    if index + 1 < sorted.count, sorted[index + 1].probability == pair.probability { continue }
    let f1 = 2 * Double(correct) / Double(gold + index + 1)
    if f1 > best.f1 { best = (f1, pair.probability) }
  }
  return best.threshold
}
