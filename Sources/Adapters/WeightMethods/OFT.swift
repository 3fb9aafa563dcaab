import Encoders
/// OFT: rotations of blocks of the input.
import Files
import Kernels

/// W' = W·Rᵀ        R = diag(R₀, R₁, …)   R_i = cayley(S_i), or terms of its Neumann series   S_i skew-symmetric [b, b]
/// source: Qiu et al. 2023, Qiu et al. 2025 (OFTv2); peft/tuners/oft/layer.py `OFTRotationModule`
struct OFT: WeightMethod {
  static let peftType = "OFT"
  var modules: ModuleChoice
  let bias: BiasMode
  /// One of both is 0, and follows from the other and the size of the input.
  private let blockCount, blockSize: Int
  private let sharesBlocks: Bool
  /// The largest norm of all S together (COFT); nil: any.
  private let eps: Double?
  /// Terms of the Neumann series; nil: the exact transform.
  private let terms: Int?

  init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    file.ignore(["init_weights", "module_dropout"])
    bias = BiasMode(&file, only: "oft_only")
    blockCount = file.blockSetting("r") ?? 0
    let foundSize = file.blockSetting("oft_block_size")
    blockSize = foundSize ?? 0
    if foundSize == nil {
      file.problem(
        "'oft_block_size' is missing: PEFT before 0.14 wrote the file, and its OFT computes something else. Merge the adapter "
          + "with that version.")
    } else {
      file.checkBlockSettings(("r", blockCount), ("oft_block_size", blockSize))
    }
    sharesBlocks = file.flag("block_share")
    let eps = file["eps", "a number", { $0.number }] ?? 6e-5
    self.eps = file.flag("coft") ? eps : nil
    let terms = file.positiveInt("num_cayley_neumann_terms") ?? 5
    let version = file["peft_version", "a string", { $0.string }]
    let isSeries = file["use_cayley_neumann", "true or false", { $0.bool }]
    self.terms = isSeries == false ? nil : terms
    if isSeries != false, foundSize != nil, !isVersion(version, atLeast: [0, 18]) {
      file.problem(
        "'peft_version' is \(version.map { "\"\($0)\"" } ?? "missing"), and 'use_cayley_neumann' is not false: PEFT before 0.18 "
          + "computed another series. Merge the adapter with the version that wrote it.")
    }
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    try targets.map { target in
      let size =
        blockCount == 0
        ? Self.divisor(of: target.inputs, near: blockSize)
        : target.inputs / Self.divisor(of: target.inputs, near: blockCount)
      let count = target.inputs / size, stored = sharesBlocks ? 1 : count, numbers = size * (size - 1) / 2
      let vectors = try file.floats("oft_R.weight", of: target, [stored, numbers])
      let limit = eps.map { $0 / Double(stored).squareRoot() }
      let rotations = (0..<stored).map { block in
        let skew = Self.skewMatrix(vectors[block * numbers..<(block + 1) * numbers], size, limit: limit)
        return terms.map { Self.series(skew, terms: $0) } ?? cayley(skew)
      }
      return { w in
        rotate(w, by: sharesBlocks ? Array(repeating: rotations[0], count: count) : rotations)
      }
    }
  }

  /// The skew-symmetric matrix whose upper triangle has these numbers, with at most the norm `limit`.
  private static func skewMatrix(_ upper: ArraySlice<Float>, _ size: Int, limit: Double?) -> DenseMatrix {
    let norm = (2 * upper.reduce(0) { $0 + Double($1) * Double($1) }).squareRoot()
    let scale = limit.map { norm <= $0 ? 1 : Float($0 / norm) } ?? 1
    var values = Array(repeating: Float(0), count: size * size), next = upper.startIndex
    for row in 0..<size {
      for column in row + 1..<max(size, row + 1) {
        values[row * size + column] = scale * upper[next]
        values[column * size + row] = -scale * upper[next]
        next += 1
      }
    }
    return DenseMatrix(rows: size, columns: size, values)
  }

  /// I + 2·S + 2·S² + … + Sⁿ⁻¹, the first terms of the Cayley transform of -S. The last one is not doubled, from three terms on;
  /// three terms are S³ and not S², as in PEFT.
  private static func series(_ skew: DenseMatrix, terms: Int) -> DenseMatrix {
    let size = skew.rows
    var sum = DenseMatrix(rows: size, columns: size, Array(repeating: 0, count: size * size))
    for index in 0..<size { sum.values[index * size + index] = 1 }
    if terms > 1 { sum = sum + skew.scaled(by: 2) }
    if terms > 2 {
      var power = skew * skew
      sum = sum + power.scaled(by: 2)
      for _ in 3..<max(terms - 1, 3) {
        power = power * skew
        sum = sum + power.scaled(by: 2)
      }
      sum = sum + power * skew
    }
    return sum
  }

  /// The divisor of `inputs` that is nearest to `size`, of two the smaller.
  /// source: peft/tuners/oft/layer.py `adjust_oft_parameters`
  static func divisor(of inputs: Int, near size: Int) -> Int {
    if size >= inputs { return inputs }
    let higher = (size...inputs).first { inputs % $0 == 0 } ?? inputs
    let lower = (1...max(size, 1)).last { inputs % $0 == 0 } ?? 1
    return size - lower <= higher - size ? lower : higher
  }
}

/// Whether a version of PEFT ("0.21.2", "0.18.1.dev0@main") is at least `least`.
private func isVersion(_ version: String?, atLeast least: [Int]) -> Bool {
  guard let version else { return false }
  let parts = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
  return !parts.lexicographicallyPrecedes(least)
}
