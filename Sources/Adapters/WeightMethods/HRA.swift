import Encoders
/// HRA: Householder reflections of the input.
import Kernels

/// W' = W·H₁·H₂·…        H_i = I - 2·uᵢ·uᵢᵀ   uᵢ: the i-th column of U [in, r], with norm 1
/// With `apply_GS` the columns are made orthogonal first (Gram-Schmidt).
/// source: Yuan et al. 2024; peft/tuners/hra/layer.py `get_delta_weight`
struct HRA: WeightMethod {
  static let peftType = "HRA"
  var modules: ModuleChoice
  let bias: BiasMode
  private let rank: Int
  private let isOrthogonal: Bool

  init(_ file: inout AdapterConfigReader) {
    file.ignore(["init_weights"])
    rank = file.positiveInt("r") ?? 8
    isOrthogonal = file.flag("apply_GS")
    bias = BiasMode(&file, only: "hra_only")
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    try targets.map { target in
      let u = try file.matrix("hra_u", of: target, target.inputs, rank)
      return { w in
        let directions = directions(u)
        var changed = w
        for row in 0..<w.rows {
          var values = w.values[row * w.columns..<(row + 1) * w.columns].map(Double.init)
          for direction in directions {
            let dot = Self.dot(values, direction)
            for index in values.indices { values[index] -= 2 * dot * direction[index] }
          }
          changed.values.replaceSubrange(row * w.columns..<(row + 1) * w.columns, with: values.map(Float.init))
        }
        return changed
      }
    }
  }

  private func directions(_ u: DenseMatrix) -> [[Double]] {
    var directions: [[Double]] = []
    for column in 0..<rank {
      var direction = (0..<u.rows).map { Double(u.values[$0 * rank + column]) }
      if isOrthogonal {
        for other in directions {
          let dot = Self.dot(direction, other)
          for index in direction.indices { direction[index] -= dot * other[index] }
        }
      }
      let norm = Self.dot(direction, direction).squareRoot()
      directions.append(direction.map { $0 / norm })
    }
    return directions
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }
}
