/// The source of a model's weights: random initialization, a checkpoint of the same or another family, with all or
/// some of its layers, or another model's parameters. Does not read weights: `WeightLoader` does.
package import Autograd
package import Checkpoints

/// ```swift
/// let teacher = try Checkpoint(folder: "bert"), config = try ModelConfig(folder: "student")
/// // Layer i of the student is layer 2i of the teacher.
/// let student = try TextModel(config, WeightSource(teacher, of: .bert, layers: [0, 2, 4]), headType: .tokenClassification, …)
/// ```
package struct WeightSource: Sendable {
  /// nil: all weights are new.
  package let checkpoint: Checkpoint?
  /// The family of the checkpoint's weight names.
  let family: Family
  /// Layer i of the model is layer `layers[i]` of the checkpoint; nil: the same.
  let layers: [Int]?
  /// Whether queries', keys' and values' weights are copied to be contiguous, as training requires.
  let joinsWeights: Bool

  /// - Parameters:
  ///   - family: of the checkpoint.
  ///   - layers: the checkpoint's layer for each layer of the model; nil: the same ones.
  ///   - forInference: the model is never trained, and is ready sooner: its large weights stay in the mapped file.
  package init(_ checkpoint: Checkpoint, of family: Family, layers: [Int]? = nil, forInference: Bool = false) {
    (self.checkpoint, self.family, self.layers, isInitialized) = (checkpoint, family, layers, true)
    joinsWeights = !forInference
    parameters = [:]
  }

  /// Float32 copies of the parameters of another model of the same family.
  package init(copying parameters: [Parameter]) {
    (checkpoint, family, layers, joinsWeights, isInitialized) = (nil, .bert, nil, true, true)
    self.parameters = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
  }

  /// Parameters to copy, by name.
  let parameters: [String: Parameter]

  /// Whether new weights are initialized; else they stay 0.
  let isInitialized: Bool

  private init(isInitialized: Bool) {
    (checkpoint, family, layers, joinsWeights, self.isInitialized) = (nil, .bert, nil, true, isInitialized)
    parameters = [:]
  }

  /// All weights are randomly initialized.
  package static var random: WeightSource { WeightSource(isInitialized: true) }
  /// All weights are 0 and take no memory until they are touched. For counting parameters.
  package static var shapesOnly: WeightSource { WeightSource(isInitialized: false) }

  /// The checkpoint's possible names for the weight `name` of a model of the family `modelFamily`, in order of
  /// preference: its current name, its name with the legacy LayerNorm.gamma and .beta, and both without the encoder's
  /// prefix, as in a checkpoint without a head.
  func candidates(_ name: String, in modelFamily: Family) -> [String] {
    let current = modelFamily.architecture.translate(name, to: family.architecture) { layers?[$0] ?? $0 }
    let legacy = current.replacingSuffix("LayerNorm.weight", by: "LayerNorm.gamma")
      .replacingSuffix("LayerNorm.bias", by: "LayerNorm.beta")
    return [current, legacy].flatMap { [$0, String($0.trimmingPrefix(family.names.baseModelPrefix + "."))] }
  }

  /// Whether a model of the family `modelFamily` may leave the checkpoint's weight `name` unused: buffers, heads of
  /// other tasks, layers that were not selected, and weights that the model's family does not have.
  func mayIgnore(_ name: String, in modelFamily: Family) -> Bool {
    let names = family.names
    if name.hasSuffix("embeddings.position_ids") || name.hasSuffix("embeddings.token_type_ids")
      || names.ignoredPrefixes.contains(where: name.hasPrefix) || HeadLayers.owns(name)
    {
      return true
    }
    if !modelFamily.architecture.hasTokenTypes && family.architecture.hasTokenTypes
      && name.hasSuffix("embeddings.token_type_embeddings.weight")
    {
      return true
    }
    guard let layers, let block = names.locate(name)?.block ?? names.locate(names.baseModelPrefix + "." + name)?.block
    else {
      return false
    }
    return !layers.contains(block)
  }
}

extension String {
  fileprivate func replacingSuffix(_ suffix: String, by other: String) -> String {
    hasSuffix(suffix) ? dropLast(suffix.count) + other : self
  }
}
