/// AdamW with clipping by the global norm, over the parameters of a table.
import Autograd
import CKernels
import Glibc
import Kernels

public struct AdamWSettings: Sendable, Equatable {
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.01
  /// The global norm above which gradients are scaled down; nil: never.
  public var maxGradNorm: Double? = 1

  public init() {}
}

/// Sendable: used by the training thread; its own workers get disjoint pieces.
final class AdamW: @unchecked Sendable {
  let settings: AdamWSettings
  private let table: ParameterTable
  let first, second: OwnedStorage
  /// Steps taken.
  var steps = 0

  init(_ table: ParameterTable, _ settings: AdamWSettings) {
    self.table = table
    self.settings = settings
    first = OwnedStorage(count: table.count)
    second = OwnedStorage(count: table.count)
  }

  /// One step at `rate`.
  /// - Returns: the gradients' norm before clipping; where it is not finite, nothing was changed.
  func step(_ gradients: Gradients, rate: Double, _ replicas: Replicas) -> Double {
    let pieces = table.parameters.flatMap(pieces)
    let norm = squaredNorm(gradients, pieces, replicas).squareRoot()
    guard norm.isFinite else { return norm }
    steps += 1
    let clip = settings.maxGradNorm.map { norm > $0 ? $0 / (norm + 1e-6) : 1 } ?? 1
    let correction1 = 1 - pow(settings.beta1, Double(steps)), correction2 = 1 - pow(settings.beta2, Double(steps))
    replicas.forEach(pieces.count) { [settings, first, second] index, _ in
      let piece = pieces[index]
      let shrink = piece.decays ? 1 - rate * settings.weightDecay : 1
      tune_adamw(
        piece.parameter.pointer + piece.start, gradients.pointer + piece.offset, first.pointer + piece.offset,
        second.pointer + piece.offset, piece.count, Float(clip), Float(rate / correction1),
        Float(correction2.squareRoot()), Float(settings.beta1), Float(settings.beta2), Float(settings.epsilon),
        Float(shrink))
    }
    return norm
  }

  private struct Piece: Sendable {
    let parameter: Parameter
    let start, offset, count: Int
    let decays: Bool
  }

  /// Stretches of at most 2^18 numbers, the same on every machine.
  private func pieces(_ parameter: Parameter) -> [Piece] {
    let size = 1 << 18
    return stride(from: 0, to: parameter.count, by: size).map { start in
      Piece(
        parameter: parameter, start: start, offset: (parameter.offset ?? 0) + start,
        count: min(size, parameter.count - start), decays: decays(parameter.name))
    }
  }

  private func squaredNorm(_ gradients: Gradients, _ pieces: [Piece], _ replicas: Replicas) -> Double {
    let sums = OwnedStorage(count: pieces.count * 2)
    replicas.forEach(pieces.count) { index, _ in
      let sum = tune_sum_squares(gradients.pointer + pieces[index].offset, pieces[index].count)
      UnsafeMutableRawPointer(sums.pointer).storeBytes(of: sum, toByteOffset: index * 8, as: Double.self)
    }
    return (0..<pieces.count).reduce(0) {
      $0 + UnsafeRawPointer(sums.pointer).load(fromByteOffset: $1 * 8, as: Double.self)
    }
  }
}

/// Biases and LayerNorm's weights do not decay, as in transformers' Trainer.
func decays(_ name: String) -> Bool {
  !name.hasSuffix(".bias") && !name.contains("LayerNorm") && !name.contains("layer_norm")
}
