/// Where a model's weights come from: chance, or a checkpoint, whole or only some of its layers, of the model's family or
/// of another. Reads nothing: `WeightLoader` does.
public import Checkpoints

/// ```swift
/// let teacher = try Checkpoint(folder: "bert"), config = try ModelConfig(folder: "student")
/// // Layer i of the student is layer 2i of the teacher.
/// let student = try TextModel(config, WeightSource(teacher, of: .bert, layers: [0, 2, 4]), kind: .tokens, …)
/// ```
public struct WeightSource: Sendable {
  /// nil: every weight starts from chance.
  public let checkpoint: Checkpoint?
  /// The family whose names the checkpoint has.
  let family: Family
  /// Layer i of the model is layer `layers[i]` of the checkpoint; nil: the same.
  let layers: [Int]?

  /// - Parameter family: that of the checkpoint.
  public init(_ checkpoint: Checkpoint, of family: Family, layers: [Int]? = nil) {
    (self.checkpoint, self.family, self.layers, isInitialized) = (checkpoint, family, layers, true)
  }

  /// Whether weights without a checkpoint are drawn by chance, or left 0.
  let isInitialized: Bool

  private init(draws: Bool) { (checkpoint, family, layers, self.isInitialized) = (nil, .bert, nil, draws) }

  /// Every weight starts from chance.
  public static var random: WeightSource { WeightSource(draws: true) }
  /// Names and shapes alone: every weight is 0, and takes no memory before it is touched. To count what would learn.
  public static var shapesOnly: WeightSource { WeightSource(draws: false) }

  /// The checkpoint's names that may be meant by a model's `name`, the likeliest first: its own family's, the older
  /// words for LayerNorm, and both without the encoder's prefix, as a model without a head has them.
  func candidates(_ name: String, in own: Family) -> [String] {
    let whole = own.names.translate(name, to: family.names) { layers?[$0] ?? $0 }
    let older = whole.replacingSuffix("LayerNorm.weight", by: "LayerNorm.gamma")
      .replacingSuffix("LayerNorm.bias", by: "LayerNorm.beta")
    return [whole, older].flatMap { [$0, String($0.trimmingPrefix(family.names.encoder + "."))] }
  }

  /// Whether a model of the family `own` may leave the checkpoint's weight `name` alone: buffers, heads of other tasks,
  /// layers that were not chosen, and what the model's family does not have.
  func mayIgnore(_ name: String, in own: Family) -> Bool {
    let names = family.names
    if name.hasSuffix("embeddings.position_ids") || name.hasSuffix("embeddings.token_type_ids")
      || names.ignoredPrefixes.contains(where: name.hasPrefix)
    {
      return true
    }
    if !own.hasTokenTypes && family.hasTokenTypes && name.hasSuffix("embeddings.token_type_embeddings.weight") {
      return true
    }
    guard let layers, let block = names.locate(name)?.block ?? names.locate(names.encoder + "." + name)?.block else {
      return false
    }
    return !layers.contains(block)
  }
}
