/// The recipe's section "model". Does not load a model.
import Files

extension Recipe {
  /// The base model.
  public struct Model: Sendable, Equatable {
    /// A folder in the Hub's layout.
    public var path = ""
    /// Overrides config.json's `hidden_dropout_prob`.
    public var dropout: Double?
    /// Overrides config.json's `attention_probs_dropout_prob`.
    public var attentionDropout: Double?

    mutating func state(_ fields: Fields) {
      fields.required(
        "path", &path, .folder(holding: "config.json"), "The base model: a folder in the Hub's layout.")
      fields.optional("dropout", &dropout, .number(0..<1), "Instead of config.json's hidden_dropout_prob.")
      fields.optional(
        "attention_dropout", &attentionDropout, .number(0..<1), "Instead of config.json's attention_probs_dropout_prob."
      )
    }
  }
}
