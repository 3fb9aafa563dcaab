import Encoders
/// FourierFT: a few frequencies of the change's Fourier transform; a seed chooses which.
import Files
import Glibc
import Hashing
import Kernels

/// W' = W + scaling·Re(ifft2(F))        F [out, in] is 0 but for F[uₖ, vₖ] = sₖ
/// Re(ifft2(F))[o, i] = 1/(out·in)·Σₖ sₖ·cos(2π(uₖ·o/out + vₖ·i/in)), of which the addition theorem makes two products.
/// uₖ·in + vₖ: the first numbers of torch.randperm(out·in) with `random_loc_seed`; PEFT does not save them.
/// source: Gao et al. 2024; peft/tuners/fourierft/layer.py
struct FourierFT: WeightMethod {
  static let peftType = "FOURIERFT"
  var modules: ModuleChoice
  let bias: BiasMode
  private let count: Int
  private let countPattern: [String: Int]
  private let patternOrder: PatternOrder
  private let scaling: Double
  private let seed: Int

  init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    file.ignore(["init_weights"])
    count = file["n_frequency", "a whole number of at least 1", { $0.int.flatMap { $0 > 0 ? $0 : nil } }] ?? 1000
    countPattern = file.positiveInts(byPattern: "n_frequency_pattern")
    patternOrder = file.patternOrder
    scaling = file["scaling", "a number", { $0.number }] ?? 150
    seed = file["random_loc_seed", "a whole number", { $0.int }] ?? 777
    bias = BiasMode(&file, only: "fourier_only")
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    let counts = try NamePatterns(countPattern, key: "n_frequency_pattern", patternOrder)
    return try targets.map { target in
      let count = try counts.value(of: modules.nameInFile(target.name)) ?? self.count
      guard count <= target.outputs * target.inputs else {
        throw file.mismatch(
          "\(target.name) has the matrix [\(target.outputs), \(target.inputs)]; 'n_frequency' is \(count)")
      }
      let spectrum = try file.floats("fourierft_spectrum", of: target, [count])
      return { w in
        var generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
        let places = generator.permutation(of: w.rows * w.columns, first: count)
        let rows = places.map { $0 / w.columns }, columns = places.map { $0 % w.columns }
        let scale = Float(scaling / Double(w.rows * w.columns)), scales = spectrum.map { scale * $0 }
        let left = Self.waves(rows, w.rows), right = Self.waves(columns, w.columns)
        func product(_ part: Int) -> DenseMatrix {
          var scaled = left[part]
          for index in scaled.values.indices { scaled.values[index] *= scales[index % count] }
          return scaled * right[part].transposed
        }
        return w + (product(0) - product(1))
      }
    }
  }

  /// cos and sin of 2π·frequency·position/size, each [size, frequencies].
  private static func waves(_ frequencies: [Int], _ size: Int) -> [DenseMatrix] {
    let step = 2 * Double.pi / Double(size)
    return [cos, sin].map { (wave: (Double) -> Double) in
      let values = (0..<size).map { Float(wave(step * Double($0))) }
      return DenseMatrix(
        rows: size, columns: frequencies.count,
        (0..<size).flatMap { position in frequencies.map { values[position * $0 % size] } })
    }
  }
}
