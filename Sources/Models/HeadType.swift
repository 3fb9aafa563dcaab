/// The heads that a model can have: what each reads and returns.

public enum HeadType: Sendable {
  /// Logits for every token: BertForTokenClassification.
  case tokenClassification
  /// Logits for every sequence, from [CLS] through the pooler: BertForSequenceClassification.
  case sequenceClassification
  /// Logits over the vocabulary for chosen tokens, by the table of words itself: BertForMaskedLM.
  case maskedLM
}
