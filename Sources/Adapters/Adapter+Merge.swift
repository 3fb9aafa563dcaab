/// Merges an adapter into a copy of its model, as PEFT's `merge_and_unload`.
import Autograd
package import Encoders

/// An adapter whose update is not a change of weights.
package struct MergeFault: Error, CustomStringConvertible {
  /// `peft_type` of the method.
  package let method: String

  package var description: String {
    "\(method): this method does not change weights of the base model, so its adapters cannot be merged. "
      + "Load the adapter together with its base model."
  }
}

extension Adapter {
  /// A copy of the model in Float32 with the update in its weights, and with the adapter's head and replaced weights. It
  /// gives the outputs of the model with the adapter, up to rounding. The model itself stays unchanged.
  /// - Throws: `MergeFault` for an adapter that is not `Mergeable`.
  package func merged() throws -> TextModel {
    let mergeable = injection.projections.compactMap { projection, adapter in
      (adapter as? any Mergeable).map { (projection.name, $0) }
    }
    guard injection.residuals.isEmpty, injection.virtualTokens == nil, mergeable.count == injection.projections.count
    else {
      throw MergeFault(method: type(of: method).peftType)
    }
    let merged = try model.copy(with: RowAdapters(set))
    let projections = Dictionary(uniqueKeysWithValues: merged.projections.map { ($0.name, $0) })
    for (name, adapter) in mergeable {
      guard let projection = projections[name] else { preconditionFailure("the copy has no projection \(name)") }
      adapter.merge(into: projection.weight.pointer, bias: projection.bias?.pointer)
    }
    return merged
  }
}
