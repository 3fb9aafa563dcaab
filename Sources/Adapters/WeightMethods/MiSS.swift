import Encoders
/// MiSS: one matrix that is added to every r columns of the weight.
import Files
import Kernels

/// W'[o, i] = W[o, i] + B[i mod r, o]        B [r, out]; "mini": B [r, mini_r], for outputs modulo mini_r
/// "bat":  W' = W + W·B + B for each block [r, r] of W, with B [out / r, r, r] for its rows
/// source: Kang & Yin 2024; peft/tuners/miss/layer.py
struct MiSS: WeightMethod {
  private enum Form: Equatable { case plain, bat, mini(Int) }

  static let peftType = "MISS"
  var modules: ModuleChoice
  let bias: BiasMode
  private let rank: Int
  private let form: Form

  init(_ file: inout AdapterConfigReader) {
    file.ignore(["miss_dropout"])
    rank = file.positiveInt("r") ?? 64
    let miniRank = file.positiveInt("mini_r") ?? 1
    let form =
      file[
        "init_weights", "true, false, \"bat\" or \"mini\"",
        { json -> Form? in json == "bat" ? .bat : json == "mini" ? .mini(miniRank) : json.bool.map { _ in .plain } }]
    self.form = form ?? .plain
    bias = BiasMode(&file, only: "MiSS_only")
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    try targets.map { target in
      let (outputs, inputs) = (target.outputs, target.inputs), rank = rank
      if case .bat = form {
        guard outputs % rank == 0, inputs % rank == 0 else {
          throw file.mismatch(
            "\(target.name) has the matrix [\(outputs), \(inputs)], which blocks of 'r' \(rank) do not divide")
        }
        let blocks = try file.floats("miss_block", of: target, [outputs / rank, rank, rank])
        return { Self.bat($0, blocks, rank) }
      }
      var width = outputs
      if case .mini(let size) = form { width = size }
      guard outputs % width == 0 else {
        throw file.mismatch("\(target.name) has \(outputs) outputs, which 'mini_r' \(width) does not divide")
      }
      let block = try file.matrix("miss_block", of: target, rank, width)
      return { w in
        var changed = w
        for index in w.values.indices {
          changed.values[index] += block.values[index % inputs % rank * width + index / inputs % width]
        }
        return changed
      }
    }
  }

  private static func bat(_ w: DenseMatrix, _ blocks: [Float], _ rank: Int) -> DenseMatrix {
    var changed = w
    for row in 0..<w.rows {
      let block = blocks[row / rank * rank * rank..<(row / rank + 1) * rank * rank]
      for column in 0..<w.columns {
        let (inBlock, first) = (column % rank, row * w.columns + column - column % rank)
        var sum = block[block.startIndex + row % rank * rank + inBlock]
        for index in 0..<rank { sum += w.values[first + index] * block[block.startIndex + index * rank + inBlock] }
        changed.values[row * w.columns + column] += sum
      }
    }
    return changed
  }
}
