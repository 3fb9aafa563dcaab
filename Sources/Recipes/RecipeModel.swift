/// The recipe's sections "model" and "task". Does not load a model.
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

  /// What is to be learned.
  public struct Task: Sendable, Equatable {
    public enum Kind: String, CaseIterable, Sendable {
      /// A label for each word: named entities.
      case tokenClassification = "token_classification"
    }
    public var type = Kind.tokenClassification
    /// The share of the target that is spread over all labels (Szegedy et al. 2016, §7).
    public var labelSmoothing = 0.0
    /// Factors of a label's loss; 1 for a label that is not named.
    public var classWeights: [String: Double] = [:]

    mutating func state(_ fields: Fields) {
      fields.required("type", &type, .choice, "What is to be learned.")
      fields.field(
        "label_smoothing", &labelSmoothing, .number(0..<1), "The share of each target that is spread over all labels.")
      fields.field(
        "class_weights", &classWeights, .map(of: .number(above: 0)), "Factors of a label's loss; 1 where not named.")
    }
  }
}
