/// Merges an attached adapter into the base weights, and restores them: PEFT's `merge_adapter` and `unmerge_adapter`.
import Autograd
import Models

/// An adapter whose update is not a change of weights.
public struct MergeFault: Error, CustomStringConvertible {
  /// `peft_type` of the method.
  public let method: String

  public var description: String {
    "\(method): this method does not change weights of the base model, so its adapters cannot be merged. "
      + "Load the adapter together with its base model."
  }
}

extension Adapter {
  /// Adds the update to the base's Float32 weights, so that the model gives the same outputs without it, up to
  /// rounding. The adapter slots are then empty; the head and the replaced weights stay in place.
  /// - Throws: `MergeFault` for an adapter that is not `Mergeable`. The model is then unchanged.
  public func merge() throws {
    precondition(isAttached && !isMerged, "only an attached adapter can be merged, once")
    let mergeable = injection.projections.compactMap { projection, adapter in
      (adapter as? any Mergeable).map { (projection, $0) }
    }
    guard injection.slots.isEmpty, mergeable.count == injection.projections.count else {
      throw MergeFault(method: type(of: method).peftType)
    }
    var backups: [WeightBackup] = []
    for (projection, adapter) in mergeable {
      for parameter in [projection.weight, projection.bias] {
        parameter.makeWritable()
        backups.append(WeightBackup(parameter: parameter, values: Array(parameter.values)))
      }
      adapter.merge(into: projection.weight.pointer, bias: projection.bias.pointer)
      projection.adapter = nil
    }
    unmergedWeights = backups
  }

  /// Restores the base's weights, bit for bit, and puts the adapter back into its slots.
  public func unmerge() {
    precondition(isMerged, "the adapter is not merged")
    for backup in unmergedWeights ?? [] { _ = backup.parameter.values.update(fromContentsOf: backup.values) }
    for (projection, adapter) in injection.projections { projection.adapter = adapter }
    unmergedWeights = nil
  }

  public var isMerged: Bool { unmergedWeights != nil }
}

/// A weight of the base and its values before a merge.
struct WeightBackup {
  let parameter: Parameter
  let values: [Float]
}
