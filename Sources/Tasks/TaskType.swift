/// The registered tasks.

/// As `task.type` in a recipe and "task" in tune.json.
public enum TaskType: String, CaseIterable, Sendable, Codable {
  /// One label per word (NER).
  case tokenClassification = "token_classification"
  /// One label per text, or per pair of texts.
  case sequenceClassification = "sequence_classification"
  /// Masked-language modeling on running text.
  case maskedLM = "masked_lm"

  public var inference: any TaskInference.Type {
    switch self {
    case .tokenClassification: TokenClassification.self
    case .sequenceClassification: SequenceClassification.self
    case .maskedLM: MaskedLM.self
    }
  }
}
