/// Copies a model, with the values that an adapter has for some of its weights.
package import Autograd

extension TextModel {
  /// The weights of the model as on disk, in a pass with `adapters`: with the adapter's own parameters in place of the
  /// model's, and its head. Adapters of projections and sublayers are not part of them.
  package func parameters(_ adapters: RowAdapters) -> [Parameter] {
    let own = [String: Parameter](
      uniqueKeysWithValues: adapters.outputLayers(of: self).parameters.map { ($0.name, $0) })
    return parameters.map { parameter in
      if parameter === wordEmbeddings, let rows = adapters.tokenRows { return rows.written(into: adapters[parameter]) }
      return (headType.isTied ? nil : own[parameter.name]) ?? adapters[parameter]
    }
  }

  /// A copy in Float32 that shares no memory with this model, with the adapter's own parameters and its head in it.
  /// - Throws: the errors of `init`; none for a model that was built by it.
  package func copy(with adapters: RowAdapters = .none) throws -> TextModel {
    try TextModel(
      config, WeightSource(copying: parameters(adapters)), headType: headType, layers: headLayers,
      classes: adapters.outputLayers(of: self).classifier?.outputs ?? 0,
      reuseHead: true, seed: 0)
  }
}
