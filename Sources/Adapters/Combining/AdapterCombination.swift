/// Combines the updates of several adapters to one of low rank, by the rules of PEFT's `add_weighted_adapter`.
import Hashing
package import Kernels

package struct AdapterCombination: Sendable {
  package var type: CombinationType
  /// The share of numbers that pruning keeps.
  package var density: Double
  package var majoritySign: MajoritySignMethod
  /// Of the result, for types on whole updates; nil: the largest of the adapters.
  package var rank: Int?
  /// Of dare's random choice.
  package var seed: UInt64

  package init(
    _ type: CombinationType, density: Double = 1, majoritySign: MajoritySignMethod = .total, rank: Int? = nil,
    seed: UInt64 = 0
  ) {
    (self.type, self.density, self.majoritySign) = (type, density, majoritySign)
    (self.rank, self.seed) = (rank, seed)
  }

  /// The matrices of a LoRA whose scale is 1.
  package struct Result: Sendable {
    package var rank: Int
    package var factors: [String: (a: DenseMatrix, b: DenseMatrix)]
    /// By projection, the share of the combined update that the rank cuts off, as a ratio of Frobenius norms; none if the type
    /// cuts nothing.
    package var errors: [String: Double]
  }

  /// - Parameter adapters: the updates of each adapter by projection; one may lack projections of another.
  /// - Throws: `CombinationFault`.
  package func combine(
    _ adapters: [(updates: [String: WeightUpdate], weight: Double)]
  ) throws(CombinationFault) -> Result {
    let ranks = adapters.map { $0.updates.values.map(\.rank).max() ?? 0 }
    if !type.isOnWholeUpdates {
      if ranks.contains(0) { throw .notLowRank(type) }
      if type != .cat, Set(ranks).count > 1 { throw .ranks(ranks, type) }
    }
    guard let rank = type == .cat ? ranks.reduce(0, +) : type.isOnWholeUpdates ? rank ?? ranks.max() : ranks.max(),
      rank > 0
    else { throw .notLowRank(.svd) }
    var result = Result(rank: rank, factors: [:], errors: [:])
    for name in Set(adapters.flatMap(\.updates.keys)).sorted() {
      let parts = adapters.compactMap { adapter in adapter.updates[name].map { ($0, adapter.weight) } }
      var generator = SplitMix64(seed: seed ^ fnv1a(name))
      if type.isOnWholeUpdates {
        let (a, b, error) = try wholeUpdate(parts, rank, &generator)
        (result.factors[name], result.errors[name]) = ((a, b), error)
      } else {
        result.factors[name] = matrices(parts.map { ($0.0.lowRank, $0.1) }, rank, &generator)
      }
    }
    return result
  }

  /// A and B, each combined by itself. The weight and the scale are divided between them.
  private func matrices(
    _ parts: [(update: (a: DenseMatrix, b: DenseMatrix, scale: Float), weight: Double)], _ rank: Int,
    _ generator: inout SplitMix64
  ) -> (a: DenseMatrix, b: DenseMatrix) {
    let scales = parts.map { Float($0.weight) * $0.update.scale }
    let a = parts.map(\.update.a), b = parts.map(\.update.b)
    if type == .cat {
      let scaled = zip(a, scales).map { matrix, scale in matrix.scaled(by: scale) }
      let rows = DenseMatrix(rows: rank, columns: a[0].columns, padding: scaled.flatMap(\.values))
      let columns = DenseMatrix(rows: rank, columns: b[0].rows, padding: b.flatMap(\.transposed.values))
      return (rows, columns.transposed)
    }
    let roots = scales.map { abs($0).squareRoot() }
    let signed = zip(roots, scales).map { $1 < 0 ? -$0 : $0 }
    return (combined(a, signed, &generator), combined(b, roots, &generator))
  }

  /// The best approximation of rank `rank` to the combined update, and the share that it lacks.
  private func wholeUpdate(
    _ parts: [(update: WeightUpdate, weight: Double)], _ rank: Int, _ generator: inout SplitMix64
  ) throws(CombinationFault) -> (a: DenseMatrix, b: DenseMatrix, error: Double) {
    let update = combined(parts.map(\.update.matrix), parts.map { Float($0.weight) }, &generator)
    let (u, s, vt): (DenseMatrix, [Float], DenseMatrix)
    do { (u, s, vt) = try svd(of: update) } catch { throw .factorization("\(error)") }
    let kept = min(rank, s.count)
    func norm(_ values: ArraySlice<Float>) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
    let b = u.firstColumns(kept).transposed.scalingRows(by: s)
    return (
      DenseMatrix(rows: rank, columns: update.columns, padding: vt.firstRows(kept).values),
      DenseMatrix(rows: rank, columns: update.rows, padding: b.values).transposed,
      s.isEmpty || s[0] == 0 ? 0 : norm(s[kept...]) / norm(s[...])
    )
  }

  /// The weighted sum of pruned matrices; with elected signs, the mean of those that have the sign.
  /// source: Yadav et al. 2023 (TIES), Yu et al. 2024 (DARE), as in PEFT 0.21's merge_utils.py
  private func combined(
    _ matrices: [DenseMatrix], _ weights: [Float], _ generator: inout SplitMix64
  ) -> DenseMatrix {
    let kept = matrices.map { pruned($0.values, &generator) }
    var sum = matrices[0]
    for index in sum.values.indices {
      let values = kept.map { $0[index] }
      guard type.electsSigns else {
        sum.values[index] = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 }
        continue
      }
      let total = values.reduce(0) { $0 + (majoritySign == .total ? $1 : $1 > 0 ? 1 : $1 < 0 ? -1 : 0) }
      let elected = zip(values, weights).filter { $0.0 != 0 && ($0.0 > 0) == (total >= 0) }
      sum.values[index] = elected.reduce(0) { $0 + $1.0 * $1.1 } / Float(max(elected.count, 1))
    }
    return sum
  }

  /// Keeps `density` of the numbers: the largest, or a random choice that is scaled up.
  private func pruned(_ values: [Float], _ generator: inout SplitMix64) -> [Float] {
    if density >= 1 { return values }
    switch type.pruning {
    case .none: return values
    case .random:
      let scale = Float(1 / density)
      return values.map { Double.random(in: 0..<1, using: &generator) < density ? $0 * scale : 0 }
    case .magnitude:
      var pruned = [Float](repeating: 0, count: values.count)
      let order = values.indices.sorted { (abs(values[$1]), $0) < (abs(values[$0]), $1) }
      for index in order.prefix(Int(density * Double(values.count))) { pruned[index] = values[index] }
      return pruned
    }
  }
}

extension WeightUpdate {
  /// 0: not of low rank.
  fileprivate var rank: Int { if case .lowRank(let a, _, _) = self { a.rows } else { 0 } }

  fileprivate var lowRank: (a: DenseMatrix, b: DenseMatrix, scale: Float) {
    guard case .lowRank(let a, let b, let scale) = self else { preconditionFailure("a dense update") }
    return (a, b, scale)
  }
}

extension DenseMatrix {
  /// `values`, and zeros for the rows after them.
  fileprivate init(rows: Int, columns: Int, padding values: [Float]) {
    self.init(rows: rows, columns: columns, values + [Float](repeating: 0, count: rows * columns - values.count))
  }

  fileprivate func scalingRows(by factors: [Float]) -> DenseMatrix {
    DenseMatrix(rows: rows, columns: columns, values.indices.map { values[$0] * factors[$0 / columns] })
  }
}
