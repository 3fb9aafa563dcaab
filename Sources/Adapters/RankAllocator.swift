/// Who keeps its rank: AdaLoRA's importance of triplets, and the budget that they share (Zhang et al. 2023, algorithm 1).
import Autograd
import Files
import Kernels

/// Step by step what PEFT's RankAllocator does. Importance of a weight: the running mean of |w·dw|, times the running mean
/// of how far it strays from that. A triplet's: E's own, and the means over its row of A and its column of B.
final class RankAllocator: StepHook {
  private let triplets: [AdaLoRA]
  private let config: AdaLoRAConfig
  /// By weight: A, E, B of each projection in turn.
  private let importance, uncertainty: Parameter
  /// By triplet, 1 where it is kept; 0 everywhere while nothing has been chosen.
  private let mask: Parameter
  private var steps: Int?

  init(_ triplets: [AdaLoRA], _ config: AdaLoRAConfig) {
    (self.triplets, self.config) = (triplets, config)
    let count = triplets.reduce(0) { $0 + $1.a.count + $1.e.count + $1.b.count }
    importance = Parameter("adalora.importance", shape: [count])
    uncertainty = Parameter("adalora.uncertainty", shape: [count])
    mask = Parameter("adalora.mask", shape: [triplets.reduce(0) { $0 + $1.e.count }])
  }

  var state: [Parameter] { [importance, uncertainty, mask] }
  let term = "orthogonality"

  func begin(steps: Int) throws {
    let last = steps - config.tFinal, lastChoice = (steps - 1) / config.deltaT * config.deltaT
    guard config.tInit < last, last < steps || lastChoice > config.tInit else {
      throw BudgetFault.noTime(config, steps: steps)
    }
    self.steps = steps
  }

  /// w·(mean over all A and B of ‖AAᵀ - 1‖ and ‖BᵀB - 1‖, by Frobenius); dA += 2w/(count·‖C‖)·C·A with C = AAᵀ - 1.
  func addLoss(to gradients: Gradients) -> Double {
    guard config.orthRegWeight > 0 else { return 0 }
    let share = config.orthRegWeight / Double(2 * triplets.count)
    var sum = 0.0
    for triplet in triplets {
      for (parameter, lies) in [(triplet.a, true), (triplet.b, false)] {
        let p = parameter.matrix
        var gram = lies ? p * p.transposed : p.transposed * p
        for k in 0..<gram.rows { gram.values[k * gram.columns + k] -= 1 }
        let norm = gram.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        sum += norm
        guard norm > 0, let offset = parameter.offset else { continue }
        let into = Matrix(gradients.pointer + offset, rows: parameter.rows, columns: parameter.columns)
        let slope = Float(2 * share / norm)
        gram.withMatrix { c in
          lies ? gemm(c, p, into: into, alpha: slope, beta: 1) : gemm(p, c, into: into, alpha: slope, beta: 1)
        }
      }
    }
    return share * sum
  }

  func didStep(_ step: Int, _ gradients: Gradients, clip: Double) {
    guard let steps else { preconditionFailure("the run has not begun") }
    let last = steps - config.tFinal
    if step < last { updateImportance(gradients, Float(clip)) }
    if step > last {
      zeroPrunedTriplets()
    } else if step == last || step > config.tInit && step % config.deltaT == 0 {
      selectTriplets(budget: budget(step, last))
      zeroPrunedTriplets()
    }
  }

  /// Ranks in all, falling by the cube from the first steps to the last.
  private func budget(_ step: Int, _ last: Int) -> Int {
    let target = config.targetR * triplets.count
    let left = 1 - Double(step - config.tInit) / Double(last - config.tInit)
    return Int(Double(mask.count - target) * (left * left * left) + Double(target))
  }

