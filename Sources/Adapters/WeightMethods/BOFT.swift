import Encoders
/// BOFT: several rotations of blocks one after the other, each with other neighbours (butterflies), and a scale of each output.
import Files
import Kernels

/// W' = diag(s)·W·M₀ᵀ·M₁ᵀ·…        M_i = P_i·diag(R_i0, R_i1, …)·P_iᵀ   R = cayley((B - Bᵀ)/2)   B [b, b]   s [out]
/// source: Liu et al. 2024; peft/tuners/boft/layer.py
struct BOFT: WeightMethod {
  static let peftType = "BOFT"
  var modules: ModuleChoice
  let bias: BiasMode
  /// One of both is 0, and follows from the other and the size of the input.
  private let blockSize, blockCount: Int
  private let factors: Int

  init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    file.ignore(["boft_dropout", "init_weights"])
    bias = BiasMode(&file, only: "boft_only")
    blockSize = file.blockSetting("boft_block_size") ?? 4
    blockCount = file.blockSetting("boft_block_num") ?? 0
    factors = file.positiveInt("boft_n_butterfly_factor") ?? 1
    file.checkBlockSettings(("boft_block_num", blockCount), ("boft_block_size", blockSize))
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    try targets.map { target in
      let divisor = max(blockSize, blockCount), quotient = target.inputs / divisor
      let (size, count) = blockCount == 0 ? (divisor, quotient) : (quotient, divisor)
      // Without its CUDA extension PEFT trains one factor, whatever the config says.
      let factors = try file.shape("boft_R", of: target)?.first == 1 ? 1 : factors
      guard target.inputs % divisor == 0, factors == 1 || size % 2 == 0 && count.trailingZeroBitCount >= factors - 1
      else {
        throw file.mismatch(
          "\(target.name) has \(target.inputs) inputs, which \(count) blocks of \(size) with 'boft_n_butterfly_factor' "
            + "\(factors) do not divide")
      }
      let numbers = size * size
      let values = try file.floats("boft_R", of: target, [factors, count, size, size])
      let scales = try file.floats("boft_s", of: target, [target.outputs, 1])
      let rotations = (0..<factors * count).map { block in
        let skew = (0..<numbers).map { index in
          (values[block * numbers + index] - values[block * numbers + index % size * size + index / size]) / 2
        }
        return cayley(DenseMatrix(rows: size, columns: size, skew))
      }
      return { w in
        var changed = w
        for factor in 0..<factors {
          let order = Self.permutation(of: w.columns, size, factor: factor)
          changed = Self.columns(of: changed, at: Self.inverse(order))
          changed = rotate(changed, by: Array(rotations[factor * count..<(factor + 1) * count]))
          changed = Self.columns(of: changed, at: order)
        }
        for index in changed.values.indices { changed.values[index] *= scales[index / w.columns] }
        return changed
      }
    }
  }

  /// P_i: within groups of 2ⁱ blocks, runs of size / 2 inputs: those with even numbers come before the others.
  private static func permutation(of inputs: Int, _ size: Int, factor: Int) -> [Int] {
    if factor == 0 { return Array(0..<inputs) }
    let run = size / 2, group = size << factor, runs = group / run
    return (0..<inputs).map { index in
      let position = index % group, number = position / run
      let source = number < runs / 2 ? 2 * number : 2 * (number - runs / 2) + 1
      return index - position + source * run + position % run
    }
  }

  private static func inverse(_ order: [Int]) -> [Int] {
    var inverse = order
    for (index, value) in order.enumerated() { inverse[value] = index }
    return inverse
  }

  private static func columns(of w: DenseMatrix, at order: [Int]) -> DenseMatrix {
    DenseMatrix(
      rows: w.rows, columns: w.columns,
      w.values.indices.map { w.values[$0 / w.columns * w.columns + order[$0 % w.columns]] })
  }
}
