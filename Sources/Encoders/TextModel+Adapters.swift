/// Adapters of a text model: which parameters are joined, and which layer is its head in a pass.
package import Autograd

extension AdapterSet {
  /// - Parameters:
  ///   - projections: adapters of projections of `model`.
  ///   - residuals: adapters after sublayers.
  ///   - replaced: parameters of `model` that the set has its own copies of.
  ///   - head: the adapter's own output layers; nil: the model's.
  ///   - tokenRows: rows of the word embeddings, and of a decoder that is tied to them.
  ///   - other: an adapter's set for another head on the encoder, whose copies of its parameters this one uses.
  package convenience init(
    for model: TextModel, projections: [(projection: Projection, adapter: any ProjectionAdapter)] = [],
    residuals: [(slot: BlockSlot, adapter: any ResidualAdapter)] = [], replacing replaced: [Parameter] = [],
    head: OutputLayers? = nil, virtualTokens: (any VirtualTokens)? = nil, tokenRows: TokenRows? = nil,
    sharing other: AdapterSet? = nil
  ) {
    var projections = projections
    if model.headType.isTied, let tokenRows {
      projections.append((model.classifier, TiedTokenRows(tokenRows.ids, tokenRows.rows)))
    }
    self.init(
      for: model, joinedParameters: model.joinedParameters, projections: projections,
      residuals: residuals, replacing: replaced, head: head, virtualTokens: virtualTokens, tokenRows: tokenRows,
      sharing: other)
  }
}

extension RowAdapters {
  package func outputLayers(of model: TextModel) -> OutputLayers { head ?? model.outputLayers }

  /// The last linear layer in this pass. An embedding model has none.
  package func head(of model: TextModel) -> Projection { outputLayers(of: model).classifier ?? model.classifier }
}

extension TextModel {
  /// The parameters that must be contiguous in memory, group by group: the weights, and the biases, of projections that
  /// one GEMM computes.
  fileprivate var joinedParameters: [[Parameter]] {
    encoder.joinedProjections.filter { $0.parts.count > 1 }.flatMap {
      [$0.parts.map(\.weight), $0.parts.compactMap(\.bias)]
    }
  }
}
