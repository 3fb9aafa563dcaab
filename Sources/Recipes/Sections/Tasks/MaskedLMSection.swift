/// "task": {"type": "masked_lm", …}.
import Datasets
import Tasks

extension MaskedLMSettings: TaskSection {
  var content: RecordContent { .runningText }

  /// DistilBERT's weights (Sanh et al. 2019).
  var distillation: Recipe.Distillation { Recipe.Distillation() }

  mutating func declare(_ fields: Fields) {
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
