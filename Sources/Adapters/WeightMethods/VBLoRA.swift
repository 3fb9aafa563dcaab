import Encoders
/// VB-LoRA: LoRA whose A and B are put together from vectors of one bank.
import Glibc
import Kernels

/// W' = W + B·A        A [r, in], B [out, r]: every l numbers along in and out are Σ over the top k of softmax(logits)·vector
/// bank [v, l]: shared   logits of A [r, in / l, v], of B [out / l, r, v]; or the top k's indices, and their weights but the last
/// source: Li et al. 2024; peft/tuners/vblora/layer.py `_get_low_rank_matrix`, model.py
struct VBLoRA: WeightMethod {
  static let peftType = "VBLORA"
  var modules: ModuleChoice
  let bias: BiasMode
  private let rank, vectors, length, top: Int
  private let hasOnlyTop: Bool

  init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    file.ignore(["init_logits_std", "init_vector_bank_bound", "vblora_dropout"])
    rank = file.positiveInt("r") ?? 4
    vectors = file.positiveInt("num_vectors") ?? 256
    length = file.positiveInt("vector_length") ?? 256
    top = file.positiveInt("topk") ?? 2
    hasOnlyTop = file.flag("save_only_topk_weights")
    if top > vectors { file.problem("'topk' is \(top), 'num_vectors' \(vectors); expected at most that.") }
    bias = BiasMode(&file, only: "vblora_only")
    modules = ModuleChoice(&file)
  }

  func changes(of targets: [Projection], _ file: inout AdapterTensors) throws -> [WeightChange] {
    let bank = try file.floats(sharedPrefix + "vblora_vector_bank", [vectors, length])
    return try targets.map { target in
      guard target.inputs % length == 0, target.outputs % length == 0 else {
        throw file.mismatch(
          "\(target.name) has the matrix [\(target.outputs), \(target.inputs)], which 'vector_length' \(length) does not divide"
        )
      }
      let (inputTiles, outputTiles) = (target.inputs / length, target.outputs / length)
      let a = try mixtures("vblora_logits_A", of: target, [rank, inputTiles], &file)
      let b = try mixtures("vblora_logits_B", of: target, [outputTiles, rank], &file)
      return { w in
        let down = DenseMatrix(rows: rank, columns: w.columns, a.flatMap { vector($0, bank) })
        // [out / l, r, l] → [out, r]
        let tiles = b.map { vector($0, bank) }
        let up = (0..<w.rows).flatMap { row in
          (0..<rank).map { tiles[row / length * rank + $0][row % length] }
        }
        return w + DenseMatrix(rows: w.rows, columns: rank, up) * down
      }
    }
  }

  private typealias Mixture = [(vector: Int, weight: Float)]

  /// Which vectors are mixed with which weights, for every tile of `tiles`.
  private func mixtures(
    _ name: String, of target: Projection, _ tiles: [Int], _ file: inout AdapterTensors
  ) throws -> [Mixture] {
    let count = tiles.reduce(1, *)
    guard hasOnlyTop else {
      let logits = try file.floats(name, of: target, tiles + [vectors])
      return (0..<count).map { mixture(logits[$0 * vectors..<($0 + 1) * vectors]) }
    }
    let indices = try file.indices(name + "_topk_indices", of: target, tiles + [top], below: vectors)
    let weights = try file.floats(name + "_topk_weights", of: target, tiles + [top - 1])
    return try (0..<count).map { tile in
      let known = weights[tile * (top - 1)..<(tile + 1) * (top - 1)]
      guard known.allSatisfy({ $0 >= 0 }), known.reduce(0, +) < 1.001 else {
        throw file.mismatch("'\(name)_topk_weights' of \(target.name) are no parts of 1")
      }
      return zip(indices[tile * top..<(tile + 1) * top], known + [max(0, 1 - known.reduce(0, +))]).map { ($0, $1) }
    }
  }

  /// The softmax of the largest logits.
  private func mixture(_ logits: ArraySlice<Float>) -> Mixture {
    let largest = logits.enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(top)
    let exponentials = largest.map { exp(Double($0.element - largest[0].element)) }, sum = exponentials.reduce(0, +)
    return zip(largest, exponentials).map { ($0.offset, Float($1 / sum)) }
  }

  private func vector(_ mixture: Mixture, _ bank: [Float]) -> [Float] {
    (0..<length).map { index in mixture.reduce(0) { $0 + $1.weight * bank[$1.vector * length + index] } }
  }
}
