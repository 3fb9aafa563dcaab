/// The recipe's section "task": the task type and its loss.
import Files

extension Recipe {
  public struct Task: Sendable, Equatable {
    public enum TaskType: String, CaseIterable, Sendable {
      /// One label per word (NER).
      case tokenClassification = "token_classification"
      /// Masked-language modeling on running text.
      case maskedLM = "masked_lm"
    }

    public enum Masking: String, CaseIterable, Sendable {
      /// New masks at every step.
      case dynamic
      /// The same masks of an example in every epoch.
      case `static`
    }

    public var type = TaskType.tokenClassification
    /// The fraction of the target that is spread over all labels (Szegedy et al. 2016, §7).
    public var labelSmoothing = 0.0
    /// Loss weight per label; 1 for labels that are not listed.
    public var classWeights: [String: Double] = [:]
    public var masking = Masking.dynamic
    public var mlmProbability = 0.15
    public var maskReplaceProb = 0.8
    public var randomReplaceProb = 0.1
    public var wholeWordMask = false
    /// Masking probability ∝ count^−mlmSmoothing; nil: equal for all tokens.
    public var mlmSmoothing: Double?

    var defaultMetric: Training.Metric {
      switch type {
      case .tokenClassification: .f1
      case .maskedLM: .loss
      }
    }

    /// The metrics that may choose the best checkpoint.
    var metrics: [Training.Metric] {
      switch type {
      case .tokenClassification: [.f1, .precision, .recall, .loss]
      case .maskedLM: [.loss, .perplexity, .accuracy]
      }
    }

    mutating func declare(_ fields: Fields) {
      var variant = type
      fields.choice("type", &variant, "Task type: one label per word, or masked-language modeling.") {
        variant, fields in
        switch variant {
        case .tokenClassification: declareTagging(fields)
        case .maskedLM: declareMasking(fields)
        }
      }
      type = variant
    }

    private mutating func declareTagging(_ fields: Fields) {
      fields.field(
        "label_smoothing", &labelSmoothing, .number(0..<1), "Fraction of each target that is spread over all labels.")
      fields.field(
        "class_weights", &classWeights, .map(of: .number(above: 0)), "Loss weight per label; 1 for others.")
    }

    private mutating func declareMasking(_ fields: Fields) {
      fields.field("masking", &masking, .choice, "New masks at every step, or the same in every epoch.")
      fields.field("mlm_probability", &mlmProbability, .number(0.01..<1), "Fraction of the tokens to predict.")
      fields.field(
        "mask_replace_prob", &maskReplaceProb, .number(0...1), "Fraction of the tokens to predict that become [MASK].")
      fields.field(
        "random_replace_prob", &randomReplaceProb, .number(0...1),
        "Fraction of the tokens to predict that become a random token.")
      fields.check(
        maskReplaceProb + randomReplaceProb <= 1, "random_replace_prob", "mask_replace_prob",
        expected: "mask_replace_prob + random_replace_prob to be at most 1")
      fields.field("whole_word_mask", &wholeWordMask, .bool, "Mask all tokens of a word, or none.")
      fields.optional(
        "mlm_smoothing", &mlmSmoothing, .number(above: 0),
        "Mask rare tokens more often, with weight count^−value (DistilBERT: 0.7).")
    }
  }
}
