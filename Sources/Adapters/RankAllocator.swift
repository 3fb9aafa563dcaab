/// AdaLoRA's rank allocation: prunes the least important triplets of all projections (Zhang et al. 2023, algorithm 1).
import Autograd
import Files
import Kernels

/// Follows PEFT's `RankAllocator` step by step. A triplet is an entry of E with its row of A and its column of B. The
/// importance of a weight is its sensitivity, the running mean of |w·dw|, times its uncertainty, the running mean of the
/// deviation from that.
/// The importance of a triplet is E's, plus the mean over its row of A, plus the mean over its column of B.
final class RankAllocator: StepHook {
  private let adapters: [AdaLoRA]
  private let config: AdaLoRAConfig
  /// One element per weight: A, E, B of the first projection, then of the next.
  private let sensitivity, uncertainty: Parameter
  /// One element per triplet: 1 if it is kept, 0 if it is pruned. All 0 before the first allocation.
  private let mask: Parameter
  private var steps: Int?

  init(_ adapters: [AdaLoRA], _ config: AdaLoRAConfig) {
    (self.adapters, self.config) = (adapters, config)
    let count = adapters.reduce(0) { $0 + $1.a.count + $1.e.count + $1.b.count }
    sensitivity = Parameter("adalora.importance", shape: [count])
    uncertainty = Parameter("adalora.uncertainty", shape: [count])
    mask = Parameter("adalora.mask", shape: [adapters.reduce(0) { $0 + $1.e.count }])
  }

  var state: [Parameter] { [sensitivity, uncertainty, mask] }
  let term = "orthogonality"

  func begin(steps: Int) throws {
    let last = steps - config.tFinal, lastAllocation = (steps - 1) / config.deltaT * config.deltaT
    guard config.tInit < last, last < steps || lastAllocation > config.tInit else {
      throw BudgetFault.noTime(config, steps: steps)
    }
    self.steps = steps
  }

  /// w·(mean of the Frobenius norms ‖AAᵀ - 1‖ and ‖BᵀB - 1‖ over all A and B); dA += 2w/(count·‖C‖)·C·A, C = AAᵀ - 1.
  func addLoss(to gradients: Gradients) -> Double {
    guard config.orthRegWeight > 0 else { return 0 }
    let weight = config.orthRegWeight / Double(2 * adapters.count)
    var sum = 0.0
    for adapter in adapters {
      for (parameter, isA) in [(adapter.a, true), (adapter.b, false)] {
        let p = parameter.matrix
        var gram = isA ? p * p.transposed : p.transposed * p
        for k in 0..<gram.rows { gram.values[k * gram.columns + k] -= 1 }
        let norm = gram.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        sum += norm
        guard norm > 0, let offset = parameter.offset else { continue }
        let into = Matrix(gradients.pointer + offset, rows: parameter.rows, columns: parameter.columns)
        let slope = Float(2 * weight / norm)
        gram.withMatrix { c in
          isA ? gemm(c, p, into: into, alpha: slope, beta: 1) : gemm(p, c, into: into, alpha: slope, beta: 1)
        }
      }
    }
    return weight * sum
  }

  func didStep(_ step: Int, _ gradients: Gradients, clip: Double) {
    guard let steps else { preconditionFailure("didStep before begin(steps:)") }
    let last = steps - config.tFinal
    if step < last { updateImportance(gradients, Float(clip)) }
    if step > last {
      zeroPrunedTriplets()
    } else if step == last || step > config.tInit && step % config.deltaT == 0 {
      selectTriplets(budget: budget(at: step, last: last))
      zeroPrunedTriplets()
    }
  }

  /// Total rank at a step: falls with the cube of the remaining progress.
  private func budget(at step: Int, last: Int) -> Int {
    let target = config.targetR * adapters.count
    let remaining = 1 - Double(step - config.tInit) / Double(last - config.tInit)
    return Int(Double(mask.count - target) * (remaining * remaining * remaining) + Double(target))
  }

