/// The position of a module or a weight in the encoder, read from its name.

/// The block that a module or weight belongs to, counted from 0; nil outside the blocks.
/// 3 for `bert.encoder.layer.3.attention.self.query` and for `model.layers.3.attn.Wqkv`.
package func layerIndex(of name: String) -> Int? {
  let parts = name.split(separator: ".")
  return zip(parts, parts.dropFirst()).first { $0.0 == "layer" || $0.0 == "layers" }.flatMap { Int($0.1) }
}

/// As `layerIndex`, but -1 for the embeddings, and `layers`, the number of blocks, for weights above the blocks.
package func depth(of name: String, layers: Int) -> Int {
  layerIndex(of: name) ?? (name.split(separator: ".").contains { $0.hasPrefix("embeddings") } ? -1 : layers)
}

/// The module of a weight: its name without the last part.
package func moduleName(of weight: String) -> String { weight.split(separator: ".").dropLast().joined(separator: ".") }
