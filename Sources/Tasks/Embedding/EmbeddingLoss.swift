/// Losses of the vectors of a batch, as sentence-transformers has them. All compare cosine similarities.
package import Autograd

package struct EmbeddingLoss: LossFunction, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// MultipleNegativesRankingLoss of every text with itself, twice through dropout (Gao et al. 2021).
    case simCSE = "simcse"
    /// The second text of a pair among the second texts, and the hard negatives, of all pairs of the batch:
    /// MultipleNegativesRankingLoss; with hard negatives supervised SimCSE.
    case multipleNegativesRanking = "multiple_negatives_ranking"
    /// The order of the similarities of scored pairs: CoSENTLoss.
    case coSENT = "cosent"
    /// The squared error of the similarities of scored pairs: CosineSimilarityLoss.
    case cosineSimilarity = "cosine_similarity"

    /// Whether pairs must have a score.
    package var readsScores: Bool { self == .coSENT || self == .cosineSimilarity }
  }

  package var kind: Kind
  /// What similarities are multiplied by: the inverse of a temperature.
  package var scale: Double

  package init(_ kind: Kind, scale: Double = 20) { (self.kind, self.scale) = (kind, scale) }

  /// The number of examples.
  package func weight(of targets: Targets) -> Float { Float(targets.count) }

  /// The loss of a whole batch: `norm` is not used, because CoSENT's is no mean.
  package func callAsFunction(_ vectors: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double {
    guard case .texts(let groups) = targets else { preconditionFailure("a loss of vectors requires texts") }
    let units = normalizeRows(vectors, pass),
      starts = groups.reduce(into: [Int32(0)]) { $0.append($0.last! + $1.count) }
    /// The rows of the texts at `position` of their groups.
    func rows(_ position: Int32) -> [Int32] {
      zip(starts, groups).compactMap { position < $1.count ? $0 + position : nil }
    }
    let first = gather(units, rows: rows(0), pass), n = Int32(groups.count)
    if kind.readsScores {
      let scale = kind == .coSENT ? Float(scale) : 1
      let similarities = rowProducts(first, gather(units, rows: rows(1), pass), scale: scale, pass)
      let scores = groups.map { $0.score ?? .nan }
      return kind == .coSENT
        ? Autograd.coSENT(similarities, targets: scores, pass)
        : meanSquaredError(similarities, targets: scores, norm: Float(n), pass)
    }
    let most = groups.map(\.count).max() ?? 0
    let candidates = gather(units, rows: (1..<max(most, 2)).flatMap(rows), pass)
    return crossEntropy(
      products(first, candidates, scale: Float(scale), pass), targets: Array(0..<n), norm: Float(n), pass)
  }

  /// The mean squared error of a student's vectors, as MSELoss.
  package func divergence(
    _ vectors: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float,
    _ pass: Pass
  ) -> Double {
    squaredError(vectors, from: teacher, scale: scale / Float(vectors.columns), pass)
  }

  package var forEvaluation: EmbeddingLoss { self }
}

/// No loss: that of an evaluation is computed from the similarities of all pairs.
struct UnscoredVectors: LossFunction {
  func weight(of targets: Targets) -> Float { Float(targets.count) }
  func callAsFunction(_ vectors: Tensor, _ targets: Targets, norm: Float, _ pass: Pass) -> Double { 0 }
  var forEvaluation: UnscoredVectors { self }
}
