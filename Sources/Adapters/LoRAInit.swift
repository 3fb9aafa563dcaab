/// What a LoRA's two matrices are before the first step.
import Autograd
import Kernels
import Models

/// As PEFT's `init_lora_weights`. With all of them the model is itself at first.
public enum LoRAInit: Sendable, Equatable {
  /// A uniform within 1/√in, B zero.
  case `default`
  /// A normal with deviation 1/r, B zero.
  case gaussian
  /// A and B normal, in two halves of one orthogonal basis, so that B·A is zero.
  case orthogonal
  /// The largest singular values of the weight (Meng et al. 2024): B = V·√(S/s), A = √(S/s)·Uᵀ.
  case pissa
  /// About these, much faster, by so many iterations from a random basis.
  case pissaByIteration(Int)
  /// The first columns of Q, and rows of R, of the weight's QR (Büyükakyüz 2024).
  case olora

  public static let all: [LoRAInit] =
    [.default, .gaussian, .orthogonal, .pissa, .olora] + (0...100).map { .pissaByIteration($0) }

  /// As PEFT spells it; nil for what is no start of ours.
  public init?(_ name: String) {
    guard let start = Self.all.first(where: { $0.name == name }) else { return nil }
    self = start
  }

  public var name: String {
    switch self {
    case .default: "default"
    case .gaussian: "gaussian"
    case .orthogonal: "orthogonal"
    case .pissa: "pissa"
    case .pissaByIteration(let count): "pissa_niter_\(count)"
    case .olora: "olora"
    }
  }

  /// Whether A and B start as a part of the weight: what they learn is then how far they go from there.
  public var isPartOfWeight: Bool {
    switch self {
    case .default, .gaussian, .orthogonal: false
    case .pissa, .pissaByIteration, .olora: true
    }
  }

  /// Fills A and B of `lora`, over the weight of `projection`.
  func fill(_ lora: LoRA, of projection: Projection, seed: UInt64) throws {
    let (a, b, rank) = (lora.a, lora.b, lora.a.rows)
    switch self {
    case .default: Initializer.uniform(1 / Double(a.columns).squareRoot()).fill(a, seed: seed)
    case .gaussian: Initializer.normal(1 / Double(rank)).fill(a, seed: seed)
    case .orthogonal:
      guard rank % 2 == 0 else { throw LoRAInitFault.odd(rank: rank, module: projection.name) }
      let basis = try qr(randomMatrix(rank, rank, a.name + ".basis", seed)).q
      a.set((randomMatrix(a.columns, rank / 2, a.name, seed) * basis.rows(from: 0)).transposed)
      b.set(randomMatrix(b.rows, rank / 2, b.name, seed) * basis.rows(from: 1))
      for parameter in [a, b] { for index in 0..<parameter.count { parameter.pointer[index] /= 10 } }
    case .pissa:
      takePrincipal(try svd(of: weight(of: projection, rank)), lora)
    case .pissaByIteration(let count):
      let basis = randomMatrix(a.columns, rank, a.name, seed)
      takePrincipal(
        try randomizedSVD(of: weight(of: projection, rank), start: basis, iterations: count), lora)
    case .olora:
      let (q, r) = try qr(weight(of: projection, rank))
      a.set(r.firstRows(rank))
      b.set(q.firstColumns(rank))
    }
  }

  /// The weight, which must have as many directions as are taken out of it.
  private func weight(of projection: Projection, _ rank: Int) throws -> DenseMatrix {
    let limit = min(projection.inputs, projection.outputs)
    guard rank <= limit else { throw LoRAInitFault.rank(rank, start: name, module: projection.name, limit: limit) }
    return DenseMatrix(projection.weight.matrix)
  }

  private func takePrincipal(_ factors: (u: DenseMatrix, s: [Float], vt: DenseMatrix), _ lora: LoRA) {
    let rank = lora.a.rows
    let roots = factors.s.prefix(rank).map { ($0 / lora.scale).squareRoot() }
    var (down, up) = (factors.vt.firstRows(rank), factors.u.firstColumns(rank))
    for k in 0..<rank {
      for column in 0..<down.columns { down.values[k * down.columns + column] *= roots[k] }
      for row in 0..<up.rows { up.values[row * rank + k] *= roots[k] }
    }
    lora.a.set(down)
    lora.b.set(up)
  }
}

/// A start that these sizes do not allow.
public enum LoRAInitFault: Error, CustomStringConvertible {
  case odd(rank: Int, module: String)
  case beside(dora: String)
  case rank(Int, start: String, module: String, limit: Int)

  public var description: String {
    switch self {
    case .odd(let rank, let module):
      "'init': \"orthogonal\" needs an even rank; it is \(rank) for \(module)."
    case .beside(let start):
      "'init': \"\(start)\" and 'use_dora' cannot be had together: DoRA scales the weight that the other takes apart."
    case .rank(let rank, let start, let module, let limit):
      "'init': \"\(start)\" takes \(rank) directions of the weight of \(module), which has no more than \(limit). Lower 'rank'."
    }
  }
}

private func randomMatrix(_ rows: Int, _ columns: Int, _ name: String, _ seed: UInt64) -> DenseMatrix {
  let parameter = Parameter(name, shape: [rows, columns])
  Initializer.normal(1).fill(parameter, seed: seed)
  return DenseMatrix(parameter.matrix)
}

extension DenseMatrix {
  /// Every second row.
  fileprivate func rows(from first: Int) -> DenseMatrix {
    let chosen = Array(stride(from: first, to: rows, by: 2))
    return DenseMatrix(
      rows: chosen.count, columns: columns, chosen.flatMap { values[$0 * columns..<($0 + 1) * columns] })
  }
}

extension Parameter {
  fileprivate func set(_ table: DenseMatrix) { _ = values.update(fromContentsOf: table.values) }
}
