/// Where in the encoder a module or a weight is, told from its name.

/// `3` of `bert.encoder.layer.3.attention.self.query`; nil outside the blocks.
public func layerIndex(of name: String) -> Int? {
  let parts = name.split(separator: ".")
  return zip(parts, parts.dropFirst()).first { $0.0 == "layer" }.flatMap { Int($0.1) }
}

/// The block that a weight belongs to, counted from 0; -1 for the embeddings below all blocks, `layers` for what is above.
public func depth(of name: String, layers: Int) -> Int {
  layerIndex(of: name) ?? (name.split(separator: ".").contains("embeddings") ? -1 : layers)
}

/// The module that a weight belongs to: its name without its last part.
public func moduleName(of weight: String) -> String { weight.split(separator: ".").dropLast().joined(separator: ".") }