  /// Takes |w·dw| into the running means.
  private func updateImportance(_ gradients: Gradients, _ clip: Float) {
    let (beta1, beta2) = (Float(config.beta1), Float(config.beta2))
    var (mean, spread) = (importance.pointer, uncertainty.pointer)
    for parameter in triplets.flatMap({ [$0.a, $0.e, $0.b] }) {
      let slope = gradients.pointer + (parameter.offset ?? 0), weight = parameter.pointer
      for index in 0..<parameter.count {
        let now = abs(weight[index] * (slope[index] * clip))
        mean[index] = beta1 * mean[index] + (1 - beta1) * now
        spread[index] = beta2 * spread[index] + (1 - beta2) * abs(now - mean[index])
      }
      (mean, spread) = (mean + parameter.count, spread + parameter.count)
    }
  }

  /// Keeps the `budget` most important triplets; equals of the first that goes go with it.
  private func selectTriplets(budget: Int) {
    let scores = scores(), gone = mask.count - budget
    let threshold = gone > 0 ? scores.sorted()[gone - 1] : -.infinity
    for (index, score) in scores.enumerated() { mask.pointer[index] = score <= threshold ? 0 : 1 }
  }

  private func scores() -> [Float] {
    var offset = 0
    return triplets.flatMap { triplet in
      let rank = triplet.e.count, inputs = triplet.a.columns, outputs = triplet.b.rows
      func score(_ index: Int) -> Double {
        Double(importance.pointer[offset + index] * uncertainty.pointer[offset + index])
      }
      defer { offset += triplet.a.count + triplet.e.count + triplet.b.count }
      return (0..<rank).map { k in
        let row = (0..<inputs).reduce(0) { $0 + score(k * inputs + $1) } / Double(inputs)
        let ofB = triplet.a.count + rank
        let column = (0..<outputs).reduce(0) { $0 + score(ofB + $1 * rank + k) } / Double(outputs)
        return Float(score(triplet.a.count + k) + row + column)
      }
    }
  }

  /// Takes the values of what is not kept.
  private func zeroPrunedTriplets() {
    var next = mask.pointer
    for triplet in triplets {
      for k in 0..<triplet.e.count where next[k] == 0 { triplet.e.pointer[k] = 0 }
      next += triplet.e.count
    }
  }

  // MARK: - What is saved

  /// Of one projection's triplets those that are saved: what was chosen, and what has a value none the less, as when the
  /// best weights are older than the choice. nil: nothing was chosen yet.
  private func rankPattern(_ index: Int) -> [Bool]? {
    guard mask.values.contains(1) else { return nil }
    let first = triplets[..<index].reduce(0) { $0 + $1.e.count }, e = triplets[index].e
    return (0..<e.count).map { mask.pointer[first + $0] == 1 || e.pointer[$0] != 0 }
  }

  /// A, B and E without the triplets that are not kept.
  func exports(of index: Int) -> [TensorExport] {
    let (a, b, e) = (triplets[index].a, triplets[index].b, triplets[index].e)
    func places() -> [Int] { (0..<e.count).filter { rankPattern(index)?[$0] ?? true } }
    return [
      {
        let places = places()
        return ([places.count, a.columns], places.flatMap { a.values[$0 * a.columns..<($0 + 1) * a.columns] })
      },
      {
        let places = places()
        return ([b.rows, places.count], (0..<b.rows).flatMap { row in places.map { b.values[row * b.columns + $0] } })
      },
      {
        let places = places()
        return ([places.count, 1], places.map { e.values[$0] })
      },
    ]
  }

  /// Keys of adapter_config.json that follow from the run.
  var trainedConfig: [String: JSON] {
    let pairs = triplets.indices.compactMap { index in rankPattern(index).map { (triplets[index].e.name, $0) } }
    return [
      "total_step": steps.map(JSON.int) ?? .null,
      "rank_pattern": pairs.isEmpty ? .null : patternJSON(.init(uniqueKeysWithValues: pairs)),
    ]
  }
}

/// A schedule of ranks that a run has no time for.
public enum BudgetFault: Error, CustomStringConvertible {
  case noTime(AdaLoRAConfig, steps: Int)

  public var description: String {
    switch self {
    case .noTime(let config, let steps):
      "'tinit' \(config.tInit), 'tfinal' \(config.tFinal) and 'deltaT' \(config.deltaT) leave no step of \(steps) "
        + "for the ranks to shrink in. Lower them, or train longer."
    }
  }
}