  /// Updates the running means with |w·dw|; `clip` is the factor of gradient clipping.
  private func updateImportance(_ gradients: Gradients, _ clip: Float) {
    let (beta1, beta2) = (Float(config.beta1), Float(config.beta2))
    var (mean, deviation) = (sensitivity.pointer, uncertainty.pointer)
    for parameter in adapters.flatMap({ [$0.a, $0.e, $0.b] }) {
      let gradient = gradients.pointer + (parameter.offset ?? 0), weight = parameter.pointer
      for index in 0..<parameter.count {
        let current = abs(weight[index] * (gradient[index] * clip))
        mean[index] = beta1 * mean[index] + (1 - beta1) * current
        deviation[index] = beta2 * deviation[index] + (1 - beta2) * abs(current - mean[index])
      }
      (mean, deviation) = (mean + parameter.count, deviation + parameter.count)
    }
  }

  /// Keeps the `budget` most important triplets. Triplets that equal the best pruned one are pruned too.
  private func selectTriplets(budget: Int) {
    let scores = scores(), pruned = mask.count - budget
    let threshold = pruned > 0 ? scores.sorted()[pruned - 1] : -.infinity
    for (index, score) in scores.enumerated() { mask.pointer[index] = score <= threshold ? 0 : 1 }
  }

  /// The importance of each triplet.
  private func scores() -> [Float] {
    var offset = 0
    return adapters.flatMap { adapter in
      let rank = adapter.e.count, inputs = adapter.a.columns, outputs = adapter.b.rows
      func score(_ index: Int) -> Double {
        Double(sensitivity.pointer[offset + index] * uncertainty.pointer[offset + index])
      }
      defer { offset += adapter.a.count + adapter.e.count + adapter.b.count }
      return (0..<rank).map { k in
        let row = (0..<inputs).reduce(0) { $0 + score(k * inputs + $1) } / Double(inputs)
        let startOfB = adapter.a.count + rank
        let column = (0..<outputs).reduce(0) { $0 + score(startOfB + $1 * rank + k) } / Double(outputs)
        return Float(score(adapter.a.count + k) + row + column)
      }
    }
  }

  /// Sets E of pruned triplets to 0.
  private func zeroPrunedTriplets() {
    var next = mask.pointer
    for adapter in adapters {
      for k in 0..<adapter.e.count where next[k] == 0 { adapter.e.pointer[k] = 0 }
      next += adapter.e.count
    }
  }

  // MARK: - Saving

  /// Which triplets of a projection are saved: those that are kept, and those whose E is not 0, because the best
  /// weights may be older than the last allocation. nil: before the first allocation.
  private func rankPattern(_ index: Int) -> [Bool]? {
    guard mask.values.contains(1) else { return nil }
    let first = adapters[..<index].reduce(0) { $0 + $1.e.count }, e = adapters[index].e
    return (0..<e.count).map { mask.pointer[first + $0] == 1 || e.pointer[$0] != 0 }
  }

  /// Exports of A, B and E of a projection, without the pruned triplets.
  func exports(of index: Int) -> [TensorExport] {
    let (a, b, e) = (adapters[index].a, adapters[index].b, adapters[index].e)
    /// What `body` makes of the indices of the saved triplets, at the time of saving.
    func export(_ body: @escaping ([Int]) -> (shape: [Int], values: [Float])) -> TensorExport {
      { body((0..<e.count).filter { self.rankPattern(index)?[$0] ?? true }) }
    }
    return [
      export { ([$0.count, a.columns], $0.flatMap { a.values[$0 * a.columns..<($0 + 1) * a.columns] }) },
      export { saved in
        ([b.rows, saved.count], (0..<b.rows).flatMap { row in saved.map { b.values[row * b.columns + $0] } })
      },
      export { ([$0.count, 1], $0.map { e.values[$0] }) },
    ]
  }

  /// Keys of adapter_config.json that are known only after training.
  var trainedConfig: [String: JSON] {
    let patterns = adapters.indices.compactMap { index in rankPattern(index).map { (adapters[index].e.name, $0) } }
    return [
      "total_step": steps.map(JSON.int) ?? .null,
      "rank_pattern": patterns.isEmpty ? .null : patternJSON(.init(uniqueKeysWithValues: patterns)),
    ]
  }
}

/// A rank schedule that is too long for the run.
package enum BudgetFault: Error, CustomStringConvertible {
  case noTime(AdaLoRAConfig, steps: Int)

  package var description: String {
    switch self {
    case .noTime(let config, let steps):
      "'tinit' \(config.tInit), 'tfinal' \(config.tFinal) and 'deltaT' \(config.deltaT) leave none of the \(steps) "
        + "training steps for lowering the ranks. Lower these values or train longer."
    }
  }
}
