/// What an adapter adds to the weights of its projections, apart from the adapter.
import Autograd
import Encoders
package import Kernels

package enum WeightUpdate: Sendable {
  /// scale·B·A      A [r, in]   B [out, r]
  case lowRank(a: DenseMatrix, b: DenseMatrix, scale: Float)
  /// [out, in]
  case dense(DenseMatrix)

  /// [out, in]
  package var matrix: DenseMatrix {
    switch self {
    case .dense(let matrix): return matrix
    case .lowRank(let a, let b, let scale):
      var product = b * a
      for index in product.values.indices { product.values[index] *= scale }
      return product
    }
  }
}

extension Adapter {
  /// The updates by the name of the projection: of low rank for LoRA, also with rsLoRA's scale, PiSSA and OLoRA; dense for the
  /// other methods that change weights.
  /// - Throws: `CombinationFault` if the adapter does more than that, besides its head and its saved modules.
  package func weightUpdates() throws(CombinationFault) -> [String: WeightUpdate] {
    let method = type(of: method).peftType
    guard injection.residuals.isEmpty, injection.virtualTokens == nil,
      !injection.projections.isEmpty || !injection.changedProjections.isEmpty
    else {
      throw .noWeightUpdate(method: method)
    }
    if tokenRows != nil { throw .otherWeights("the embeddings of new tokens") }
    if let weight = replacedWeights.first(where: { !belongs($0.parameter.name, to: self.method.modulesToSave) }) {
      throw .otherWeights(weight.parameter.name)
    }
    var updates: [String: WeightUpdate] = [:]
    for (projection, adapter) in injection.projections {
      switch adapter {
      case let lora as LoRA:
        updates[projection.name] = .lowRank(
          a: DenseMatrix(lora.a.matrix), b: DenseMatrix(lora.b.matrix), scale: lora.scale)
      case let residual as ResidualInitLoRA:
        let (a, b) = (residual.exports.a(), residual.exports.b())
        updates[projection.name] = .lowRank(
          a: DenseMatrix(rows: a.shape[0], columns: a.shape[1], a.values),
          b: DenseMatrix(rows: b.shape[0], columns: b.shape[1], b.values), scale: residual.lora.scale)
      case let mergeable as any Mergeable: updates[projection.name] = .dense(try change(of: projection, by: mergeable))
      default: throw .noWeightUpdate(method: method)
      }
    }
    for projection in injection.changedProjections {
      updates[projection.name] = .dense(
        DenseMatrix(set[projection.weight].matrix) - DenseMatrix(projection.weight.asFloat32.matrix))
    }
    return updates
  }

  /// The merged weight minus the base's.
  private func change(of projection: Projection, by adapter: any Mergeable) throws(CombinationFault) -> DenseMatrix {
    let base = DenseMatrix(projection.weight.asFloat32.matrix), bias = projection.bias.map { Array($0.values) } ?? []
    var merged = base, mergedBias = bias
    merged.values.withUnsafeMutableBufferPointer { merged in
      mergedBias.withUnsafeMutableBufferPointer { mergedBias in
        adapter.merge(into: merged.baseAddress!, bias: bias.isEmpty ? nil : mergedBias.baseAddress!)
      }
    }
    if mergedBias != bias { throw .otherWeights(projection.name + ".bias") }
    return merged - base
  }
}

extension LoRAConfig {
  /// Of exactly these projections, with the scale 1.
  init(_ projections: [String], rank: Int) {
    self.init()
    (self.rank, alpha) = (rank, Double(rank))
    modules.choose(projections)
  }
}

extension Adapter {
  /// A LoRA with these updates, whose scale is 1, and with the head and the saved modules of `other`.
  /// - Parameter factors: A [r, in] and B [out, r] by the name of the projection, with the same r.
  package convenience init(
    factors: [String: (a: DenseMatrix, b: DenseMatrix)], rank: Int, headOf other: Adapter
  ) throws {
    var config = LoRAConfig(factors.keys.sorted(), rank: rank)
    config.modules.modulesToSave = other.method.modulesToSave
    try self.init(config, factors, on: other.model, head: other.set.head)
    copyReplacedWeights(from: other.replacedWeights.map(\.parameter))
  }

  /// Sets the adapter's own copies of weights to the values of those parameters that have their names.
  func copyReplacedWeights(from parameters: [Parameter]) {
    let values = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
    for weight in replacedWeights {
      guard let value = values[weight.parameter.name] else { continue }
      _ = weight.parameter.values.update(fromContentsOf: value.asFloat32.values)
    }
  }

  /// - Parameter factors: of the projections that `config` chooses.
  convenience init(
    _ config: LoRAConfig, _ factors: [String: (a: DenseMatrix, b: DenseMatrix)], on model: TextModel,
    head: OutputLayers?
  ) throws {
    let injection = try config.inject(into: model, seed: nil)
    for (projection, adapter) in injection.projections {
      guard let lora = adapter as? LoRA, let (a, b) = factors[projection.name] else {
        preconditionFailure("no factors for \(projection.name)")
      }
      _ = lora.a.values.update(fromContentsOf: a.values)
      _ = lora.b.values.update(fromContentsOf: b.values)
    }
    self.init(config, on: model, injection, head: head)
  }
}
