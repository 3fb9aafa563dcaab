/// Initialization of LoRA's A and B: PEFT's `init_lora_weights`.
import Autograd
import Encoders
import Kernels

/// Values of PEFT's `init_lora_weights`. With each of them the adapted model initially equals the base.
package enum LoRAInit: Sendable, Equatable {
  /// A uniform within ±1/√in, B zero.
  case `default`
  /// A from a normal distribution with standard deviation 1/r, B zero.
  case gaussian
  /// A and B normal, in complementary parts of one orthogonal basis, so that B·A is zero. The rank must be even.
  case orthogonal
  /// PiSSA: from the largest singular values of the weight (Meng et al. 2024), B = V·√(S/s), A = √(S/s)·Uᵀ.
  case pissa
  /// The same approximately and much faster, by this number of power iterations from a random basis.
  case pissaByIteration(Int)
  /// OLoRA: the first columns of Q and the first rows of R of the weight's QR decomposition (Büyükakyüz 2024).
  case olora

  package static let all: [LoRAInit] =
    [.default, .gaussian, .orthogonal, .pissa, .olora] + (0...100).map { .pissaByIteration($0) }

  /// By PEFT's name; nil if it is not supported.
  package init?(_ name: String) {
    guard let found = Self.all.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  package var name: String {
    switch self {
    case .default: "default"
    case .gaussian: "gaussian"
    case .orthogonal: "orthogonal"
    case .pissa: "pissa"
    case .pissaByIteration(let count): "pissa_niter_\(count)"
    case .olora: "olora"
    }
  }

  /// Whether the initial B·A is a part of the weight. The update is then the difference from it: s·(B·A − B₀·A₀).
  package var isPartOfWeight: Bool {
    switch self {
    case .default, .gaussian, .orthogonal: false
    case .pissa, .pissaByIteration, .olora: true
    }
  }

  /// Initializes A and B of `lora`; PiSSA and OLoRA from the weight of `projection`.
  /// - Throws: `LoRAInitFault` if the rank does not allow it.
  func fill(_ lora: LoRA, of projection: Projection, seed: UInt64) throws {
    let (a, b, rank) = (lora.a, lora.b, lora.a.rows)
    switch self {
    case .default: Initializer.uniform(1 / Double(a.columns).squareRoot()).fill(a, seed: seed)
    case .gaussian: Initializer.normal(1 / Double(rank)).fill(a, seed: seed)
    case .orthogonal:
      guard rank % 2 == 0 else { throw LoRAInitFault.oddRank(rank, module: projection.name) }
      let basis = try qr(randomMatrix(rank, rank, a.name + ".basis", seed)).q
      a.set((randomMatrix(a.columns, rank / 2, a.name, seed) * basis.rows(from: 0)).transposed)
      b.set(randomMatrix(b.rows, rank / 2, b.name, seed) * basis.rows(from: 1))
      for parameter in [a, b] { for index in 0..<parameter.count { parameter.pointer[index] /= 10 } }
    case .pissa:
      setPrincipal(try svd(of: weight(of: projection, rank)), lora)
    case .pissaByIteration(let count):
      let basis = randomMatrix(a.columns, rank, a.name, seed)
      setPrincipal(
        try randomizedSVD(of: weight(of: projection, rank), gaussian: basis, iterations: count), lora)
    case .olora:
      let (q, r) = try qr(weight(of: projection, rank))
      a.set(r.firstRows(rank))
      b.set(q.firstColumns(rank))
    }
  }

  /// The weight; neither of its sides may be smaller than `rank`.
  private func weight(of projection: Projection, _ rank: Int) throws -> DenseMatrix {
    let limit = min(projection.inputs, projection.outputs)
    guard rank <= limit else {
      throw LoRAInitFault.rank(rank, initialization: name, module: projection.name, limit: limit)
    }
    return DenseMatrix(projection.weight.matrix)
  }

  /// PiSSA's A and B from the leading singular values and vectors.
  private func setPrincipal(_ factors: (u: DenseMatrix, s: [Float], vt: DenseMatrix), _ lora: LoRA) {
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

/// An initialization that the rank or another setting does not allow.
package enum LoRAInitFault: Error, CustomStringConvertible {
  case oddRank(Int, module: String)
  case conflictsWithDoRA(String)
  case rank(Int, initialization: String, module: String, limit: Int)

  package var description: String {
    switch self {
    case .oddRank(let rank, let module):
      "'init_lora_weights': \"orthogonal\" requires an even rank; found rank \(rank) for \(module)."
    case .conflictsWithDoRA(let name):
      "'init_lora_weights': \"\(name)\" cannot be combined with 'use_dora': DoRA scales the weight that \"\(name)\" "
        + "decomposes. Remove one of them."
    case .rank(let rank, let name, let module, let limit):
      "'init_lora_weights': \"\(name)\" allows a rank of no more than \(limit) for \(module), the smaller side of its "
        + "weight; found \(rank). Lower 'rank'."
    }
  }
}

private func randomMatrix(_ rows: Int, _ columns: Int, _ name: String, _ seed: UInt64) -> DenseMatrix {
  let parameter = Parameter(name, shape: [rows, columns])
  Initializer.normal(1).fill(parameter, seed: seed)
  return DenseMatrix(parameter.matrix)
}

extension DenseMatrix {
  /// Every second row from `first` on.
  fileprivate func rows(from first: Int) -> DenseMatrix {
    let chosen = Array(stride(from: first, to: rows, by: 2))
    return DenseMatrix(
      rows: chosen.count, columns: columns, chosen.flatMap { values[$0 * columns..<($0 + 1) * columns] })
  }
}

extension Parameter {
  fileprivate func set(_ matrix: DenseMatrix) { _ = values.update(fromContentsOf: matrix.values) }
}
