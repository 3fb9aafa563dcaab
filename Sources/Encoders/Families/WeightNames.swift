/// The names of a family's weights on the Hub, and their translation to another family.

/// Names of a block's modules follow `<blocks>.<index>.`; the others are full names.
package struct WeightNames: Sendable {
  package let baseModelPrefix: String
  let blocks: String
  /// In the embeddings' module.
  var wordEmbeddings = "word_embeddings", embeddingNorm = "LayerNorm"
  /// The projections of queries, keys and values, or one for all three.
  let queryKeyValue: [String]
  let attentionOutput, attentionNorm, intermediate, output, outputNorm: String
  /// A norm after the last block.
  var finalNorm: String?
  /// Prefixes of head weights that a model without this head ignores.
  let ignoredPrefixes: [String]

  /// A block's modules, in the same order in every family.
  private var parts: [String] {
    queryKeyValue + [attentionOutput, attentionNorm, intermediate, output, outputNorm]
  }

  /// A weight's block and the rest of its name; nil outside the blocks.
  func locate(_ name: String) -> (block: Int, part: String)? {
    guard name.hasPrefix(blocks + ".") else { return nil }
    let rest = name.dropFirst(blocks.count + 1).split(separator: ".", maxSplits: 1)
    guard rest.count == 2, let index = Int(rest[0]) else { return nil }
    return (index, String(rest[1]))
  }

  /// Translates the name of a block's weight to the family of `other`; nil outside the blocks.
  fileprivate func translateBlock(_ name: String, to other: WeightNames, block: (Int) -> Int) -> String? {
    guard let (index, part) = locate(name) else { return nil }
    return "\(other.blocks).\(block(index)).\(replacePrefix(of: part, parts, by: other.parts))"
  }
}

extension Architecture {
  /// Translates a weight's name to another family; `block` maps the block's index.
  func translate(_ name: String, to other: Architecture, block: (Int) -> Int = { $0 }) -> String {
    names.translateBlock(name, to: other.names, block: block)
      ?? replacePrefix(
        of: name, heads.maskedLM.modules + [names.baseModelPrefix],
        by: other.heads.maskedLM.modules + [other.names.baseModelPrefix])
  }
}

extension HeadLayout {
  /// In the same order in every family.
  fileprivate var modules: [String] { [transform?.dense ?? "", transform?.norm ?? "", output] }
}

private func replacePrefix(of name: String, _ prefixes: [String], by others: [String]) -> String {
  for (prefix, other) in zip(prefixes, others) where name == prefix || name.hasPrefix(prefix + ".") {
    return other + name.dropFirst(prefix.count)
  }
  return name
}
