/// A LoRA out of a model that was fine-tuned in full, by singular value decompositions of its change from the base.
import Autograd
package import Encoders
import Kernels

/// What an extracted adapter has of the change, and what it lacks.
package struct Extraction {
  package let adapter: Adapter
  /// By projection, the share of the change that the rank cuts off, as a ratio of Frobenius norms.
  package let errors: [String: Double]
  /// Changed weights that the adapter does not have, and their change relative to the base's weights.
  package let missing: [(name: String, change: Double)]
}

extension Adapter {
  /// The adapter of `base` that is nearest to `model`: a LoRA of its projections, whose biases it replaces, LayerNorms and new layers
  /// of the head in full, and the head.
  /// - Parameter model: of the same architecture and head as `base`.
  /// - Throws: `CombinationFault` if no projection differs.
  package static func extracted(from model: TextModel, base: TextModel, rank: Int) throws -> Extraction {
    let tuned = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0) })
    func change(_ parameter: Parameter) -> Double {
      guard let other = tuned[parameter.name], other.shape == parameter.shape else { return .infinity }
      let (old, new) = (parameter.asFloat32.values, other.asFloat32.values)
      var (difference, size) = (0.0, 0.0)
      for index in old.indices {
        difference += Double(new[index] - old[index]) * Double(new[index] - old[index])
        size += Double(old[index]) * Double(old[index])
      }
      return difference == 0 ? 0 : (difference / max(size, .leastNormalMagnitude)).squareRoot()
    }
    let isNew = Set(base.newlyInitialized.map(moduleName))
    let saved = (base.headTransformModules + base.tagLayerModules).filter(isNew.contains)
    let norms = base.normNames.filter { name in
      !saved.contains(name) && base.parameters.contains { moduleName(of: $0.name) == name && change($0) > 0 }
    }
    var updates: [String: WeightUpdate] = [:]
    for projection in base.projections where !saved.contains(projection.name) && change(projection.weight) > 0 {
      guard let other = tuned[projection.weight.name] else { continue }
      updates[projection.name] = .dense(
        DenseMatrix(other.asFloat32.matrix) - DenseMatrix(projection.weight.asFloat32.matrix))
    }
    if updates.isEmpty { throw CombinationFault.unchanged }
    let result = try AdapterCombination(.svd, rank: rank).combine([(updates, 1)])
    var config = LoRAConfig(result.factors.keys.sorted(), rank: rank)
    config.bias = .loraOnly
    config.modules.modulesToSave = saved + norms
    let adapter = try Adapter(config, result.factors, on: base, head: model.headType.isTied ? nil : model.outputLayers)
    adapter.copyReplacedWeights(from: model.parameters)
    let covered = Set(updates.keys.map { $0 + ".weight" }).union(adapter.replacedAndHeadNames)
    let missing = base.parameters.filter { !covered.contains($0.name) && change($0) > 0 }
    return Extraction(adapter: adapter, errors: result.errors, missing: missing.map { ($0.name, change($0)) })
  }
}
