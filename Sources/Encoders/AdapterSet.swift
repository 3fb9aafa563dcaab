/// What one adapter puts in place of parts of a model during a pass. Does not know any method of adapting.
package import Autograd
import Synchronization

/// The parts of one adapter, each found by the part of the base model that it stands for. The set never changes; only
/// its trainable parameters are written to, between training steps.
package final class AdapterSet: Sendable {
  /// The model that the set was made for. It also keeps the objects alive whose identities are the keys below.
  let base: TextModel
  /// The output layers in place of the model's; nil: the model's.
  package let head: OutputLayers?
  let virtualTokens: (any VirtualTokens)?
  /// Rows of the word embeddings that the adapter has its own of; nil: none.
  package let tokenRows: TokenRows?
  private let projections: [ObjectIdentifier: any ProjectionAdapter]
  private let residuals: [BlockSlot: any ResidualAdapter]
  private let parameters: [ObjectIdentifier: Parameter]
  /// Distinguishes this set from every other one of the process, also from one that was freed.
  let number = counter.add(1, ordering: .relaxed).newValue
  private static let counter = Atomic<Int>(0)
  /// Copies of frozen matrices that are joined with a replaced one.
  let companionMatrices: [Parameter]

  /// - Parameters:
  ///   - base: the model that the projections and parameters belong to.
  ///   - joinedParameters: the parameters of `base` that are contiguous in memory for training, group by group.
  ///   - projections: adapters of projections of `base`.
  ///   - residuals: adapters after sublayers.
  ///   - replaced: parameters of `base` that the set has its own copies of.
  ///   - head: the adapter's own output layers; nil: the model's.
  ///   - other: whose copies of parameters it uses, where it has any.
  init(
    for base: TextModel, joinedParameters: [[Parameter]],
    projections: [(projection: Projection, adapter: any ProjectionAdapter)],
    residuals: [(slot: BlockSlot, adapter: any ResidualAdapter)], replacing replaced: [Parameter],
    head: OutputLayers?, virtualTokens: (any VirtualTokens)?, tokenRows: TokenRows?, sharing other: AdapterSet?
  ) {
    (self.base, self.head, self.virtualTokens, self.tokenRows) = (base, head, virtualTokens, tokenRows)
    self.projections = Dictionary(
      uniqueKeysWithValues: projections.map { (ObjectIdentifier($0.projection), $0.adapter) })
    self.residuals = Dictionary(uniqueKeysWithValues: residuals.map { ($0.slot, $0.adapter) })
    let isReplaced = Set(replaced.map(ObjectIdentifier.init))
    var copies: [ObjectIdentifier: Parameter] = [:], companions: [Parameter] = []
    for original in replaced + joinedParameters.joined() {
      if let other, other[original] !== original { copies[ObjectIdentifier(original)] = other[original] }
    }
    for group in joinedParameters
    where copies[ObjectIdentifier(group[0])] == nil && areContiguous(group)
      && group.contains(where: { isReplaced.contains(ObjectIdentifier($0)) })
    {
      for (original, copy) in zip(group, Parameter.contiguousCopies(of: group)) {
        copies[ObjectIdentifier(original)] = copy
        let isMatrix = original.shape.count > 1
        if isMatrix && !isReplaced.contains(ObjectIdentifier(original)) { companions.append(copy) }
      }
    }
    for original in replaced where copies[ObjectIdentifier(original)] == nil {
      copies[ObjectIdentifier(original)] = original.copy()
    }
    (parameters, companionMatrices) = (copies, companions)
  }

  /// The parameter that stands for `parameter` of the base: a copy, or itself if the set has none.
  package subscript(parameter: Parameter) -> Parameter {
    parameters.isEmpty ? parameter : parameters[ObjectIdentifier(parameter)] ?? parameter
  }

  func adapter(of projection: Projection) -> (any ProjectionAdapter)? { projections[ObjectIdentifier(projection)] }

  func residual(at slot: BlockSlot) -> (any ResidualAdapter)? { residuals.isEmpty ? nil : residuals[slot] }

  /// Whether it has its own of one of these parameters of the base.
  func replaces(_ parameters: [Parameter]) -> Bool {
    !self.parameters.isEmpty && parameters.contains { self[$0] !== $0 }
  }

  /// Whether it can be used for some rows of a batch: it has no matrix of its own in place of an encoder's projection.
  package var canBeMixed: Bool { !replaces(base.encoder.joinedProjections.flatMap(\.parts).map(\.weight)) }
}

private func areContiguous(_ group: [Parameter]) -> Bool {
  zip(group, group.dropFirst()).allSatisfy { $0.isFollowed(by: $1) }
}

extension Parameter {
  /// Float32 copies, one after the other in one block of memory.
  fileprivate static func contiguousCopies(of parameters: [Parameter]) -> [Parameter] {
    let memory = JoinedMemory(count: parameters.reduce(0) { $0 + $1.count })
    return parameters.map { $0.copy(at: memory.next($0.count), in: memory.storage) }
  }
}
