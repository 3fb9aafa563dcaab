/// The recipe's section "task": what is to be learned.
import Files

extension Recipe {
  public struct Task: Sendable, Equatable {
    public enum TaskType: String, CaseIterable, Sendable {
      /// A label for each word: named entities.
      case tokenClassification = "token_classification"
      /// The words that were hidden in running text.
      case maskedLM = "masked_lm"
    }

    public enum Masking: String, CaseIterable, Sendable {
      /// Drawn anew at every step.
      case dynamic
      /// An example has the same ones in every epoch.
      case `static`
    }

    public var type = TaskType.tokenClassification
    /// The share of the target that is spread over all labels (Szegedy et al. 2016, §7).
    public var labelSmoothing = 0.0
    /// Factors of a label's loss; 1 for a label that is not named.
    public var classWeights: [String: Double] = [:]
    public var masking = Masking.dynamic
    public var mlmProbability = 0.15
    public var maskReplaceProb = 0.8
    public var randomReplaceProb = 0.1
    public var wholeWordMask = false
    /// Chance ∝ count^-exponent; nil: all alike.
    public var mlmSmoothing: Double?

    var defaultMetric: Training.Metric {
      switch type {
      case .tokenClassification: .f1
      case .maskedLM: .loss
      }
    }

    /// What a best checkpoint may be chosen by.
    var metrics: [Training.Metric] {
      switch type {
      case .tokenClassification: [.f1, .precision, .recall, .loss]
      case .maskedLM: [.loss, .perplexity, .accuracy]
      }
    }

    mutating func declare(_ fields: Fields) {
      var kind = type
      fields.choice("type", &kind, "What is to be learned.") { kind, fields in
        switch kind {
        case .tokenClassification: declareTagging(fields)
        case .maskedLM: declareMasking(fields)
        }
      }
      type = kind
    }

    private mutating func declareTagging(_ fields: Fields) {
      fields.field(
        "label_smoothing", &labelSmoothing, .number(0..<1), "The share of each target that is spread over all labels.")
      fields.field(
        "class_weights", &classWeights, .map(of: .number(above: 0)), "Factors of a label's loss; 1 where not named.")
    }

    private mutating func declareMasking(_ fields: Fields) {
      fields.field("masking", &masking, .choice, "Drawn anew at every step, or the same in every epoch.")
      fields.field("mlm_probability", &mlmProbability, .number(0.01..<1), "The share of tokens to be guessed.")
      fields.field("mask_replace_prob", &maskReplaceProb, .number(0...1), "The share of these that is shown as [MASK].")
      fields.field(
        "random_replace_prob", &randomReplaceProb, .number(0...1),
        "The share of these that is shown as any other token.")
      fields.check(
        maskReplaceProb + randomReplaceProb <= 1, "random_replace_prob", "mask_replace_prob",
        expected: "mask_replace_prob and random_replace_prob to be at most 1 together")
      fields.field("whole_word_mask", &wholeWordMask, .bool, "All pieces of a word are to be guessed, or none.")
      fields.optional(
        "mlm_smoothing", &mlmSmoothing, .number(above: 0),
        "Rare tokens are chosen more often: by their count to minus this power (DistilBERT: 0.7).")
    }
  }
}
