/// A benchmark workload, parsed from a name such as `base-lora-8x128`.
import ArgumentParser
import Encoders
import Files

/// `<shape>-<mode>-<b>x<t>`: b sequences of t tokens. Shape and mode may be in either order. For `distil` the shape is
/// the teacher's.
struct Workload: Sendable, Equatable {
  enum Shape: String, CaseIterable {
    /// BERT-base, MiniLM-L6 and ModernBERT-base.
    case base, mini, modern

    /// The linear layers that LoRA adapts.
    var targets: [String] { self == .modern ? ["Wqkv"] : ["query", "value"] }
  }
  enum Mode: String, CaseIterable { case full, lora, infer, distil }

  let name: String
  let shape: Shape
  let mode: Mode
  let sequences, tokens: Int

  init?(_ name: String) {
    let parts = name.split(separator: "-").map(String.init)
    guard parts.count == 3, let size = parts.last?.split(separator: "x"), size.count == 2 else { return nil }
    let terms = parts.dropLast()
    guard let shape = terms.lazy.compactMap(Shape.init).first, let mode = terms.lazy.compactMap(Mode.init).first,
      let sequences = Int(size[0]), let tokens = Int(size[1]), sequences > 0, tokens > 0,
      (shape, mode) != (.modern, .distil)
    else { return nil }
    self.name = name
    self.shape = shape
    self.mode = mode
    self.sequences = sequences
    self.tokens = tokens
  }

  /// The sequence lengths; ragged: sequence i has 8 + 37·i mod (t - 7) tokens.
  func lengths(ragged: Bool) -> [Int] {
    precondition(!ragged || tokens >= 8, "a ragged sequence has at least 8 tokens")
    return (0..<sequences).map { ragged ? 8 + 37 * $0 % (tokens - 7) : tokens }
  }

  /// The student's config: DistilBERT with half of the teacher's layers.
  func student(of teacher: ModelConfig) throws -> ModelConfig {
    var json = Family.distilbert.convertedConfig(teacher.json, from: .bert).object ?? [:]
    json[Family.distilbert.keys.layers] = .int(teacher.numHiddenLayers / 2)
    return try ModelConfig(json: .object(json), file: name)
  }

  /// BERT-base or MiniLM-L6 (6 layers, hidden size 384), dropout 0.1; or ModernBERT-base, which has no dropout.
  func config() throws -> ModelConfig {
    if shape == .modern { return try ModelConfig(json: ["model_type": "modernbert"], file: name) }
    var json: [String: JSON] = ["vocab_size": 30522, "max_position_embeddings": .int(max(512, tokens))]
    if shape == .mini {
      json["hidden_size"] = 384
      json["num_hidden_layers"] = 6
      json["intermediate_size"] = 1536
    }
    return try ModelConfig(json: .object(json), file: name)
  }

  static let defaults = [
    "base-full-8x128", "base-lora-8x128", "base-lora-32x128", "base-full-8x512", "mini-full-16x128",
    "mini-lora-16x128", "base-distil-8x128", "infer-base-1x16", "infer-base-1x128", "infer-base-32x128",
    "infer-mini-1x16", "infer-mini-1x128",
    "infer-mini-32x128",
  ]
}

extension Workload: ExpressibleByArgument {
  var defaultValueDescription: String { name }

  init?(argument: String) { self.init(argument) }
}
