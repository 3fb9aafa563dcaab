/// An adapter folded into the weights that it changes, and taken out of them again.
import Autograd
import Models

/// Why an adapter cannot become part of its base.
public struct MergeFault: Error, CustomStringConvertible {
  /// As `peft_type` names it.
  public let method: String

  public var description: String {
    "\(method): what this method adds to a model is no change of its weights, so that it cannot be merged into them. "
      + "Keep the adapter beside its base."
  }
}

extension Adapter {
  /// Changes the base's weights, of Float32, so that they alone say what they said with the adapter, which is attached;
  /// the seams are empty then, and nothing of the adapter but its head and its overrides learns any more.
  /// - Throws: `MergeFault` where no weight can stand for what it adds; nothing is changed then.
  public func merge() throws {
    precondition(isAttached && !isMerged, "only an attached adapter can be merged, once")
    let parts = injection.projections.compactMap { projection, adapter in
      (adapter as? any Mergeable).map { (projection, $0) }
    }
    guard injection.slots.isEmpty, parts.count == injection.projections.count else {
      throw MergeFault(method: type(of: method).peftType)
    }
    var kept: [WeightBackup] = []
    for (projection, adapter) in parts {
      for parameter in [projection.weight, projection.bias] {
        parameter.makeWritable()
        kept.append(WeightBackup(parameter: parameter, values: Array(parameter.values)))
      }
      adapter.merge(into: projection.weight.pointer, bias: projection.bias.pointer)
      projection.adapter = nil
    }
    unmergedWeights = kept
  }

  /// Puts the base's own numbers back, bit for bit, and the adapter into its seams again.
  public func unmerge() {
    precondition(isMerged, "the adapter is not merged")
    for kept in unmergedWeights ?? [] { _ = kept.parameter.values.update(fromContentsOf: kept.values) }
    for (projection, adapter) in injection.projections { projection.adapter = adapter }
    unmergedWeights = nil
  }

  public var isMerged: Bool { unmergedWeights != nil }
}

/// A weight of the base and its numbers before a merge.
struct WeightBackup {
  let parameter: Parameter
  let values: [Float]
}
